/** The JSON API at `/` (AWS JSON 1.1): GetClientToken and DescribeUserPoolClient. */
import { randomUUID } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import { no, ok } from '../units.ts'
import type { EpochSeconds, Result } from '../units.ts'
import { grantedScopes } from './claims.ts'
import type { Registry, RunningClient } from './registry.ts'

type AwsError = { readonly type: string; readonly message?: string }
type Input = Readonly<Record<string, unknown>>
type Operation = (input: Input) => Result<object, AwsError>

const contentType = 'application/x-amz-json-1.1'
const service = 'AWSCognitoIdentityProviderService.'

/** Adds the route. `count` is called for every request, answered well or not. */
export function addAwsApi(
  app: FastifyInstance,
  registry: Registry,
  { startedAt, count }: { startedAt: EpochSeconds; count: () => void },
): void {
  app.post('/', async (request, reply) => {
    count()
    const target = request.headers['x-amz-target']
    const isSigned = request.headers.authorization?.startsWith('AWS4-HMAC-SHA256 ') === true
    const result = call(String(target), String(request.body), isSigned, registry, startedAt)
    reply.type(contentType).header('x-amzn-requestid', randomUUID())
    if (result.ok) return reply.send(json(result.value))
    const { type, message } = result.problem
    reply.header('x-amzn-errortype', `${type}:`)
    if (message !== undefined) reply.header('x-amzn-errormessage', message)
    return reply.code(400).send(json({ __type: type, message }))
  })
}

/** As bytes: fastify would add a charset, which AWS does not send, to the type of a text. */
const json = (value: object) => Buffer.from(JSON.stringify(value))

function call(
  target: string,
  body: string,
  isSigned: boolean,
  registry: Registry,
  startedAt: EpochSeconds,
): Result<object, AwsError> {
  const operation: Operation | undefined = {
    [`${service}GetClientToken`]: (input: Input) => getClientToken(input, registry),
    [`${service}DescribeUserPoolClient`]: (input: Input) =>
      isSigned ? describeClient(input, registry, startedAt) : no(notSigned),
  }[target]
  if (!operation) return no({ type: 'UnknownOperationException' })
  const input = readInput(body)
  return input ? operation(input) : no({ type: 'SerializationException' })
}

/** Administrators sign their calls; the signature itself is not checked here. */
const notSigned: AwsError = {
  type: 'MissingAuthenticationTokenException',
  message: 'Missing Authentication Token',
}

function readInput(body: string): Input | undefined {
  try {
    const input: unknown = JSON.parse(body)
    return typeof input === 'object' && input !== null && !Array.isArray(input)
      ? (input as Input)
      : undefined
  } catch {
    return undefined
  }
}

/** Public: the client proves itself with its secret, IAM plays no part. */
function getClientToken(input: Input, registry: Registry): Result<object, AwsError> {
  const scopes = input.Scopes ?? []
  if (!Array.isArray(scopes) || !scopes.every((scope) => typeof scope === 'string'))
    return no({ type: 'SerializationException' })
  const found = findClient(input, registry)
  if (!found.ok) return found
  if (typeof input.Secret !== 'string') return no(missing('secret'))
  const client = found.value
  if (!registry.isSecretOf(client, input.Secret))
    return no({ type: 'NotAuthorizedException', message: 'Invalid client or secret' })
  if (!client.model.authFlows.includes('ALLOW_CLIENT_TOKEN_AUTH'))
    return no({
      type: 'InvalidParameterException',
      message: 'ALLOW_CLIENT_TOKEN_AUTH flow not enabled for this client',
    })
  const granted = grantedScopes(client.model, scopes)
  if (!granted) return no({ type: 'InvalidParameterException', message: 'Invalid scope requested' })
  return ok({
    ClientAuthenticationResult: {
      AccessToken: registry.issue(client, granted),
      ExpiresIn: client.model.tokenValidity.seconds,
      TokenType: 'Bearer',
    },
  })
}

function describeClient(
  input: Input,
  registry: Registry,
  startedAt: EpochSeconds,
): Result<object, AwsError> {
  if (typeof input.UserPoolId !== 'string') return no(missing('userPoolId'))
  if (!registry.pools.has(input.UserPoolId))
    return no({
      type: 'ResourceNotFoundException',
      message: `User pool ${input.UserPoolId} does not exist.`,
    })
  const found = findClient(input, registry)
  if (!found.ok) return found
  const { model, pool, secret } = found.value
  if (pool.model.id !== input.UserPoolId) return no(noClient(model.id))
  return ok({
    UserPoolClient: {
      UserPoolId: pool.model.id,
      ClientName: model.name,
      ClientId: model.id,
      ClientSecret: secret?.reveal(),
      LastModifiedDate: startedAt,
      CreationDate: startedAt,
      RefreshTokenValidity: 30,
      AccessTokenValidity: model.tokenValidity.amount,
      TokenValidityUnits: { AccessToken: model.tokenValidity.unit },
      ExplicitAuthFlows: model.authFlows,
      AllowedOAuthFlows: model.oauthFlows,
      AllowedOAuthScopes: model.scopes,
      AllowedOAuthFlowsUserPoolClient: model.oauthFlows.length > 0,
      EnableTokenRevocation: true,
    },
  })
}

function findClient(input: Input, registry: Registry): Result<RunningClient, AwsError> {
  if (typeof input.ClientId !== 'string') return no(missing('clientId'))
  const client = registry.clients.get(input.ClientId)
  return client ? ok(client) : no(noClient(input.ClientId))
}

function noClient(id: string): AwsError {
  return { type: 'ResourceNotFoundException', message: `User pool client ${id} does not exist.` }
}

function missing(member: string): AwsError {
  return {
    type: 'InvalidParameterException',
    message: `1 validation error detected: Value at '${member}' failed to satisfy constraint: Member must not be null`,
  }
}
