/**
 * Reads what a token endpoint answered (RFC 6749 §5, SPEC 4). Pure.
 *
 * oauth4webapi builds the request; its `processClientCredentialsResponse` is not used, because it differs from SPEC
 * in both directions. Looser: `expires_in` goes through `parseFloat` (`"3600 apples"`), zero and an empty-looking or
 * non-ASCII token pass, a 200 that holds an `error` passes, `dpop` passes. Stricter: `expires_in: null` and a `scope`
 * that is a list are refused, an `id_token` that nobody asked for is validated, and a `WWW-Authenticate` header hides
 * the `error` of the body. Its errors also carry the whole answer as `cause`, which must not reach a log.
 */
import { no, ok, seconds } from '../units.ts'
import type { EpochSeconds, Result } from '../units.ts'
import { retryAfterSeconds } from './backoff.ts'
import { tokenFailure } from './failures.ts'
import type { TokenFailure, TokenFailureCode } from './failures.ts'
import { grantedScopes, peekClaims } from './granted.ts'

export type RawAnswer = {
  readonly status: number
  readonly retryAfter: string | null
  readonly text: string
}
export type TokenAnswer = {
  readonly accessToken: string
  readonly expiresAt: EpochSeconds
  /** Undefined = not stated. */
  readonly grantedScopes: readonly string[] | undefined
}

/** Seconds: nothing counts as living longer, and this long when nobody says. */
const longestLife = 24 * 3600
const unstatedLife = 300

/** What the endpoint's `error` may be called by us; anything else is judged by its status. */
const knownErrors: ReadonlySet<string> = new Set<TokenFailureCode>([
  'invalid_client',
  'unauthorized_client',
  'invalid_scope',
  'invalid_grant',
  'unsupported_grant_type',
  'invalid_request',
  'invalid_target',
])

/** `now` is when the request was sent: a token lives from its issue, not from its arrival. */
export function readTokenAnswer(
  answer: RawAnswer,
  now: EpochSeconds,
): Result<TokenAnswer, TokenFailure> {
  const members = readObject(answer.text)
  if (answer.status !== 200)
    return no(
      tokenFailure(failureCode(answer.status, members?.['error']), {
        retryAfter: retryAfterSeconds(answer.retryAfter, now),
      }),
    )
  if (members === undefined || 'error' in members) return no(tokenFailure('malformed_answer'))
  const { access_token: accessToken, token_type: tokenType, expires_in: expiresIn } = members
  if (typeof accessToken !== 'string' || !/^[\x21-\x7e]+$/.test(accessToken))
    return no(tokenFailure('malformed_answer'))
  if (typeof tokenType !== 'string' || tokenType.toLowerCase() !== 'bearer')
    return no(tokenFailure('malformed_answer'))
  const claims = peekClaims(accessToken)
  const stated = expiresIn ?? undefined
  const life = stated === undefined ? lifeByClaims(claims?.['exp'], now) : statedLife(stated)
  if (life === undefined) return no(tokenFailure('malformed_answer'))
  if (life <= 0) return no(tokenFailure('token_already_over'))
  return ok({
    accessToken,
    expiresAt: seconds(now + Math.min(life, longestLife)),
    grantedScopes: grantedScopes(claims, members['scope']),
  })
}

function readObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}

function failureCode(status: number, error: unknown): TokenFailureCode {
  if (status === 429) return 'rate_limited'
  if (status >= 500) return 'endpoint_error'
  if (status >= 300 && status < 400) return 'redirected'
  if (status >= 400 && typeof error === 'string' && knownErrors.has(error))
    return error as TokenFailureCode
  // RFC 6749 §5.2: 401 means that client authentication failed, whatever the body looks like
  return status === 401 ? 'invalid_client' : 'unexpected_status'
}

/** A positive number or the text of one; undefined = malformed. */
function statedLife(value: unknown): number | undefined {
  const isText = typeof value === 'string' && /^\d+(\.\d+)?([eE][+-]?\d+)?$/.test(value)
  const life = isText ? Number(value) : value
  return typeof life === 'number' && life > 0 ? life : undefined
}

function lifeByClaims(exp: unknown, now: EpochSeconds): number {
  return typeof exp === 'number' ? exp - now : unstatedLife
}
