/** The data path of one configuration; a reload makes another one, on the same parts. */
import type { Config } from '../config/config.ts'
import type { Direction, ReportAccess } from '../ops/access.ts'
import type { TraceExchange } from '../ops/tracing.ts'
import type { TokenCache } from '../tokens/cache.ts'
import type { Exchange, ExchangeSettings } from './exchange.ts'
import type { InFlight } from './in-flight.ts'
import { createInbound, type Inbound, type VerifyToken } from './inbound.ts'
import { createOutbound, type Outbound } from './outbound.ts'
import type { Upstreams } from './upstreams.ts'
import { problemSettings } from './uses.ts'
import type { WebSockets } from './websocket.ts'

export type DataPath = {
  readonly inbound: Inbound | undefined
  readonly outbound: Outbound | undefined
}

/** What outlives a reload. */
export type DataPathParts = {
  readonly verify: VerifyToken
  readonly tokens: TokenCache
  readonly upstreams: Upstreams
  readonly webSockets: WebSockets
  readonly isClosing: (direction: Direction) => boolean
  readonly inFlight: InFlight<Exchange>
  readonly report: ReportAccess
  readonly reportUpstream: (direction: Direction, durationMs: number) => void
  readonly trace: TraceExchange | undefined
}

/** Puts the two directions together, each undefined where the configuration has none. */
export function createDataPath(config: Config, parts: DataPathParts): DataPath {
  const { inbound, outbound } = config
  const { tokens, upstreams, webSockets } = parts
  const exchange = (
    direction: Direction,
    { limits }: { readonly limits: ExchangeSettings['limits'] },
  ): ExchangeSettings => ({
    direction,
    configHash: config.hash,
    problems: problemSettings(config, direction),
    limits,
    isClosing: () => parts.isClosing(direction),
    inFlight: parts.inFlight,
    report: parts.report,
    trace: parts.trace,
    reportUpstream: (durationMs) => {
      parts.reportUpstream(direction, durationMs)
    },
  })
  return {
    inbound:
      inbound &&
      createInbound({
        config: inbound,
        verify: parts.verify,
        upstream: upstreams.of(inbound.upstream),
        webSockets,
        exchange: exchange('inbound', inbound),
      }),
    outbound:
      outbound &&
      createOutbound({
        config: outbound,
        tokens,
        upstreams,
        exchange: exchange('outbound', outbound),
      }),
  }
}
