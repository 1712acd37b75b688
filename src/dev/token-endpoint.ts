/** `POST /oauth2/token` as Cognito answers it: client credentials, Basic or body authentication, its error bodies. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { no, ok } from '../units.ts'
import type { Result } from '../units.ts'
import { grantedScopes } from './claims.ts'
import type { Misbehave } from './faults.ts'
import type { Registry, RunningClient } from './registry.ts'

/** RFC 6749 §5.2. Cognito answers every one with 400, `invalid_client` too. */
export type TokenError =
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_grant'
  | 'invalid_scope'
  | 'unauthorized_client'
  | 'unsupported_grant_type'

type TokenRequest = { readonly authorization: string | undefined; readonly form: URLSearchParams }

/** Adds the route. `count` is called for every request, answered well or not. */
export function addTokenEndpoint(
  app: FastifyInstance,
  registry: Registry,
  { misbehave, count }: { misbehave: Misbehave; count: () => void },
): void {
  app.post('/oauth2/token', async (request, reply) => {
    count()
    if (await misbehave(request, reply)) return reply
    const answer = grant(readRequest(request), registry)
    noStore(reply).type('application/json;charset=UTF-8')
    if (!answer.ok) return reply.code(400).send(JSON.stringify({ error: answer.problem }))
    return reply.send(JSON.stringify(answer.value))
  })
}

/** What Cognito sends with every answer of this endpoint. */
function noStore(reply: FastifyReply): FastifyReply {
  return reply.headers({
    'cache-control': 'no-cache, no-store, max-age=0, must-revalidate',
    pragma: 'no-cache',
    expires: '0',
    'x-content-type-options': 'nosniff',
  })
}

function readRequest(request: FastifyRequest): TokenRequest | undefined {
  const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase()
  if (type !== 'application/x-www-form-urlencoded') return undefined
  return {
    authorization: request.headers.authorization,
    form: new URLSearchParams(request.body as string),
  }
}

function grant(
  request: TokenRequest | undefined,
  registry: Registry,
): Result<{ access_token: string; expires_in: number; token_type: 'Bearer' }, TokenError> {
  const names = [...(request?.form.keys() ?? [])]
  const grantType = request?.form.get('grant_type')
  // a parameter must not come twice (RFC 6749 §3.2)
  if (!request || !grantType || new Set(names).size !== names.length) return no('invalid_request')
  const flow = flowOf[grantType]
  if (flow === undefined) return no('unsupported_grant_type')
  const client = authenticate(request, registry)
  if (!client.ok) return client
  if (!flow.some((one) => client.value.model.oauthFlows.includes(one)))
    return no('unauthorized_client')
  // no user ever signed in here, so that no code and no refresh token is valid
  if (grantType !== 'client_credentials') return no('invalid_grant')
  const requested = (request.form.get('scope') ?? '').split(' ').filter(Boolean)
  const scopes = grantedScopes(client.value.model, requested)
  if (!scopes) return no('invalid_scope')
  return ok({
    access_token: registry.issue(client.value, scopes),
    expires_in: client.value.model.tokenValidity.seconds,
    token_type: 'Bearer',
  })
}

/** Which of a client's `AllowedOAuthFlows` allow a grant type. */
const flowOf: Readonly<Record<string, readonly string[]>> = {
  client_credentials: ['client_credentials'],
  authorization_code: ['code'],
  refresh_token: ['code', 'implicit'],
}

/** RFC 6749 §2.3.1; a client id in the body beside Basic is allowed when it is the same. */
function authenticate(
  { authorization, form }: TokenRequest,
  registry: Registry,
): Result<RunningClient, TokenError> {
  const bodyId = form.get('client_id')
  const bodySecret = form.get('client_secret')
  const basic = authorization === undefined ? undefined : readBasic(authorization)
  if (authorization !== undefined && !basic) return no('invalid_client')
  if (basic && (bodySecret !== null || (bodyId !== null && bodyId !== basic.id)))
    return no('invalid_request')
  const id = basic?.id ?? bodyId
  if (id === null) return no('invalid_request')
  const presented = basic?.secret ?? bodySecret
  const client = registry.clients.get(id)
  if (!client) return no('invalid_client')
  if (presented === null) return client.secret ? no('invalid_client') : ok(client)
  return registry.isSecretOf(client, presented) ? ok(client) : no('invalid_client')
}

function readBasic(authorization: string): { id: string; secret: string } | undefined {
  const credentials = /^basic +([a-z0-9+/=]+)$/i.exec(authorization)?.[1]
  const match = /^([^:]+):(.*)$/.exec(Buffer.from(credentials ?? '', 'base64').toString())
  return match ? { id: match[1] as string, secret: match[2] as string } : undefined
}
