/** What a user pool publishes: its key set and its discovery document, members as Cognito's. */
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Misbehave } from './faults.ts'
import type { Registry, RunningPool } from './registry.ts'

export type WellKnownCounts = { jwks: number; discovery: number }

/** Adds the routes under `/{poolId}/.well-known/`; `url()` is the issuer's own address. */
export function addWellKnown(
  app: FastifyInstance,
  registry: Registry,
  { misbehave, counts, url }: { misbehave: Misbehave; counts: WellKnownCounts; url: () => string },
): void {
  app.get<{ Params: { poolId: string } }>(
    '/:poolId/.well-known/jwks.json',
    async (request, reply) => {
      counts.jwks += 1
      if (await misbehave(request, reply)) return reply
      const pool = registry.pools.get(request.params.poolId)
      return pool ? reply.send(pool.keys.published()) : noPool(reply, request.params.poolId)
    },
  )
  app.get<{ Params: { poolId: string } }>(
    '/:poolId/.well-known/openid-configuration',
    async (request, reply) => {
      counts.discovery += 1
      const pool = registry.pools.get(request.params.poolId)
      return pool ? reply.send(discovery(pool, url())) : noPool(reply, request.params.poolId)
    },
  )
}

/** OpenID Connect Discovery 1.0 §3. Addresses are reachable ones, also when `issuer` is what AWS would write. */
function discovery({ model, issuer }: RunningPool, url: string): object {
  return {
    authorization_endpoint: `${url}/oauth2/authorize`,
    end_session_endpoint: `${url}/logout`,
    id_token_signing_alg_values_supported: ['RS256'],
    issuer,
    jwks_uri: `${url}/${model.id}/.well-known/jwks.json`,
    response_types_supported: ['code', 'token'],
    revocation_endpoint: `${url}/oauth2/revoke`,
    scopes_supported: ['openid', 'email', 'phone', 'profile'],
    subject_types_supported: ['public'],
    token_endpoint: `${url}/oauth2/token`,
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
    userinfo_endpoint: `${url}/oauth2/userInfo`,
  }
}

function noPool(reply: FastifyReply, poolId: string): FastifyReply {
  return reply.code(404).send({ message: `User pool ${poolId} does not exist.` })
}
