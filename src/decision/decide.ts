/** (route or none, token or none) -> Decision. Pure. SPEC 3, order of decisions. */
import type { EpochSeconds, Result } from '../units.ts'
import { holds, type Claims } from './claims.ts'
import type { Condition, Mode, Route } from './routes.ts'
import { meets, type ScopeNeed } from './scopes.ts'
import type { Found } from './table.ts'
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
  | {
      readonly kind: 'allow'
      /** Undefined for a preflight request that `allowPreflight` lets through. */
      readonly route: Route | undefined
      readonly token: VerifiedToken | undefined
    }
  | {
      readonly kind: 'deny'
      readonly denial: Denial
      /** The owner, when there is one. */
      readonly route: Route | undefined
      /** False: the route has the path, but does not list the method or is written in another case. */
      readonly isListed: boolean
      readonly token: VerifiedToken | undefined
    }

/** What `allowPreflight` lets through: a CORS preflight, which browsers send without a token. */
export const allowedPreflight: Decision = { kind: 'allow', route: undefined, token: undefined }

export type TokenResult = Result<VerifiedToken, TokenDenial>

/**
 * Decides on a request whose path was read, in the order of SPEC 3: public; token (401); route,
 * method (403); issuer, scopes, clients, claims (403).
 *
 * Pure. `token` undefined means that none was read: right for a public route, `missing_token` for
 * any other, so that an anonymous caller never learns which routes exist.
 */
export function decide(found: Found, token: TokenResult | undefined): Decision {
  if (found.kind === 'route' && found.route.access.kind === 'public')
    return { kind: 'allow', route: found.route, token: undefined }
  if (token === undefined) return deny(found, { code: 'missing_token' })
  if (!token.ok) return deny(found, token.problem)
  if (found.kind === 'none')
    return deny(found, { code: 'no_route', because: 'no route has this path' }, token.value)
  if (found.kind === 'not_listed')
    return deny(found, { code: 'no_route', because: found.because }, token.value)
  const denial = judge(found.route, token.value)
  if (denial !== undefined) return deny(found, denial, token.value)
  return { kind: 'allow', route: found.route, token: token.value }
}

/**
 * Whether a decision is carried out, or only reported (SPEC 2). Pure.
 * A request that no route lists is let through only where both the listener and the route that has its path say so:
 * a route in report mode opens what it lists, and no other method.
 */
export function modeOf(decision: Decision, listener: Mode): Mode {
  const { route } = decision
  if (route === undefined) return listener
  const isOwn = decision.kind === 'allow' || decision.isListed
  return isOwn || listener === 'report' ? route.mode : 'enforce'
}

function judge(route: Route, token: VerifiedToken): RouteDenial | undefined {
  const { access, conditions } = route
  const fails = (kind: Condition['kind']) =>
    conditions.find((condition) => condition.kind === kind && !isMet(condition, token))
  if (fails('issuer')) return { code: 'issuer_not_allowed' }
  if (access.kind === 'scopes' && !meets(access.need, token.scopes))
    return { code: 'insufficient_scope', need: access.need }
  if (fails('client')) return { code: 'client_not_allowed' }
  const claim = fails('claim')
  return claim?.kind === 'claim' ? { code: 'claim_mismatch', claim: claim.rule.claim } : undefined
}

function isMet(condition: Condition, token: VerifiedToken): boolean {
  switch (condition.kind) {
    case 'issuer':
      return condition.names.includes(token.issuerName)
    case 'client':
      return token.clientId !== undefined && condition.ids.includes(token.clientId)
    case 'claim':
      return holds(condition.rule, token.claims)
  }
}

function deny(found: Found, denial: Denial, token?: VerifiedToken): Decision {
  const isListed = found.kind === 'route'
  const route = isListed ? found.route : found.kind === 'none' ? undefined : found.owner
  return { kind: 'deny', denial, route, isListed, token }
}
