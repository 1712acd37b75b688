/** What can be known of a token without keys and without a network: all but its signature. Pure. */
import type { Claimed, TokenResult } from '../decision/decide.ts'
import type { Claims } from '../decision/claims.ts'
import { type EpochSeconds, no, ok } from '../units.ts'
import { judgeClaims } from './access-claims.ts'
import { claimedBy, parseCompact } from './compact.ts'
import type { IssuerSettings } from './settings.ts'
import { judge } from './verify.ts'

export type Offline = {
  readonly result: TokenResult
  /** Undefined: the token cannot be read; `none`: the one that it names is not configured. */
  readonly issuer: IssuerSettings | 'none' | undefined
}

/**
 * Judges a compact token as inbound does, provided that a key of its issuer signed it: that is NOT checked.
 * The denial is the one that inbound gives.
 */
export function judgeUnsigned(
  compact: string,
  settings: readonly IssuerSettings[],
  now: EpochSeconds,
): Offline {
  const read = parseCompact(compact)
  if (!read.ok)
    return { result: invalid(read.problem.because, read.problem.claimed), issuer: undefined }
  const token = read.value
  const claimed = claimedBy(token.header, token.claims)
  const issuer = issuerOf(token.claims, settings)
  if (issuer === undefined)
    return { result: invalid('the issuer is not accepted', claimed), issuer: 'none' }
  const verdict = judge(token, issuer, undefined, now)
  if (verdict.kind === 'invalid') return { result: invalid(verdict.because, claimed), issuer }
  return { result: ok(verdict.judged.token), issuer }
}

/** The issuer whose `iss` the claims name exactly. Pure. */
export function issuerOf(
  { iss }: Claims,
  settings: readonly IssuerSettings[],
): IssuerSettings | undefined {
  return settings.find(({ issuers }) => issuers.some((one) => one === iss))
}

export type Imagined = {
  readonly result: TokenResult
  /** Claims that were filled in, as every valid token of the issuer has them. */
  readonly filled: readonly string[]
  /** Of these, those that have another value in another valid token. */
  readonly open: readonly string[]
}

/**
 * A token of `issuer` with these claims, and with those that make it valid where they are not written: `iss`, `exp`,
 * `token_use` and `client_id` of a pool, `aud`, and what the issuer must set. What is written is judged as it stands.
 */
export function imagineToken(claims: Claims, issuer: IssuerSettings, now: EpochSeconds): Imagined {
  const missing = standardClaims(issuer, now).filter(({ name }) => !Object.hasOwn(claims, name))
  const standard = Object.fromEntries(missing.map(({ name, values }) => [name, values[0]]))
  return {
    result: resultOf({ ...standard, ...claims }, issuer, now),
    filled: missing.map(({ name }) => name),
    open: missing.filter(({ values }) => values.length > 1).map(({ name }) => name),
  }
}

type StandardClaim = {
  readonly name: string
  /** One of these; several: one of many, of which the first will do. */
  readonly values: readonly unknown[]
}

function standardClaims(issuer: IssuerSettings, now: EpochSeconds): readonly StandardClaim[] {
  const { kind, issuers, clientIds, maxTokenLifetime } = issuer
  const audience = issuer.audience === 'any' ? undefined : issuer.audience
  const ofUse: readonly StandardClaim[] =
    kind === 'pool'
      ? [
          { name: 'token_use', values: ['access'] },
          { name: 'client_id', values: clientsOf(clientIds, audience) },
        ]
      : audience === undefined
        ? []
        : [{ name: 'aud', values: audience }]
  const rules = issuer.claims.filter(({ claim }) => !claim.startsWith('/'))
  const end = now + Math.min(3600, maxTokenLifetime / 1000)
  return [
    { name: 'iss', values: issuers },
    { name: 'exp', values: [end, end - 1] },
    ...ofUse,
    ...rules.map(({ claim, values }) => ({ name: claim, values })),
  ]
}

/** A pool's tokens have no `aud`: where an audience is asked for it is the client. */
function clientsOf(
  clientIds: readonly string[] | undefined,
  audience: readonly string[] | undefined,
): readonly string[] {
  if (clientIds === undefined) return audience ?? ['any', 'other']
  return clientIds.filter((id) => audience?.includes(id) !== false)
}

function resultOf(claims: Claims, issuer: IssuerSettings, now: EpochSeconds): TokenResult {
  const judged = judgeClaims(claims, issuer, now)
  return judged.ok ? ok(judged.value.token) : invalid(judged.problem, claimedBy({}, claims))
}

function invalid(because: string, claimed: Claimed): TokenResult {
  return no({ code: 'invalid_token', because, claimed })
}
