/** GET /status: what runs, for people and scripts; never a token or a secret (SPEC 5). */
import type { Config, ConfigProblem, OutboundRoute } from '../config/config.ts'
import type { Route } from '../decision/routes.ts'
import { challengeScopes } from '../decision/scopes.ts'
import type { RouteCounts } from '../ops/route-counts.ts'
import type { Seen } from '../ops/seen.ts'
import type {
  InboundRouteStatus,
  IsoTime,
  OutboundRouteStatus,
  Readiness,
  Status,
} from '../ops/status.ts'
import type { ClientCost } from '../ops/token-cost.ts'
import { bucketSeconds } from '../ops/traffic.ts'
import type { TokenStatus } from '../tokens/cache.ts'
import type { IssuerStatus } from '../tokens/issuers.ts'
import type { EpochSeconds } from '../units.ts'
import { needsOf } from './explain.ts'

export type LastReload = {
  readonly at: EpochSeconds
  readonly ok: boolean
  readonly problems: readonly ConfigProblem[]
}

export type StatusParts = {
  readonly version: string
  readonly startedAt: EpochSeconds
  readonly now: EpochSeconds
  readonly config: Config
  readonly lastReload: LastReload | undefined
  readonly readiness: Readiness
  readonly listeners: Status['listeners']
  readonly seen: Seen
  readonly issuers: readonly IssuerStatus[]
  readonly clients: readonly TokenStatus[]
  readonly tokenCosts: readonly ClientCost[]
}

/** The same parts give the same object. Times are ISO 8601, ages and durations in seconds. */
export function describeStatus(parts: StatusParts): Status {
  const { config, lastReload, now, seen } = parts
  return {
    version: parts.version,
    at: isoTime(now),
    uptimeSeconds: Math.round(now - parts.startedAt),
    readiness: parts.readiness,
    listeners: parts.listeners,
    config: {
      file: config.file,
      hash: config.hash,
      lastReload: lastReload && { ...lastReload, at: isoTime(lastReload.at) },
    },
    inbound: config.inbound && {
      mode: config.inbound.mode,
      routes: config.inbound.routes.map((route) => describeRoute(route, seen.routes)),
    },
    outbound: config.outbound && {
      routes: config.outbound.routes.map((route) => describeUpstream(route, seen.routes)),
    },
    reportModeRoutes: (config.inbound?.routes ?? [])
      .filter((route) => route.mode === 'report')
      .map((route) => route.id),
    issuers: parts.issuers.map(({ fetchedAt, nextFetchAt, ...issuer }) => ({
      ...issuer,
      fetchedAt: isoTimeOf(fetchedAt),
      ageSeconds: fetchedAt === undefined ? undefined : Math.round(now - fetchedAt),
      nextFetchAt: isoTimeOf(nextFetchAt),
    })),
    clients: parts.clients.map(({ expiresAt, obtainedAt, nextRenewalAt, ...client }) => ({
      ...client,
      expiresAt: isoTimeOf(expiresAt),
      obtainedAt: isoTimeOf(obtainedAt),
      nextRenewalAt: isoTimeOf(nextRenewalAt),
    })),
    tokenCosts: parts.tokenCosts,
    traffic: { bucketSeconds, buckets: seen.traffic.buckets() },
    denials: seen.denials.latest().map(({ at, ...denial }) => ({ at: isoTime(at), ...denial })),
  }
}

function describeRoute(route: Route, counts: RouteCounts): InboundRouteStatus {
  const { id, line, access, mode, policy } = route
  return {
    id,
    line,
    mode,
    policy,
    access: access.kind,
    scopes: access.kind === 'scopes' ? challengeScopes(access.need) : undefined,
    needs: needsOf(route),
    ...counts.of('inbound', id),
  }
}

function describeUpstream(route: OutboundRoute, counts: RouteCounts): OutboundRouteStatus {
  const { id, line, grant, upstream } = route
  return {
    id,
    line,
    upstream: upstream.origin + upstream.path,
    client: grant.client.name,
    scopes: grant.scopes,
    ...counts.of('outbound', id),
  }
}

const isoTime = (time: EpochSeconds): IsoTime => new Date(time * 1000).toISOString()

function isoTimeOf(time: EpochSeconds | undefined): IsoTime | undefined {
  return time === undefined ? undefined : isoTime(time)
}
