/** What stands in an access token of the development issuer: Cognito's claims for a client without a user. */
import { randomUUID } from 'node:crypto'
import type { EpochSeconds } from '../units.ts'
import type { AppClientModel } from '../cloudformation/model.ts'

export type AccessClaims = {
  readonly sub: string
  readonly token_use: 'access'
  readonly scope: string
  readonly auth_time: number
  readonly iss: string
  readonly exp: number
  readonly iat: number
  readonly version: 2
  readonly jti: string
  readonly client_id: string
}

/** No `aud`, as with Cognito. `scopes` are full names, `app-api/export`. */
export function accessClaims(
  client: AppClientModel,
  issuer: string,
  scopes: readonly string[],
  now: EpochSeconds,
): AccessClaims {
  const issuedAt = Math.floor(now)
  return {
    sub: client.id,
    token_use: 'access',
    scope: scopes.join(' '),
    auth_time: issuedAt,
    iss: issuer,
    exp: issuedAt + client.tokenValidity.seconds,
    iat: issuedAt,
    version: 2,
    jti: randomUUID(),
    client_id: client.id,
  }
}

/**
 * The scopes that a client gets without a user: all of `requested`, or everything that it may have
 * when none is requested. Undefined = not allowed. OpenID scopes need a user.
 */
export function grantedScopes(
  client: AppClientModel,
  requested: readonly string[],
): readonly string[] | undefined {
  const allowed = client.scopes.filter((scope) => scope.includes('/'))
  const scopes = requested.length > 0 ? [...new Set(requested)] : allowed
  const granted = scopes.length > 0 && scopes.every((scope) => allowed.includes(scope))
  return granted ? scopes : undefined
}
