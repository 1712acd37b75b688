/**
 * What is counted of each request. Counters are plain numbers found by the route's id, and become Prometheus
 * samples when somebody asks: prom-client would look five sets of labels up for each request (docs/performance.md).
 */
import type { AccessRecord, Direction } from './access.ts'
import type { Sample } from './series.ts'

export type RequestMetrics = {
  readonly access: (record: AccessRecord) => void
  readonly upstream: (direction: Direction, durationMs: number) => void
  readonly tokenLookup: (result: 'hit' | 'miss') => void
  readonly requests: () => readonly Sample[]
  readonly requestDurations: () => readonly Sample[]
  readonly upstreamDurations: () => readonly Sample[]
  readonly decisions: () => readonly Sample[]
  readonly tokenLookups: () => readonly Sample[]
}

/** Seconds. */
const bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

type Durations = { readonly counts: number[]; sum: number }

type Series = {
  readonly direction: Direction
  readonly route: string
  /** By class of status. */
  readonly statuses: number[]
  readonly durations: Durations
  /** By `decision reason enforced`. */
  readonly decisions: Map<string, number>
  allowed: number
}

/** Holds as many series as configurations had routes, and one for requests without. */
export function createRequestMetrics(): RequestMetrics {
  const series = {
    inbound: new Map<string | undefined, Series>(),
    outbound: new Map<string | undefined, Series>(),
  }
  const upstreams: Record<Direction, Durations> = {
    inbound: noDurations(),
    outbound: noDurations(),
  }
  const lookups = { hit: 0, miss: 0 }

  function seriesOf(direction: Direction, route: string | undefined): Series {
    const known = series[direction].get(route)
    if (known !== undefined) return known
    const made: Series = {
      ...{ direction, route: route ?? 'none', statuses: [0, 0, 0, 0, 0, 0] },
      ...{ durations: noDurations(), decisions: new Map(), allowed: 0 },
    }
    series[direction].set(route, made)
    return made
  }

  const all = (): Series[] => [...series.inbound.values(), ...series.outbound.values()]

  return {
    access(record) {
      const { direction, decision } = record
      const one = seriesOf(direction, record.route)
      const status = Math.floor(record.status / 100)
      one.statuses[status] = (one.statuses[status] as number) + 1
      observe(one.durations, record.durationMs)
      if (direction !== 'inbound' || decision === undefined) return
      if (decision === 'allow' && record.enforced) {
        one.allowed += 1
        return
      }
      const reason = decision === 'deny' ? (record.reason ?? 'none') : 'none'
      const key = `${decision} ${reason} ${String(record.enforced)}`
      one.decisions.set(key, (one.decisions.get(key) ?? 0) + 1)
    },
    upstream(direction, durationMs) {
      observe(upstreams[direction], durationMs)
    },
    tokenLookup(result) {
      lookups[result] += 1
    },
    requests: () =>
      all().flatMap(({ direction, route, statuses }) =>
        statuses.flatMap((value, status) =>
          value === 0 ? [] : [{ labels: { direction, route, status: `${status}xx` }, value }],
        ),
      ),
    requestDurations: () =>
      all().flatMap(({ direction, route, durations }) =>
        histogram('scopegate_request_duration_seconds', { direction, route }, durations),
      ),
    upstreamDurations: () =>
      (['inbound', 'outbound'] as const)
        .filter((direction) => upstreams[direction].counts.some((count) => count > 0))
        .flatMap((direction) =>
          histogram('scopegate_upstream_duration_seconds', { direction }, upstreams[direction]),
        ),
    decisions: () =>
      all().flatMap(({ route, allowed, decisions }) => {
        const entries: readonly (readonly [string, number])[] = [
          ['allow none true', allowed],
          ...decisions,
        ]
        return entries.flatMap(([key, value]) => {
          const [decision = '', reason = '', enforced = ''] = key.split(' ')
          return value === 0 ? [] : [{ labels: { route, decision, reason, enforced }, value }]
        })
      }),
    tokenLookups: () =>
      (['hit', 'miss'] as const).flatMap((result) =>
        lookups[result] === 0 ? [] : [{ labels: { result }, value: lookups[result] }],
      ),
  }
}

function noDurations(): Durations {
  return { counts: Array.from({ length: bounds.length + 1 }, () => 0), sum: 0 }
}

function observe(durations: Durations, durationMs: number): void {
  const seconds = durationMs / 1000
  let at = 0
  while (at < bounds.length && seconds > (bounds[at] as number)) at += 1
  durations.counts[at] = (durations.counts[at] as number) + 1
  durations.sum += seconds
}

/** Buckets count everything up to their bound. */
function histogram(
  name: string,
  labels: Readonly<Record<string, string>>,
  { counts, sum }: Durations,
): Sample[] {
  let value = 0
  const buckets = [...bounds, '+Inf'].map((le, at) => {
    value += counts[at] as number
    return { metricName: `${name}_bucket`, labels: { le, ...labels }, value }
  })
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels, value: sum },
    { metricName: `${name}_count`, labels, value },
  ]
}
