/** What GET /status answers and the status page shows: never a token or a secret (SPEC 5). */
import type { ConfigProblem } from '../config/config.ts'
import type { TokenStatus } from '../tokens/cache.ts'
import type { IssuerStatus } from '../tokens/issuers.ts'
import type { SeenDenial } from './denials.ts'
import type { RouteCount } from './route-counts.ts'
import type { ClientCost } from './token-cost.ts'
import type { TrafficBucket } from './traffic.ts'

export type Readiness = { readonly ready: boolean; readonly missing: readonly string[] }

/** ISO 8601, UTC. */
export type IsoTime = string

export type InboundRouteStatus = RouteCount & {
  readonly id: string
  readonly line: number
  readonly mode: 'enforce' | 'report'
  readonly policy: string | undefined
  readonly access: 'public' | 'authenticated' | 'scopes'
  /** Those that a challenge names. */
  readonly scopes: readonly string[] | undefined
  /** In words: `a and (b or c)`. */
  readonly needs: string
}

export type OutboundRouteStatus = RouteCount & {
  readonly id: string
  readonly line: number
  readonly upstream: string
  readonly client: string
  readonly scopes: readonly string[]
}

type Shown<Times extends string, Base> = Omit<Base, Times> & {
  readonly [Name in Times]: IsoTime | undefined
}

export type ShownIssuer = Shown<'fetchedAt' | 'nextFetchAt', IssuerStatus> & {
  readonly ageSeconds: number | undefined
}

export type ShownClient = Shown<'expiresAt' | 'obtainedAt' | 'nextRenewalAt', TokenStatus>

export type ShownDenial = Omit<SeenDenial, 'at'> & { readonly at: IsoTime }

export type Status = {
  readonly version: string
  readonly at: IsoTime
  readonly uptimeSeconds: number
  readonly readiness: Readiness
  /** Where they listen; undefined for one that is not configured. */
  readonly listeners: {
    readonly inbound: string | undefined
    readonly outbound: string | undefined
    readonly admin: string | undefined
  }
  readonly config: {
    readonly file: string
    readonly hash: string
    readonly lastReload:
      | {
          readonly at: IsoTime
          readonly ok: boolean
          readonly problems: readonly ConfigProblem[]
        }
      | undefined
  }
  readonly inbound:
    | { readonly mode: 'enforce' | 'report'; readonly routes: readonly InboundRouteStatus[] }
    | undefined
  readonly outbound: { readonly routes: readonly OutboundRouteStatus[] } | undefined
  readonly reportModeRoutes: readonly string[]
  readonly issuers: readonly ShownIssuer[]
  /** One for each token that is held: a client has as many as its routes ask for different ones. */
  readonly clients: readonly ShownClient[]
  readonly tokenCosts: readonly ClientCost[]
  readonly traffic: {
    readonly bucketSeconds: number
    /** Oldest first; rates a second. */
    readonly buckets: readonly TrafficBucket[]
  }
  /** Newest first. */
  readonly denials: readonly ShownDenial[]
}

/** What would happen to a request (see `src/proxy/explain.ts`). */
export type Explanation =
  /** It is no request that anybody could send. */
  | { readonly kind: 'unreadable'; readonly because: string }
  | {
      readonly kind: 'explained'
      readonly method: string
      readonly target: string
      readonly verdict: Verdict
      readonly route: { readonly id: string; readonly line: number } | undefined
      /** What the route asks for, in words; undefined without a route. */
      readonly needs: string | undefined
      /** What the token must have besides its scopes; taken for granted. */
      readonly provided: readonly string[]
      /** Undefined where none is read. */
      readonly withoutToken: Verdict | undefined
    }

export type Verdict =
  | { readonly kind: 'allow' }
  | {
      readonly kind: 'deny'
      readonly status: number
      readonly code: string
      readonly detail: string
      /** False in report mode: it is forwarded all the same. */
      readonly enforced: boolean
    }
