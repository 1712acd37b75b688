/** What makes two grants the same access token. Pure. */
import { createHash } from 'node:crypto'
import type { Brand } from '../units.ts'
import type { Grant } from './settings.ts'

/** A digest: it holds the secret's contribution without holding the secret. Still not for logs. */
export type TokenKey = Brand<string, 'TokenKey'>

/**
 * Token endpoint, client id, authMethod, requested scopes (as a set), resource, audience, extra parameters (SPEC 4),
 * and all that decides whether the endpoint says yes: secret, its encoding, TLS, `requireGrantedScopes`. So a new
 * secret is a new key, which is asked for at once, while a client's name in the file is no part of it.
 */
export function tokenKey(grant: Grant): TokenKey {
  const { basicEncoding, clientSecret, tls } = grant.client
  return digest([
    whatItGives(grant),
    [basicEncoding, clientSecret.reveal()],
    [tls?.ca, tls?.cert, tls?.key?.reveal(), tls?.serverName],
  ])
}

/**
 * The key without that by which the client proves itself: two grants with the same heritage get tokens that do the
 * same, so that a new secret need not throw away a token that is still good.
 */
export function tokenHeritage(grant: Grant): TokenKey {
  return digest(whatItGives(grant))
}

function whatItGives({ client, scopes, resource, audience }: Grant): readonly unknown[] {
  const { endpoint } = client
  return [
    endpoint.kind,
    endpoint.kind === 'uri' ? endpoint.url : endpoint.issuer,
    client.clientId,
    client.authMethod,
    client.requireGrantedScopes,
    [...new Set(scopes)].sort(),
    [resource, audience],
    Object.entries(client.parameters).sort(([a], [b]) => (a < b ? -1 : 1)),
  ]
}

const digest = (parts: readonly unknown[]): TokenKey =>
  createHash('sha256').update(JSON.stringify(parts)).digest('base64url') as TokenKey
