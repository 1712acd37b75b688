/** What a scrape of /metrics is told of the moment; put together when one asks. */
import type { Config } from '../config/config.ts'
import type { Direction } from '../ops/access.ts'
import type { LiveFigures } from '../ops/live-metrics.ts'
import type { TokenStatus } from '../tokens/cache.ts'
import type { IssuerStatus } from '../tokens/issuers.ts'
import type { Exchange } from './exchange.ts'
import type { Listener } from './listener.ts'
import type { UpstreamLoad } from './upstreams.ts'
import { verifiedIssuers } from './uses.ts'

export type LiveParts = {
  readonly config: Config
  readonly listeners: Readonly<Partial<Record<Direction, Listener>>>
  readonly inFlight: readonly Exchange[]
  readonly upstreams: readonly UpstreamLoad[]
  readonly issuers: readonly IssuerStatus[]
  readonly tokens: readonly TokenStatus[]
}

/** Pure but for the listeners, which are counted. Keys from a file have no age, and are left out. */
export function liveFigures(parts: LiveParts): LiveFigures {
  const { config, listeners, inFlight, upstreams, issuers, tokens } = parts
  return {
    listeners: (['inbound', 'outbound'] as const).flatMap((direction) => {
      const listener = listeners[direction]
      const section = config[direction]
      if (!listener || !section) return []
      return [
        {
          direction,
          requests: inFlight.filter(({ record }) => record.direction === direction).length,
          connections: listener.connections(),
          limit: section.limits.maxConnections,
        },
      ]
    }),
    upstreams,
    keys: verifiedIssuers(config)
      .filter(({ keys }) => keys.kind !== 'file')
      .map(({ name, jwksMaxAge, jwksMaxStale }) => ({
        issuer: name,
        maxAge: jwksMaxAge,
        maxStale: jwksMaxStale,
        fetchedAt: issuers.find((issuer) => issuer.name === name)?.fetchedAt,
      })),
    tokens,
  }
}
