/** Prometheus metrics (SPEC 5). Label values come from the configuration, never from requests. */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Config } from '../config/config.ts'
import type { TokenEvent } from '../tokens/events.ts'
import type { AccessRecord, Direction } from './access.ts'

export type Metrics = {
  access(record: AccessRecord): void
  upstream(direction: Direction, durationMs: number): void
  tokenEvent(event: TokenEvent): void
  reloaded(result: 'ok' | 'failed'): void
  configured(config: Config): void
  /** Prometheus text, or OpenMetrics when `accept` asks for it. */
  render(accept: string | undefined): Promise<{ contentType: string; text: string }>
}

const durations = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

/** Names of prom-client's defaults that `promtool check metrics` refuses: gauges that end in `_total`. */
const unfit = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
]

/** One registry of its own for each proxy. */
export function createMetrics(version: string): Metrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  for (const name of unfit) registry.removeSingleMetric(name)

  const requests = new Counter({
    name: 'scopegate_requests_total',
    help: 'Requests answered, by class of status',
    labelNames: ['direction', 'route', 'status'] as const,
    registers,
  })
  const requestDuration = new Histogram({
    name: 'scopegate_request_duration_seconds',
    help: 'From the request head to the end of the response',
    labelNames: ['direction', 'route'] as const,
    buckets: durations,
    registers,
  })
  const upstreamDuration = new Histogram({
    name: 'scopegate_upstream_duration_seconds',
    help: 'From sending a request to the head of its response',
    labelNames: ['direction'] as const,
    buckets: durations,
    registers,
  })
  const decisions = new Counter({
    name: 'scopegate_decisions_total',
    help: 'Decisions of inbound by route and reason',
    labelNames: ['route', 'decision', 'reason', 'enforced'] as const,
    registers,
  })
  const tokenRequests = new Counter({
    name: 'scopegate_token_requests_total',
    help: 'Requests made to token endpoints',
    labelNames: ['client', 'result'] as const,
    registers,
  })
  const tokenExpiry = new Gauge({
    name: 'scopegate_token_expiry_timestamp_seconds',
    help: 'When the newest access token of a client ends',
    labelNames: ['client'] as const,
    registers,
  })
  const keyRequests = new Counter({
    name: 'scopegate_jwks_requests_total',
    help: 'Fetches of key sets',
    labelNames: ['issuer', 'result'] as const,
    registers,
  })
  const verifiedTokens = new Counter({
    name: 'scopegate_verified_token_cache_total',
    help: 'Look-ups in the memory of verified tokens',
    labelNames: ['result'] as const,
    registers,
  })
  const reloads = new Counter({
    name: 'scopegate_config_reloads_total',
    help: 'Attempts to load a changed configuration',
    labelNames: ['result'] as const,
    registers,
  })
  const configInfo = new Gauge({
    name: 'scopegate_config_info',
    help: 'SHA-256 of the configuration file that serves',
    labelNames: ['hash'] as const,
    registers,
  })
  const reportModeRoutes = new Gauge({
    name: 'scopegate_report_mode_routes',
    help: 'Routes whose decisions are reported only, not enforced',
    registers,
  })
  new Gauge({
    name: 'scopegate_build_info',
    help: 'Version that runs',
    labelNames: ['version'] as const,
    registers,
  }).set({ version }, 1)

  return {
    access(record) {
      const { direction, decision } = record
      const route = record.route ?? 'none'
      requests.inc({ direction, route, status: `${Math.floor(record.status / 100)}xx` })
      requestDuration.observe({ direction, route }, record.durationMs / 1000)
      if (direction === 'inbound' && decision !== undefined)
        decisions.inc({
          route,
          decision,
          reason: decision === 'deny' ? (record.reason ?? 'none') : 'none',
          enforced: String(record.enforced),
        })
    },
    upstream(direction, durationMs) {
      upstreamDuration.observe({ direction }, durationMs / 1000)
    },
    tokenEvent(event) {
      switch (event.kind) {
        case 'keys_fetched':
          keyRequests.inc({ issuer: event.issuer, result: 'ok' })
          return
        case 'keys_failed':
          keyRequests.inc({ issuer: event.issuer, result: 'failed' })
          return
        case 'verified_token_cache':
          verifiedTokens.inc({ result: event.result })
          return
        case 'token_obtained':
          tokenRequests.inc({ client: event.client, result: 'ok' })
          tokenExpiry.set({ client: event.client }, event.expiresAt)
          return
        case 'token_failed':
          tokenRequests.inc({ client: event.client, result: event.code })
          return
        case 'key_skipped':
        case 'scopes_not_granted':
          return
      }
    },
    reloaded(result) {
      reloads.inc({ result })
    },
    configured(config) {
      configInfo.reset()
      configInfo.set({ hash: config.hash }, 1)
      const routes = config.inbound?.routes ?? []
      reportModeRoutes.set(routes.filter((route) => route.mode === 'report').length)
    },
    async render(accept) {
      const text = await registry.metrics()
      return accept?.includes('application/openmetrics-text') === true
        ? { contentType: Registry.OPENMETRICS_CONTENT_TYPE, text: openMetrics(text) }
        : { contentType: Registry.PROMETHEUS_CONTENT_TYPE, text }
    },
  }
}

/**
 * Prometheus text as OpenMetrics 1.0: counters are named without `_total` in their head, there are no empty
 * lines, and an end. Our own, since prom-client 15.1 renames its counters for good when it is asked for it.
 */
function openMetrics(text: string): string {
  return `${text
    .replace(/^(# HELP \S+)_total (.*\n# TYPE \S+)_total counter$/gm, '$1 $2 counter')
    .replace(/\n{2,}/g, '\n')}# EOF\n`
}
