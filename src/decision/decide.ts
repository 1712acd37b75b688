/** (route or none, token or none) -> Decision. Pure. SPEC 3, order of decisions. */
import type { EpochSeconds, Result } from '../units.ts'
import type { Claims } from './claims.ts'
import type { Route } from './routes.ts'
import type { ScopeNeed } from './scopes.ts'
import type { InvalidPath } from './target.ts'

export type VerifiedToken = {
  /** The `iss` claim. */
  readonly issuer: string
  /** The issuer's name in the configuration. */
  readonly issuerName: string
  /** The first of `clientClaims`; undefined when the token has none. */
  readonly clientId: string | undefined
  readonly scopes: ReadonlySet<string>
  readonly claims: Claims
  readonly expiresAt: EpochSeconds
}

/** What an unverified token says of itself: for the log line of a refusal only. */
export type Claimed = {
  readonly iss?: string
  readonly clientId?: string
  readonly kid?: string
  readonly exp?: number
}

/** Why a presented token does not count. */
export type TokenDenial =
  | { readonly code: 'missing_token' }
  | {
      readonly code: 'invalid_token'
      /** fixed words, never token content */ readonly because: string
      readonly claimed?: Claimed
    }
  | {
      readonly code: 'issuer_unavailable'
      readonly issuerName: string
      readonly retryAfter: number
    }

export type RouteDenial =
  | { readonly code: 'no_route'; readonly because: string }
  | { readonly code: 'issuer_not_allowed' }
  | { readonly code: 'client_not_allowed' }
  | { readonly code: 'claim_mismatch'; readonly claim: string }
  | { readonly code: 'insufficient_scope'; readonly need: ScopeNeed }
  | { readonly code: 'invalid_claim_value'; readonly header: string }
  | { readonly code: 'upgrade_not_allowed' }

/** Every "no" carries a stable code and just the facts that its answer needs. */
export type Denial = InvalidPath | TokenDenial | RouteDenial

export type Decision =
  | { readonly kind: 'allow'; readonly route: Route; readonly token: VerifiedToken | undefined }
  | {
      readonly kind: 'deny'
      readonly denial: Denial
      /** The owner, when there is one. */
      readonly route: Route | undefined
      readonly token: VerifiedToken | undefined
    }

export type TokenResult = Result<VerifiedToken, TokenDenial>
