/** Prometheus metrics (SPEC 5). Label values come from the configuration, never from requests. */
import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client'
import type { Config } from '../config/config.ts'
import type { TokenEvent } from '../tokens/events.ts'
import type { AccessRecord, Direction } from './access.ts'
import { listenerCertificates } from './certificates.ts'
import { type LiveFigures, liveGauges } from './live-metrics.ts'
import { createRequestMetrics, type Sample } from './request-metrics.ts'

export type Metrics = {
  access(record: AccessRecord): void
  upstream(direction: Direction, durationMs: number): void
  tokenEvent(event: TokenEvent): void
  reloaded(result: 'ok' | 'failed'): void
  configured(config: Config): void
  /** Takes in a metric that is kept elsewhere; asked for its values when somebody scrapes. */
  readonly sampled: (
    type: 'counter' | 'gauge' | 'histogram',
    name: string,
    help: string,
    values: () => readonly Sample[],
  ) => void
  /** From now on a scrape asks this for what is true at the moment. */
  live(read: () => LiveFigures): void
  /** Prometheus text, or OpenMetrics when `accept` asks for it. */
  render(accept: string | undefined): Promise<{ contentType: string; text: string }>
}

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

  const counted = createRequestMetrics()
  const sampled: Metrics['sampled'] = (type, name, help, values) => {
    const metric = {
      name,
      help,
      type,
      aggregator: 'sum',
      get: () => ({ name, help, type, values: values(), aggregator: 'sum' }),
    }
    // prom-client asks a metric for `get` and its names, and types it as one of its classes
    registry.registerMetric(metric as unknown as Counter)
  }
  sampled(
    'counter',
    'scopegate_requests_total',
    'Requests answered, by class of status',
    counted.requests,
  )
  sampled(
    'histogram',
    'scopegate_request_duration_seconds',
    'From the request head to the end of the response',
    counted.requestDurations,
  )
  sampled(
    'histogram',
    'scopegate_upstream_duration_seconds',
    'From sending a request to the head of its response',
    counted.upstreamDurations,
  )
  sampled(
    'counter',
    'scopegate_decisions_total',
    'Decisions of inbound by route and reason',
    counted.decisions,
  )
  sampled(
    'counter',
    'scopegate_verified_token_cache_total',
    'Look-ups in the memory of verified tokens',
    counted.tokenLookups,
  )
  let readLive: (() => LiveFigures) | undefined
  for (const { name, help, samples } of liveGauges)
    sampled('gauge', name, help, () => (readLive === undefined ? [] : samples(readLive())))
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
  const reloads = new Counter({
    name: 'scopegate_config_reloads_total',
    help: 'Attempts to load a changed configuration',
    labelNames: ['result'] as const,
    registers,
  })
  const lastReload = new Gauge({
    name: 'scopegate_config_last_reload_successful',
    help: '0 while a configuration that was refused waits to be corrected',
    registers,
  })
  lastReload.set(1)
  // a rise that nobody saw begin is none: an alert needs the zero
  for (const result of ['ok', 'failed'] as const) reloads.inc({ result }, 0)
  const configInfo = new Gauge({
    name: 'scopegate_config_info',
    help: 'SHA-256 of the configuration file that serves',
    labelNames: ['hash'] as const,
    registers,
  })
  const certificateExpiry = new Gauge({
    name: 'scopegate_tls_certificate_expiry_timestamp_seconds',
    help: 'When the certificate of a listener ends',
    labelNames: ['listener'] as const,
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
    sampled,
    access: counted.access,
    upstream: counted.upstream,
    tokenEvent(event) {
      switch (event.kind) {
        case 'keys_fetched':
          keyRequests.inc({ issuer: event.issuer, result: 'ok' })
          return
        case 'keys_failed':
          keyRequests.inc({ issuer: event.issuer, result: 'failed' })
          return
        case 'verified_token_cache':
          counted.tokenLookup(event.result)
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
      lastReload.set(result === 'ok' ? 1 : 0)
    },
    configured(config) {
      configInfo.reset()
      configInfo.set({ hash: config.hash }, 1)
      certificateExpiry.reset()
      for (const { listener, expiresAt } of listenerCertificates(config))
        certificateExpiry.set({ listener }, expiresAt)
      const routes = config.inbound?.routes ?? []
      reportModeRoutes.set(routes.filter((route) => route.mode === 'report').length)
    },
    live(read) {
      readLive = read
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
