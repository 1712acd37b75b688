/**
 * Composition root: Config -> start, reload, stop. There is one Config, swapped as a whole; a request keeps
 * the one it began with.
 */
import type { Config, ConfigProblem } from '../config/config.ts'
import { createAdmin, type Readiness } from '../ops/admin.ts'
import type { Direction } from '../ops/access.ts'
import type { Log } from '../ops/log.ts'
import type { Metrics } from '../ops/metrics.ts'
import { createRouteCounts } from '../ops/route-counts.ts'
import { createTokenCache } from '../tokens/cache.ts'
import type { TokenEvent } from '../tokens/events.ts'
import { createIssuers } from '../tokens/issuers.ts'
import { requestToken } from '../tokens/request.ts'
import type { Grant } from '../tokens/settings.ts'
import { no, ok, type Clock, type NonEmpty, type Random, type Result } from '../units.ts'
import { bindAdmin } from './bind-admin.ts'
import { discoverTokenEndpoint } from './discover.ts'
import { drain } from './drain.ts'
import type { ExchangeSettings } from './exchange.ts'
import { createInbound, type Inbound } from './inbound.ts'
import { createListener, type Listener } from './listener.ts'
import { createOutbound, type Outbound } from './outbound.ts'
import { logReload, logTokenEvent, restartNeeded } from './reports.ts'
import { describeStatus, type LastReload } from './status.ts'
import { createUpstreams } from './upstreams.ts'
import { createWebSockets } from './websocket.ts'

export type ProxyDeps = {
  readonly version: string
  readonly log: Log
  readonly metrics: Metrics
  readonly clock: Clock
  readonly random: Random
  /** Reads the configuration again; nothing is served from it before it is whole. */
  readonly load: () => Result<Config, NonEmpty<ConfigProblem>>
  /** Called for `POST /shutdown`. */
  readonly shutdown: () => void
}

export type Addresses = {
  readonly inbound: string | undefined
  readonly outbound: string | undefined
  readonly admin: string
}

export type Proxy = {
  /** Binds every listener, or tells why one cannot be bound. */
  start(): Promise<Result<Addresses, string>>
  /** The new hash, or every problem; a refused configuration changes nothing. */
  reload(): Promise<Result<string, NonEmpty<ConfigProblem>>>
  readiness(): Readiness
  status(): object
  /** Drains as SPEC 6 says; resolves when everything is closed. */
  stop(): Promise<void>
}

/** Puts the parts together; nothing is bound or fetched before `start`. */
export function createProxy(first: Config, deps: ProxyDeps): Proxy {
  const { log, metrics, clock, random } = deps
  const startedAt = clock()
  const counts = createRouteCounts()
  const upstreams = createUpstreams()
  const webSockets = createWebSockets(clock)
  let config = first
  let lastReload: LastReload | undefined
  let hasBeenReady = false
  let stopping: Promise<void> | undefined

  const report = (event: TokenEvent): void => {
    metrics.tokenEvent(event)
    logTokenEvent(log, event)
  }
  const issuers = createIssuers(first.issuers, { clock, random, report })
  const tokens = createTokenCache({
    clock,
    random,
    report,
    request: (grant, signal) =>
      requestToken(
        grant,
        { clock, report, discover: (issuer) => discoverTokenEndpoint(config.issuers, issuer) },
        signal,
      ),
  })

  const exchangeSettings = (from: Config, direction: Direction): ExchangeSettings => ({
    direction,
    configHash: from.hash,
    report: (record) => {
      metrics.access(record)
      counts.count(record)
      log.access(record)
    },
    problems: {
      realm: direction === 'inbound' ? from.inbound?.realm : undefined,
      problemTypes: from.inbound?.problemTypes,
    },
    bodyIdleTimeout: (from[direction] ?? first.admin).limits.bodyIdleTimeout,
    maxBodyBytes: undefined,
    isClosing: () => listeners[direction]?.isClosing() === true,
  })
  return undefined as never
}
