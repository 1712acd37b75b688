/** What an upstream says about the token that we sent (RFC 9110 §11.6.1, RFC 6750 §3). Pure. */

/**
 * A parameter with its value, a word alone (which is a scheme), or a stray quoted string. A string that never ends
 * takes all the rest: to look for its end from each quote in it would cost the square of its length.
 */
const parts =
  /([!#$%&'*+.^_`|~\w-]+)(?:[ \t]*=[ \t]*("(?:[^"\\]|\\.)*(?:"|\\?$)|[^", \t]+))?|"(?:[^"\\]|\\.)*(?:"|\\?$)/g

/**
 * Whether one of the challenges is `Bearer` with `error="invalid_token"`: in any header line, beside any
 * other scheme, but not inside the quoted words of another parameter. A missing comma is forgiven.
 */
export function saysInvalidToken(headers: readonly string[]): boolean {
  for (let i = 0; i < headers.length; i += 2)
    if (headers[i]?.toLowerCase() === 'www-authenticate' && inOneLine(headers[i + 1] ?? ''))
      return true
  return false
}

function inOneLine(line: string): boolean {
  let scheme = ''
  for (const [, name = '', value] of line.matchAll(parts)) {
    if (value === undefined) scheme = name.toLowerCase()
    else if (scheme === 'bearer' && name.toLowerCase() === 'error' && isInvalidToken(value))
      return true
  }
  return false
}

const isInvalidToken = (value: string): boolean =>
  value === 'invalid_token' || value === '"invalid_token"'
