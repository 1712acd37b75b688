/** The upstream clients of the process, by what their configuration says: a reload keeps those it leaves as they were. */
import { hash } from 'node:crypto'
import type { UpstreamConfig } from '../config/config.ts'
import { createUndiciUpstream } from './undici.ts'
import type { Upstream } from './upstream.ts'

export type Upstreams = {
  /** The client for this upstream; routes with the same upstream share its connections. */
  of(config: UpstreamConfig): Upstream
  /** Closes the clients of all others; what is in flight ends by itself. */
  keepOnly(configs: readonly UpstreamConfig[]): void
}

export function createUpstreams(): Upstreams {
  const clients = new Map<string, Upstream>()
  return {
    of(config) {
      const key = upstreamKey(config)
      const client = clients.get(key) ?? createUndiciUpstream(config)
      clients.set(key, client)
      return client
    },
    keepOnly(configs) {
      const keys = new Set(configs.map(upstreamKey))
      for (const [key, client] of clients) {
        if (keys.has(key)) continue
        clients.delete(key)
        client.close()
      }
    },
  }
}

/** Equal for equal settings; a private key goes in as its digest. Pure. */
export function upstreamKey(config: UpstreamConfig): string {
  const key = config.tls?.key
  return JSON.stringify([config, key === undefined ? '' : hash('sha256', key.reveal())])
}
