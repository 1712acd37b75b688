/** Which scopes a token answer really granted. Pure. */

/** The payload of a JWT, unverified: only ever used to know what our own token says. Undefined = no JWT. */
export function peekClaims(compact: string): Readonly<Record<string, unknown>> | undefined {
  const [, payload, signature, more] = compact.split('.')
  if (payload === undefined || signature === undefined || more !== undefined) return undefined
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'))
    return typeof claims === 'object' && claims !== null && !Array.isArray(claims)
      ? (claims as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}

/** A string split on spaces, or a list of strings; undefined = says nothing. */
function scopeList(value: unknown): readonly string[] | undefined {
  if (typeof value === 'string') return value.split(' ').filter((scope) => scope !== '')
  return Array.isArray(value) && value.every((scope) => typeof scope === 'string')
    ? value
    : undefined
}

/**
 * What was granted: the token's own `scope` (or `scp`) claim, which the API will look at, else the answer's `scope`.
 *
 * Undefined when neither says: then it is what was requested (RFC 6749 §5.1).
 */
export function grantedScopes(
  claims: Readonly<Record<string, unknown>> | undefined,
  answerScope: unknown,
): readonly string[] | undefined {
  return scopeList(claims?.['scope']) ?? scopeList(claims?.['scp']) ?? scopeList(answerScope)
}

/** Requested and not granted, in the order requested. */
export function missingScopes(
  requested: readonly string[],
  granted: readonly string[] | undefined,
): readonly string[] {
  return granted === undefined ? [] : requested.filter((scope) => !granted.includes(scope))
}
