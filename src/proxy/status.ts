/** GET /status: what runs, for people and scripts; never a token or a secret (SPEC 5). */
import type { Config, ConfigProblem, OutboundRoute } from '../config/config.ts'
import type { Route } from '../decision/routes.ts'
import { challengeScopes } from '../decision/scopes.ts'
import type { Readiness } from '../ops/admin.ts'
import type { RouteCounts } from '../ops/route-counts.ts'
import type { TokenStatus } from '../tokens/cache.ts'
import type { IssuerStatus } from '../tokens/issuers.ts'
import type { EpochSeconds } from '../units.ts'

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
  readonly counts: RouteCounts
  readonly issuers: readonly IssuerStatus[]
  readonly clients: readonly TokenStatus[]
}

/** Pure: the same parts give the same object. Times are ISO 8601, ages and durations in seconds. */
export function describeStatus(parts: StatusParts): object {
  const { config, lastReload, now, counts } = parts
  return {
    version: parts.version,
    uptimeSeconds: Math.round(now - parts.startedAt),
    readiness: parts.readiness,
    config: {
      file: config.file,
      hash: config.hash,
      lastReload: lastReload && { ...lastReload, at: isoTime(lastReload.at) },
    },
    inbound: config.inbound && {
      mode: config.inbound.mode,
      routes: config.inbound.routes.map((route) => describeRoute(route, counts)),
    },
    outbound: config.outbound && {
      routes: config.outbound.routes.map((route) => describeUpstream(route, counts)),
    },
    reportModeRoutes: (config.inbound?.routes ?? [])
      .filter((route) => route.mode === 'report')
      .map((route) => route.id),
    issuers: parts.issuers.map(({ fetchedAt, nextFetchAt, ...issuer }) => ({
      ...issuer,
      fetchedAt: isoTime(fetchedAt),
      ageSeconds: fetchedAt === undefined ? undefined : Math.round(now - fetchedAt),
      nextFetchAt: isoTime(nextFetchAt),
    })),
    clients: parts.clients.map(({ expiresAt, obtainedAt, nextRenewalAt, ...client }) => ({
      ...client,
      expiresAt: isoTime(expiresAt),
      obtainedAt: isoTime(obtainedAt),
      nextRenewalAt: isoTime(nextRenewalAt),
    })),
  }
}

function describeRoute(route: Route, counts: RouteCounts): object {
  const { id, line, access, mode, policy } = route
  return {
    id,
    line,
    mode,
    policy,
    access: access.kind,
    scopes: access.kind === 'scopes' ? challengeScopes(access.need) : undefined,
    ...counts.of('inbound', id),
  }
}

function describeUpstream(route: OutboundRoute, counts: RouteCounts): object {
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

function isoTime(time: EpochSeconds | undefined): string | undefined {
  return time === undefined ? undefined : new Date(time * 1000).toISOString()
}
