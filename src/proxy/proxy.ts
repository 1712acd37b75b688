/**
 * Composition root: Config -> start, reload, stop. There is one Config, swapped as a whole; a request keeps
 * the one it began with.
 */
import type { Config, ConfigProblem } from '../config/config.ts'
import type { Admin } from '../ops/admin.ts'
import type { Direction } from '../ops/access.ts'
import type { Log } from '../ops/log.ts'
import type { Metrics } from '../ops/metrics.ts'
import { createSeen } from '../ops/seen.ts'
import type { Readiness, Status } from '../ops/status.ts'
import type { Tracing } from '../ops/tracing.ts'
import { createTokenCache } from '../tokens/cache.ts'
import { createIssuers } from '../tokens/issuers.ts'
import { requestToken } from '../tokens/request.ts'
import { type Clock, type NonEmpty, no, ok, type Random, type Result } from '../units.ts'
import { createDataPath, type DataPathParts } from './data-path.ts'
import { discoverTokenEndpoint } from './discover.ts'
import { drain, systemWait, type Wait } from './drain.ts'
import { firstCallers } from './first-callers.ts'
import { answer, type Exchange } from './exchange.ts'
import { explain } from './explain.ts'
import { createInFlight } from './in-flight.ts'
import { createListener, type Listener, type ListenerHandlers } from './listener.ts'
import { liveFigures } from './live.ts'
import { takeEffect } from './reload.ts'
import { listenerReports, logCertificates, logReload } from './reports.ts'
import { describeStatus, type LastReload } from './status.ts'
import { createTokenReports } from './token-reports.ts'
import { createUpstreams } from './upstreams.ts'
import { grantsOf, problemSettings, upstreamsOf, verifiedIssuers } from './uses.ts'
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
  /** For start and end; the event loop's timers unless a test has its own. */
  readonly wait?: Wait
  /** Undefined = off. */
  readonly tracing?: Tracing | undefined
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
  reload(): Result<string, NonEmpty<ConfigProblem>>
  readiness(): Readiness
  status(): Status
  /** Drains as SPEC 6 says; resolves when everything is closed. The same promise for every call. */
  stop(): Promise<void>
  /** Gives up at once what was begun; for a start that failed. */
  abandon(): Promise<void>
}

/** Puts the parts together; nothing is bound or fetched before `start`. */
export function createProxy(first: Config, deps: ProxyDeps): Proxy {
  const { log, metrics, clock, random, wait = systemWait } = deps
  const trace = deps.tracing?.issuerRequest
  const startedAt = clock()
  const seen = createSeen(clock)
  const upstreams = createUpstreams()
  const webSockets = createWebSockets(clock)
  const inFlight = createInFlight<Exchange>()
  let config = first
  let lastReload: LastReload | undefined
  let addresses: Status['listeners'] = { inbound: undefined, outbound: undefined, admin: undefined }
  let hasBeenReady = false
  let stopping: Promise<void> | undefined

  const { report, used, costs } = createTokenReports({
    ...{ log, metrics, clock },
    prices: () => config.admin.tokenPrices,
    grants: () => tokens.status(),
  })
  const issuers = createIssuers(verifiedIssuers(first), { clock, random, report, trace })
  const tokens = createTokenCache({
    ...{ clock, random, report, used },
    request: (grant, signal) =>
      requestToken(
        grant,
        {
          ...{ clock, report, trace },
          discover: (issuer) => discoverTokenEndpoint(config.issuers, issuer, trace),
        },
        signal,
      ),
  })
  const listeners: Partial<Record<Direction, Listener>> = {}
  const parts: DataPathParts = {
    verify: issuers.verify,
    ...{ tokens, upstreams, webSockets },
    isClosing: (direction) => listeners[direction]?.isClosing() === true,
    inFlight,
    trace: deps.tracing?.exchange,
    report: (record) => {
      metrics.access(record)
      seen.access(record)
      log.access(record)
    },
    reportUpstream: (direction, durationMs) => {
      metrics.upstream(direction, durationMs)
    },
  }
  let path = createDataPath(first, parts)
  if (first.inbound !== undefined)
    listeners.inbound = createListener(first.inbound.listen, first.inbound.limits, {
      ...handlers('inbound'),
      upgrade: (req, res, socket, head) => {
        path.inbound?.upgrade(req, res, socket, head)
      },
    })
  if (first.outbound !== undefined)
    listeners.outbound = createListener(
      first.outbound.listen,
      first.outbound.limits,
      handlers('outbound'),
    )
  let admin: Admin | undefined
  metrics.configured(first)
  metrics.live(() =>
    liveFigures({
      ...{ config, listeners, inFlight: inFlight.all(), upstreams: upstreams.load() },
      ...{ issuers: issuers.status(), tokens: tokens.status() },
    }),
  )
  const offKeysChanged = issuers.onKeysChanged(reviewWebSockets)

  function handlers(direction: Direction): ListenerHandlers {
    return {
      request: (req, res, expectsContinue) => {
        path[direction]?.handle(req, res, expectsContinue)
      },
      ...listenerReports(log, direction),
      problems: () => problemSettings(config, direction),
    }
  }

  function reviewWebSockets(): void {
    const { inbound } = path
    if (inbound !== undefined) void webSockets.review((exchange) => inbound.stillAllows(exchange))
  }

  async function start(): Promise<Result<Addresses, string>> {
    issuers.start()
    tokens.prefetch(grantsOf(config))
    for (const direction of ['inbound', 'outbound'] as const) {
      const bound = await listeners[direction]?.start()
      if (bound?.ok === false) return no(`${direction}.listen: ${bound.problem}`)
    }
    // fastify is a third of what a start takes
    await firstCallers(() => inFlight.all().length > 0, wait)
    const { createAdmin } = await import('../ops/admin.ts')
    admin = createAdmin({
      config: () => config.admin,
      metrics,
      readiness,
      status,
      explain: (request, scopes) => config.inbound && explain(config.inbound, request, scopes),
      reload: () => reload(),
      shutdown: deps.shutdown,
    })
    const bound = await admin.start(config.admin.listen)
    logCertificates(log, config, clock())
    if (!bound.ok) return no(`admin.listen: ${bound.problem}`)
    const found: Addresses = {
      inbound: listeners.inbound?.address(),
      outbound: listeners.outbound?.address(),
      admin: bound.value,
    }
    addresses = found
    return ok(found)
  }

  function reload(): Result<string, NonEmpty<ConfigProblem>> {
    if (stopping !== undefined) return no([tooLate])
    // what was there before counts, whatever this reload adds
    readiness()
    const loaded = deps.load()
    logReload(log, first, loaded)
    metrics.reloaded(loaded.ok ? 'ok' : 'failed')
    lastReload = { at: clock(), ok: loaded.ok, problems: loaded.ok ? [] : loaded.problem }
    if (!loaded.ok) return loaded
    config = takeEffect(first, config, loaded.value)
    log.configure(config.log)
    metrics.configured(config)
    logCertificates(log, config, clock())
    issuers.reload(verifiedIssuers(config))
    tokens.reload(grantsOf(config))
    tokens.prefetch(grantsOf(config))
    path = createDataPath(config, parts)
    upstreams.keepOnly(upstreamsOf(config))
    if (config.inbound !== undefined) listeners.inbound?.configure(config.inbound)
    if (config.outbound !== undefined) listeners.outbound?.configure(config.outbound)
    reviewWebSockets()
    return ok(config.hash)
  }

  function readiness(): Readiness {
    if (stopping !== undefined) return { ready: false, missing: ['shutting down'] }
    if (hasBeenReady) return { ready: true, missing: [] }
    const missing = [
      ...issuers.missing().map((name) => `keys of issuer ${name}`),
      ...tokens.missing().map((name) => `token of client ${name}`),
    ]
    hasBeenReady = missing.length === 0
    return { ready: hasBeenReady, missing }
  }

  function status(): Status {
    return describeStatus({
      version: deps.version,
      startedAt,
      now: clock(),
      config,
      lastReload,
      readiness: readiness(),
      listeners: addresses,
      seen,
      issuers: issuers.status(),
      clients: tokens.status(),
      tokenCosts: costs(),
    })
  }

  async function end(): Promise<void> {
    log.event('info', 'shutting down')
    await drain({
      inbound: listeners.inbound,
      outbound: listeners.outbound,
      ...config.shutdown,
      wait,
      atDeadline: () => {
        log.event('warn', 'shutdown.timeout is over: what is left is cut')
        webSockets.closeAll()
        for (const exchange of inFlight.all())
          if (exchange.record.status !== 101)
            answer(exchange, { code: 'shutting_down', retryAfter: 1 })
      },
    })
    await release()
    log.event('info', 'shut down')
  }

  async function release(): Promise<void> {
    offKeysChanged()
    upstreams.keepOnly([])
    tokens.close()
    await issuers.close()
    await admin?.stop()
  }

  async function abandon(): Promise<void> {
    for (const listener of [listeners.inbound, listeners.outbound]) {
      listener?.destroy()
      await listener?.stop()
    }
    await release()
  }

  return { start, reload, readiness, status, stop: () => (stopping ??= end()), abandon }
}

const tooLate: ConfigProblem = {
  ...{ line: 1, column: 1, key: '' },
  message: 'was not read: the proxy is shutting down',
}
