/** Prometheus metrics (SPEC 5). Label values come from the configuration, never from requests. */
import type { Config } from '../config/config.ts'
import type { TokenEvent } from '../tokens/events.ts'
import type { AccessRecord, Direction } from './access.ts'
import { configGauges } from './config-metrics.ts'
import type { Exposition } from './exposition.ts'
import { type LiveFigures, liveGauges } from './live-metrics.ts'
import { createRequestMetrics } from './request-metrics.ts'
import { createSeries, type Family, type Series } from './series.ts'

export type Metrics = {
  access(record: AccessRecord): void
  upstream(direction: Direction, durationMs: number): void
  tokenEvent(event: TokenEvent): void
  reloaded(result: 'ok' | 'failed'): void
  configured(config: Config): void
  /** Takes in a metric that is kept elsewhere, before anything is exposed. */
  readonly sampled: (
    type: Family['type'],
    name: string,
    help: string,
    samples: Family['samples'],
  ) => void
  /** From now on a scrape asks this for what is true at the moment. */
  live(read: () => LiveFigures): void
  /** Begins to watch the process itself, too; the admin listener does so when it starts. */
  expose(): Promise<Exposition>
} & Exposition

/** What one proxy counts. */
export function createMetrics(version: string): Metrics {
  const families: Family[] = []
  let exposition: Promise<Exposition> | undefined
  const sampled: Metrics['sampled'] = (type, name, help, samples) => {
    if (exposition !== undefined) throw new Error(`${name} comes too late to be exposed`)
    families.push({ type, name, help, samples })
  }
  const counted = createRequestMetrics()
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
  const series = (type: Family['type'], name: string, help: string): Series => {
    const made = createSeries()
    sampled(type, name, help, made.samples)
    return made
  }
  const tokenRequests = series(
    'counter',
    'scopegate_token_requests_total',
    'Requests made to token endpoints',
  )
  const tokenExpiry = series(
    'gauge',
    'scopegate_token_expiry_timestamp_seconds',
    'When the newest access token of a client ends',
  )
  const keyRequests = series('counter', 'scopegate_jwks_requests_total', 'Fetches of key sets')
  const reloads = series(
    'counter',
    'scopegate_config_reloads_total',
    'Attempts to load a changed configuration',
  )
  // a rise that nobody saw begin is none: an alert needs the zero
  for (const result of ['ok', 'failed'] as const) reloads.set({ result }, 0)
  const lastReload = series(
    'gauge',
    'scopegate_config_last_reload_successful',
    '0 while a configuration that was refused waits to be corrected',
  )
  lastReload.set({}, 1)
  let serving: Config | undefined
  for (const { name, help, samples } of configGauges)
    sampled('gauge', name, help, () => samples(serving))
  sampled('gauge', 'scopegate_build_info', 'Version that runs', () => [
    { labels: { version }, value: 1 },
  ])
  const expose = (): Promise<Exposition> =>
    (exposition ??= import('./exposition.ts').then(({ createExposition }) =>
      createExposition(families),
    ))

  return {
    sampled,
    access: counted.access,
    upstream: counted.upstream,
    tokenEvent(event) {
      switch (event.kind) {
        case 'keys_fetched':
          keyRequests.add({ issuer: event.issuer, result: 'ok' }, 1)
          return
        case 'keys_failed':
          keyRequests.add({ issuer: event.issuer, result: 'failed' }, 1)
          return
        case 'verified_token_cache':
          counted.tokenLookup(event.result)
          return
        case 'token_obtained':
          tokenRequests.add({ client: event.client, result: 'ok' }, 1)
          tokenExpiry.set({ client: event.client }, event.expiresAt)
          return
        case 'token_failed':
          tokenRequests.add({ client: event.client, result: event.code }, 1)
          return
        case 'key_skipped':
        case 'scopes_not_granted':
          return
      }
    },
    reloaded(result) {
      reloads.add({ result }, 1)
      lastReload.set({}, result === 'ok' ? 1 : 0)
    },
    configured(config) {
      serving = config
    },
    live(read) {
      readLive = read
    },
    expose,
    async render(accept) {
      return (await expose()).render(accept)
    },
  }
}
