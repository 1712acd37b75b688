/** The upstream clients of the process, by what their configuration says: a reload keeps those it leaves as they were. */
import { hash } from 'node:crypto'
import type { UpstreamConfig } from '../config/config.ts'
import { openHttp1Line } from './http1-line.ts'
import { openUndiciLine } from './undici.ts'
import { createPool } from './upstream-pool.ts'
import type { Upstream } from './upstream.ts'

export type Upstreams = {
  /** The client for this upstream; routes with the same upstream share its connections. */
  of(config: UpstreamConfig): Upstream
  /** Closes the clients of all others; what is in flight ends by itself. */
  keepOnly(configs: readonly UpstreamConfig[]): void
  /** How busy each is; an origin comes more than once where its settings differ. */
  load(): readonly UpstreamLoad[]
}

export type UpstreamLoad = {
  readonly origin: string
  /** Connections that serve a request, and how many there may be. */
  readonly busy: number
  readonly limit: number
}

export function createUpstreams(): Upstreams {
  const clients = new Map<string, { readonly client: Upstream; readonly config: UpstreamConfig }>()
  return {
    of(config) {
      const key = upstreamKey(config)
      const known = clients.get(key)
      if (known !== undefined) return known.client
      const client = createUpstream(config)
      clients.set(key, { client, config })
      return client
    },
    keepOnly(configs) {
      const keys = new Set(configs.map(upstreamKey))
      for (const [key, { client }] of clients) {
        if (keys.has(key)) continue
        clients.delete(key)
        client.close()
      }
    },
    load: () =>
      [...clients.values()].map(({ client, config: { origin, connections } }) => ({
        origin,
        busy: client.busy(),
        limit: connections,
      })),
  }
}

function createUpstream(config: UpstreamConfig): Upstream {
  return createPool(config, config.client === 'undici' ? openUndiciLine : openHttp1Line)
}

/** Equal for equal settings; a private key goes in as its digest. Pure. */
export function upstreamKey(config: UpstreamConfig): string {
  const key = config.tls?.key
  return JSON.stringify([config, key === undefined ? '' : hash('sha256', key.reveal())])
}
