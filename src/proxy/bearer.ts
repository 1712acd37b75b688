/** The access token of a request (RFC 6750 §2.1): one header, one token, nothing else. */
import type { TokenDenial } from '../decision/decide.ts'
import { no, ok, type Result } from '../units.ts'

/** Longest token that is looked at, in characters. */
export const maxTokenLength = 12 * 1024

const scheme = /^bearer(?: +|$)/i
/** `b64token` of RFC 6750 §2.1. */
const b64token = /^[A-Za-z0-9\-._~+/]+=*$/

/**
 * Reads the token out of the value of the token header.
 *
 * `value` is undefined when the request has no such header. With `bare` (another `tokenHeader`) the
 * value may be the token itself. Another scheme, or `Bearer` alone, is `missing_token`. Pure.
 */
export function readBearer(value: string | undefined, bare: boolean): Result<string, TokenDenial> {
  if (value === undefined) return no({ code: 'missing_token' })
  const found = scheme.exec(value)
  if (found === null && !bare) return no({ code: 'missing_token' })
  const token = found === null ? value : value.slice(found[0].length)
  if (token === '') return no({ code: 'missing_token' })
  if (token.length > maxTokenLength)
    return no({ code: 'invalid_token', because: 'The token is longer than 12 KiB' })
  if (!b64token.test(token))
    return no({ code: 'invalid_token', because: 'The token holds characters that no token has' })
  return ok(token)
}
