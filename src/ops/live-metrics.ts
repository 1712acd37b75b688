/**
 * What is true at the moment of a scrape: how busy listeners and upstreams are, how old keys are, how long tokens live.
 * Nothing of it is kept up to date as requests pass; it is read when somebody asks.
 */
import type { EpochSeconds, Milliseconds } from '../units.ts'
import type { Direction } from './access.ts'
import type { Sample } from './series.ts'

export type LiveFigures = {
  readonly listeners: readonly {
    readonly direction: Direction
    readonly requests: number
    readonly connections: number
    readonly limit: number
  }[]
  readonly upstreams: readonly {
    readonly origin: string
    readonly busy: number
    readonly limit: number
  }[]
  readonly keys: readonly {
    readonly issuer: string
    readonly maxAge: Milliseconds
    readonly maxStale: Milliseconds
    /** Undefined = never. */
    readonly fetchedAt: EpochSeconds | undefined
  }[]
  /** One for each different grant. */
  readonly tokens: readonly {
    readonly client: string
    readonly obtainedAt: EpochSeconds | undefined
    readonly expiresAt: EpochSeconds | undefined
  }[]
}

export type LiveGauge = {
  readonly name: string
  readonly help: string
  /** Pure. */
  readonly samples: (figures: LiveFigures) => readonly Sample[]
}

export const liveGauges: readonly LiveGauge[] = [
  {
    name: 'scopegate_requests_in_flight',
    help: 'Requests whose response is not over, open WebSockets among them',
    samples: ({ listeners }) =>
      listeners.map(({ direction, requests }) => sample({ direction }, requests)),
  },
  {
    name: 'scopegate_connections',
    help: 'Open connections of a listener',
    samples: ({ listeners }) =>
      listeners.map(({ direction, connections }) => sample({ direction }, connections)),
  },
  {
    name: 'scopegate_connections_limit',
    help: 'How many connections a listener may have open, from limits.maxConnections',
    samples: ({ listeners }) =>
      listeners.map(({ direction, limit }) => sample({ direction }, limit)),
  },
  {
    name: 'scopegate_upstream_connections',
    help: 'Connections to an upstream that serve a request',
    samples: ({ upstreams }) =>
      sums(
        upstreams.map(({ origin, busy }) => [origin, busy] as const),
        'upstream',
      ),
  },
  {
    name: 'scopegate_upstream_connections_limit',
    help: 'How many connections there may be to an upstream',
    samples: ({ upstreams }) =>
      sums(
        upstreams.map(({ origin, limit }) => [origin, limit] as const),
        'upstream',
      ),
  },
  {
    name: 'scopegate_jwks_last_success_timestamp_seconds',
    help: 'When the last successful fetch of a key set began',
    samples: ({ keys }) =>
      keys.flatMap(({ issuer, fetchedAt }) =>
        fetchedAt === undefined ? [] : [sample({ issuer }, fetchedAt)],
      ),
  },
  {
    name: 'scopegate_jwks_max_age_seconds',
    help: 'After how long keys are fetched again, from jwksMaxAge',
    samples: ({ keys }) => keys.map(({ issuer, maxAge }) => sample({ issuer }, maxAge / 1000)),
  },
  {
    name: 'scopegate_jwks_max_stale_seconds',
    help: 'After how long keys are used no more, from jwksMaxStale',
    samples: ({ keys }) => keys.map(({ issuer, maxStale }) => sample({ issuer }, maxStale / 1000)),
  },
  {
    name: 'scopegate_token_grants',
    help: 'Different access tokens that a client needs, by scopes and audience',
    samples: ({ tokens }) =>
      sums(
        tokens.map(({ client }) => [client, 1] as const),
        'client',
      ),
  },
  {
    name: 'scopegate_token_lifetime_seconds',
    help: 'Life of the access tokens of a client that are held, the shortest',
    samples: ({ tokens }) => shortest(tokens).map(([client, life]) => sample({ client }, life)),
  },
]

function sample(labels: Sample['labels'], value: number): Sample {
  return { labels, value }
}

function sums(entries: readonly (readonly [string, number])[], label: string): readonly Sample[] {
  const total = new Map<string, number>()
  for (const [name, value] of entries) total.set(name, (total.get(name) ?? 0) + value)
  return [...total].map(([name, value]) => sample({ [label]: name }, value))
}

function shortest(tokens: LiveFigures['tokens']): readonly (readonly [string, number])[] {
  const lives = new Map<string, number>()
  for (const { client, obtainedAt, expiresAt } of tokens) {
    if (obtainedAt === undefined || expiresAt === undefined) continue
    lives.set(client, Math.min(lives.get(client) ?? Infinity, expiresAt - obtainedAt))
  }
  return [...lives]
}
