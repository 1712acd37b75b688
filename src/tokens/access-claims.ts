/** Whether a token's claims make it an access token of its issuer that is valid now (SPEC 3). Pure. */
import { holds, readClaim, type Claims } from '../decision/claims.ts'
import type { VerifiedToken } from '../decision/decide.ts'
import { no, ok, type EpochSeconds, type Result } from '../units.ts'
import type { IssuerSettings } from './settings.ts'

/** A token whose claims are in order, from `notBefore` on and until, not including, `notAfter`. */
export type JudgedClaims = {
  readonly token: VerifiedToken
  /** Both hold `clockTolerance` already. */
  readonly notBefore: EpochSeconds
  readonly notAfter: EpochSeconds
}

/** The problem is fixed words. The `iss` claim is known to be one of `settings.issuers`. */
export function judgeClaims(
  claims: Claims,
  settings: IssuerSettings,
  now: EpochSeconds,
): Result<JudgedClaims, string> {
  const times = judgeTimes(claims, settings, now)
  if (!times.ok) return times
  const { expiresAt, notBefore, notAfter } = times.value
  const use = refuseUse(claims, settings.kind)
  if (use !== undefined) return no(use)
  if (!isForAudience(claims, settings)) return no('the audience is not accepted')
  const clientId = readClientId(claims, settings.clientClaims)
  if (settings.clientIds !== undefined && !settings.clientIds.some((id) => id === clientId))
    return no('the client is not accepted')
  if (!settings.claims.every((rule) => holds(rule, claims)))
    return no('a claim that the issuer must set does not hold')
  const issuer = claims.iss as string
  const scopes = readScopes(claims, settings.scopeClaims)
  const token = { issuer, issuerName: settings.name, clientId, scopes, claims, expiresAt }
  return ok({ token, notBefore, notAfter })
}

function judgeTimes(
  { exp, nbf, iat }: Claims,
  settings: IssuerSettings,
  now: EpochSeconds,
): Result<{ expiresAt: EpochSeconds; notBefore: EpochSeconds; notAfter: EpochSeconds }, string> {
  if (!isTime(exp)) return no('exp is missing or not a number')
  if (nbf !== undefined && !isTime(nbf)) return no('nbf is not a number')
  if (iat !== undefined && !isTime(iat)) return no('iat is not a number')
  const tolerance = settings.clockTolerance / 1000
  const notAfter = (exp + tolerance) as EpochSeconds
  const notBefore = (Math.max(nbf ?? -Infinity, iat ?? -Infinity) - tolerance) as EpochSeconds
  if (now >= notAfter) return no('the token has expired')
  if (now < notBefore) return no('the token is not valid yet')
  if (exp - (iat ?? now) > settings.maxTokenLifetime / 1000)
    return no('the token lives longer than is accepted')
  return ok({ expiresAt: exp, notBefore, notAfter })
}

/** JSON has no infinity, but 1e400 becomes one. */
function isTime(value: unknown): value is EpochSeconds {
  return typeof value === 'number' && Number.isFinite(value)
}

/** An ID token is addressed to the client and says who signed in; it opens nothing here. */
function refuseUse(claims: Claims, kind: IssuerSettings['kind']): string | undefined {
  if (kind === 'pool') {
    if (claims.token_use !== 'access') return 'token_use is not access'
    return typeof claims.client_id === 'string' ? undefined : 'client_id is missing'
  }
  const isIdToken =
    claims.token_use === 'id' || Object.hasOwn(claims, 'at_hash') || Object.hasOwn(claims, 'c_hash')
  return isIdToken ? 'it is an ID token' : undefined
}

/** RFC 7519 §4.1.3: `aud` is a string or a list of strings; anything else is for nobody. */
function isForAudience(claims: Claims, { audience, kind }: IssuerSettings): boolean {
  if (audience === 'any') return true
  const named = claims.aud === undefined && kind === 'pool' ? claims.client_id : claims.aud
  const list: readonly unknown[] = Array.isArray(named) ? named : [named]
  return (
    list.every((item) => typeof item === 'string') && audience.some((name) => list.includes(name))
  )
}

function readClientId(claims: Claims, names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = readClaim(claims, name)
    if (typeof value === 'string' && value !== '') return value
  }
  return undefined
}

/** The first claim that is there decides; a type that is none of the two grants nothing. */
function readScopes(claims: Claims, names: readonly string[]): ReadonlySet<string> {
  for (const name of names) {
    const value = readClaim(claims, name)
    if (value !== undefined) return new Set(scopeNames(value))
  }
  return new Set()
}

function scopeNames(value: unknown): readonly string[] {
  if (typeof value === 'string') return value.split(' ').filter((name) => name !== '')
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) return []
  // joined by spaces for the upstream, a name with a space in it would become two
  return value.filter((name) => name !== '' && !name.includes(' '))
}
