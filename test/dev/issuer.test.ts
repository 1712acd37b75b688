import t from 'tap'
import { request } from 'node:http'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import {
  CognitoIdentityProviderClient,
  DescribeUserPoolClientCommand,
  GetClientTokenCommand,
  InvalidParameterException,
  NotAuthorizedException,
  ResourceNotFoundException,
} from '@aws-sdk/client-cognito-identity-provider'
import { CognitoJwtVerifier } from 'aws-jwt-verify'
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose'
import type { JSONWebKeySet } from 'jose'
import { startIssuer } from '../../src/dev/issuer.ts'
import type { DevIssuer } from '../../src/dev/issuer.ts'
import { readTemplate } from '../../src/cloudformation/template.ts'
import { seconds } from '../../src/units.ts'
import { basic, clientNamed, ownTemplate, startTestIssuer } from './support.ts'

const now = seconds(1_800_000_000.5)
const clock = () => now

async function requestToken(
  issuer: DevIssuer,
  form: Record<string, string> | string,
  headers: Record<string, string> = {},
) {
  const answer = await fetch(issuer.tokenEndpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: new URLSearchParams(form).toString(),
  })
  const body = await answer.text()
  return { status: answer.status, headers: answer.headers, body }
}

async function keySet(issuer: DevIssuer, pool = 0): Promise<JSONWebKeySet> {
  return (await (await fetch(issuer.pools[pool]!.jwksUri)).json()) as JSONWebKeySet
}

function tokenIn(body: string): string {
  return (JSON.parse(body) as { access_token: string }).access_token
}

/** Two pools; the second with a client for users, one without OAuth, one public. */
const twoPools = `Resources:
  Pool: { Type: AWS::Cognito::UserPool }
  Domain: { Type: AWS::Cognito::UserPoolDomain, Properties: { UserPoolId: !Ref Pool, Domain: a } }
  Api:
    Type: AWS::Cognito::UserPoolResourceServer
    Properties:
      UserPoolId: !Ref Pool
      Identifier: api
      Scopes: [{ ScopeName: read }, { ScopeName: write }]
  Machine:
    Type: AWS::Cognito::UserPoolClient
    Properties:
      UserPoolId: !Ref Pool
      GenerateSecret: true
      AllowedOAuthFlowsUserPoolClient: true
      AllowedOAuthFlows: [client_credentials]
      AllowedOAuthScopes: [openid, api/write, api/read]
      AccessTokenValidity: 5
      TokenValidityUnits: { AccessToken: minutes }
  Other: { Type: AWS::Cognito::UserPool }
  Browser:
    Type: AWS::Cognito::UserPoolClient
    Properties:
      UserPoolId: !Ref Other
      AllowedOAuthFlowsUserPoolClient: true
      AllowedOAuthFlows: [code]
      AllowedOAuthScopes: [openid]
  Plain:
    Type: AWS::Cognito::UserPoolClient
    Properties: { UserPoolId: !Ref Other, GenerateSecret: true }
`

t.test('the token endpoint refuses as Cognito does: 400, and the error alone', async (t) => {
  const issuer = await startTestIssuer(t, { from: twoPools })
  const { id, secret } = clientNamed(issuer, 'Machine')
  const plain = clientNamed(issuer, 'Plain')
  const own = { grant_type: 'client_credentials', client_id: id, client_secret: secret.reveal() }
  const as = { authorization: basic(id, secret.reveal()) }
  const grant = { grant_type: 'client_credentials' }
  const browser = issuer.clients.map(({ name }) => name)
  t.strictSame(browser, ['Machine', 'Plain'], 'a client without a secret obtains no token')

  const cases: [string, Record<string, string> | string, Record<string, string>, string][] = [
    ['JSON instead of a form', own, { 'content-type': 'application/json' }, 'invalid_request'],
    ['no grant type', { client_id: id }, {}, 'invalid_request'],
    ['an empty grant type', { ...own, grant_type: '' }, {}, 'invalid_request'],
    ['no client', grant, {}, 'invalid_request'],
    ['a parameter twice', 'grant_type=client_credentials&grant_type=x', as, 'invalid_request'],
    ['Basic and a secret in the body', own, as, 'invalid_request'],
    ['two client ids', { ...grant, client_id: plain.id }, as, 'invalid_request'],
    ['another grant type', { ...own, grant_type: 'password' }, {}, 'unsupported_grant_type'],
    ['a wrong secret', { ...own, client_secret: 'x' }, {}, 'invalid_client'],
    ['a wrong secret by Basic', grant, { authorization: basic(id, 'x') }, 'invalid_client'],
    ['an unknown client', { ...own, client_id: 'x' }, {}, 'invalid_client'],
    ['no secret', { ...grant, client_id: id }, {}, 'invalid_client'],
    ['another scheme', grant, { authorization: 'Bearer abc' }, 'invalid_client'],
    ['Basic without a colon', grant, { authorization: 'Basic YWJj' }, 'invalid_client'],
    [
      'a client without the flow',
      grant,
      { authorization: basic(plain.id, plain.secret.reveal()) },
      'unauthorized_client',
    ],
    ['a flow of users', { ...own, grant_type: 'authorization_code' }, {}, 'unauthorized_client'],
    ['a refresh token', { ...own, grant_type: 'refresh_token' }, {}, 'unauthorized_client'],
    ['an unknown scope', { ...own, scope: 'api/nothing' }, {}, 'invalid_scope'],
    ['one scope too many', { ...own, scope: 'api/read api/admin' }, {}, 'invalid_scope'],
    ['a scope of users', { ...own, scope: 'openid' }, {}, 'invalid_scope'],
  ]
  for (const [name, form, headers, error] of cases) {
    const { status, body, ...answer } = await requestToken(issuer, form, headers)
    t.equal(status, 400, name)
    t.equal(body, JSON.stringify({ error }), name)
    t.equal(answer.headers.get('www-authenticate'), null, name)
    t.equal(answer.headers.get('content-type'), 'application/json;charset=UTF-8', name)
  }
  t.equal(issuer.counts.tokens, cases.length)
})

t.test('a client of users gets no further than an invalid grant', async (t) => {
  const issuer = await startTestIssuer(t, { from: twoPools })
  const pool = issuer.pools.find(({ name }) => name === 'Other')!
  const described = await sdk(issuer).send(
    new DescribeUserPoolClientCommand({ UserPoolId: pool.id, ClientId: browserId() }),
  )
  t.equal(described.UserPoolClient?.ClientSecret, undefined)
  const form = { grant_type: 'authorization_code', client_id: browserId(), code: 'x' }
  t.equal((await requestToken(issuer, form)).body, '{"error":"invalid_grant"}')
  const refresh = { ...form, grant_type: 'refresh_token', client_secret: 'x' }
  t.equal((await requestToken(issuer, refresh)).body, '{"error":"invalid_client"}')
})

t.test('a token answer is exactly Cognito’s, and is not to be stored', async (t) => {
  const issuer = await startTestIssuer(t, { clock })
  const client = clientNamed(issuer, 'export-service')
  const form = { grant_type: 'client_credentials', client_id: client.id }
  const headers = { authorization: basic(client.id, client.secret.reveal()) }
  const answer = await requestToken(issuer, form, headers)
  t.equal(answer.status, 200)
  t.equal(answer.headers.get('content-type'), 'application/json;charset=UTF-8')
  t.match(answer.headers.get('cache-control'), /no-store/)
  t.equal(answer.headers.get('pragma'), 'no-cache')
  const body = JSON.parse(answer.body) as Record<string, unknown>
  t.strictSame(Object.keys(body), ['access_token', 'expires_in', 'token_type'])
  t.equal(body.expires_in, 3600)
  t.equal(body.token_type, 'Bearer')

  const token = tokenIn(answer.body)
  const header = decodeProtectedHeader(token)
  t.strictSame(Object.keys(header), ['kid', 'alg'])
  t.equal(header.alg, 'RS256')
  const { jti, ...claims } = decodeJwt(token)
  t.match(jti, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
  t.strictSame(claims, {
    sub: client.id,
    token_use: 'access',
    scope: 'app-api/export',
    auth_time: 1_800_000_000,
    iss: `${issuer.url}/${client.poolId}`,
    exp: 1_800_003_600,
    iat: 1_800_000_000,
    version: 2,
    client_id: client.id,
  })
})

t.test('requested scopes are granted as requested, none means all that need no user', async (t) => {
  const issuer = await startTestIssuer(t, { from: twoPools })
  const { id, secret } = clientNamed(issuer, 'Machine')
  const form = { grant_type: 'client_credentials', client_id: id, client_secret: secret.reveal() }
  const scopeFor = async (scope?: string) => {
    const { body } = await requestToken(issuer, scope === undefined ? form : { ...form, scope })
    return decodeJwt(tokenIn(body)).scope
  }
  t.equal(await scopeFor(), 'api/write api/read')
  t.equal(await scopeFor(''), 'api/write api/read')
  t.equal(await scopeFor('api/read api/read'), 'api/read')
  t.equal(await scopeFor('api/read api/write'), 'api/read api/write')
})

t.test('tokens verify by the pool’s key set, and not by another pool’s', async (t) => {
  const issuer = await startTestIssuer(t, { from: twoPools })
  const { id, secret, poolId } = clientNamed(issuer, 'Machine')
  const form = { grant_type: 'client_credentials', client_id: id, client_secret: secret.reveal() }
  const token = tokenIn((await requestToken(issuer, form)).body)
  const own = await keySet(issuer, 0)
  t.equal(own.keys.length, 2, 'two keys a pool, as Cognito has')
  for (const key of own.keys) {
    t.strictSame(Object.keys(key), ['alg', 'e', 'kid', 'kty', 'n', 'use'])
    t.match(key.kid, /^[A-Za-z0-9+/]{43}=$/)
  }
  const { payload } = await jwtVerify(token, createLocalJWKSet(own), {
    issuer: `${issuer.url}/${poolId}`,
  })
  t.equal(payload.client_id, id)
  const other = createLocalJWKSet(await keySet(issuer, 1))
  await t.rejects(jwtVerify(token, other), { code: 'ERR_JWKS_NO_MATCHING_KEY' })
  t.equal(issuer.counts.jwks, 2)
})

t.test('discovery has Cognito’s members; an unknown pool is not found', async (t) => {
  const issuer = await startTestIssuer(t)
  const pool = issuer.pools[0]!
  const answer = await fetch(`${issuer.url}/${pool.id}/.well-known/openid-configuration`)
  const document = (await answer.json()) as Record<string, unknown>
  t.strictSame(document, {
    authorization_endpoint: `${issuer.url}/oauth2/authorize`,
    end_session_endpoint: `${issuer.url}/logout`,
    id_token_signing_alg_values_supported: ['RS256'],
    issuer: pool.issuer,
    jwks_uri: pool.jwksUri,
    response_types_supported: ['code', 'token'],
    revocation_endpoint: `${issuer.url}/oauth2/revoke`,
    scopes_supported: ['openid', 'email', 'phone', 'profile'],
    subject_types_supported: ['public'],
    token_endpoint: issuer.tokenEndpoint,
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
    userinfo_endpoint: `${issuer.url}/oauth2/userInfo`,
  })
  for (const name of ['jwks.json', 'openid-configuration']) {
    const missing = await fetch(`${issuer.url}/eu-central-1_nowhere/.well-known/${name}`)
    t.equal(missing.status, 404)
    t.match(await missing.json(), { message: /eu-central-1_nowhere does not exist/ })
  }
  t.equal(issuer.counts.discovery, 2)
})

t.test('CognitoJwtVerifier accepts tokens whose iss is the one that AWS writes', async (t) => {
  for (const [type, service] of [
    ['ORIGINAL', 'cognito-idp'],
    ['UPDATED', 'issuer-cognito-idp'],
  ] as const) {
    const from = ownTemplate.replace(
      'UserPoolName: !Ref UserPoolName',
      `IssuerConfiguration: { Type: ${type} }`,
    )
    const issuer = await startTestIssuer(t, { from, iss: 'aws' })
    const pool = issuer.pools[0]!
    t.equal(pool.issuer, `https://${service}.eu-central-1.amazonaws.com/${pool.id}`)
    const { id, secret } = clientNamed(issuer, 'export-service')
    const form = { grant_type: 'client_credentials', client_id: id, client_secret: secret.reveal() }
    const token = tokenIn((await requestToken(issuer, form)).body)
    const verifier = CognitoJwtVerifier.create({
      userPoolId: pool.id,
      tokenUse: 'access',
      clientId: id,
      scope: 'app-api/export',
    })
    const jwks = (await keySet(issuer)) as unknown as Parameters<typeof verifier.cacheJwks>[0]
    verifier.cacheJwks(jwks, pool.id)
    t.equal((await verifier.verify(token)).client_id, id)
    const changed = `${token.slice(0, -8)}AAAAAAAA`
    await t.rejects(verifier.verify(changed), /Invalid signature/)
  }
})

function sdk(issuer: DevIssuer): CognitoIdentityProviderClient {
  return new CognitoIdentityProviderClient({
    region: 'eu-central-1',
    endpoint: issuer.url,
    credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'example' },
    maxAttempts: 1,
  })
}

/** Ids are the same each time the template is read. */
function browserId(): string {
  const read = readTemplate(twoPools)
  return read.ok ? read.value.pools[1]!.clients[0]!.id : ''
}

t.test('the AWS SDK obtains a token with GetClientToken', async (t) => {
  const issuer = await startTestIssuer(t)
  const { id, secret } = clientNamed(issuer, 'upload-service')
  const { ClientAuthenticationResult: result } = await sdk(issuer).send(
    new GetClientTokenCommand({
      ClientId: id,
      Secret: secret.reveal(),
      Scopes: ['app-api/upload'],
    }),
  )
  t.equal(result?.ExpiresIn, 3600)
  t.equal(result?.TokenType, 'Bearer')
  const { payload } = await jwtVerify(
    result?.AccessToken ?? '',
    createLocalJWKSet(await keySet(issuer)),
  )
  t.match(payload, { client_id: id, scope: 'app-api/upload', token_use: 'access', version: 2 })
  const all = await sdk(issuer).send(
    new GetClientTokenCommand({ ClientId: id, Secret: secret.reveal() }),
  )
  t.equal(decodeJwt(all.ClientAuthenticationResult?.AccessToken ?? '').scope, 'app-api/upload')
  t.equal(issuer.counts.api, 2)
})

t.test('the AWS SDK throws its own error classes', async (t) => {
  const issuer = await startTestIssuer(t)
  const { id, secret } = clientNamed(issuer, 'export-service')
  const right = { ClientId: id, Secret: secret.reveal() }
  const cases = [
    [{ ...right, Secret: 'x' }, NotAuthorizedException, 'Invalid client or secret'],
    [
      { ...right, ClientId: 'nobody' },
      ResourceNotFoundException,
      'User pool client nobody does not exist.',
    ],
    [
      { ...right, Scopes: ['app-api/upload'] },
      InvalidParameterException,
      'Invalid scope requested',
    ],
  ] as const
  for (const [input, errorClass, message] of cases) {
    const { Scopes, ...rest } = { Scopes: undefined, ...input }
    const command = new GetClientTokenCommand({ ...rest, ...(Scopes && { Scopes: [...Scopes] }) })
    const error: unknown = await sdk(issuer)
      .send(command)
      .catch((thrown: unknown) => thrown)
    t.ok(error instanceof errorClass, message)
    t.match(error, { message, $metadata: { httpStatusCode: 400 } })
  }
  issuer.faults.revokeSecret(id)
  await t.rejects(sdk(issuer).send(new GetClientTokenCommand(right)), NotAuthorizedException)
})

t.test('DescribeUserPoolClient shows a client as configured', async (t) => {
  const issuer = await startTestIssuer(t, { clock })
  const { id, secret, poolId } = clientNamed(issuer, 'export-service')
  const { UserPoolClient: client } = await sdk(issuer).send(
    new DescribeUserPoolClientCommand({ UserPoolId: poolId, ClientId: id }),
  )
  t.match(client, {
    UserPoolId: poolId,
    ClientName: 'export-service',
    ClientId: id,
    ClientSecret: secret.reveal(),
    AccessTokenValidity: 60,
    TokenValidityUnits: { AccessToken: 'minutes' },
    ExplicitAuthFlows: ['ALLOW_CLIENT_TOKEN_AUTH'],
    AllowedOAuthFlows: ['client_credentials'],
    AllowedOAuthScopes: ['app-api/export'],
    AllowedOAuthFlowsUserPoolClient: true,
    CreationDate: new Date(now * 1000),
  })
})

t.test('the JSON API refuses as AWS does', async (t) => {
  const issuer = await startTestIssuer(t, { from: twoPools })
  const { id, secret, poolId } = clientNamed(issuer, 'Machine')
  const other = issuer.pools.find((pool) => pool.id !== poolId)!.id
  const right = { ClientId: id, Secret: secret.reveal() }
  const signed = { authorization: 'AWS4-HMAC-SHA256 Credential=x' }
  const missing = (member: string) => new RegExp(`Value at '${member}' failed to satisfy`)
  const cases: [string, unknown, Record<string, string>, string, RegExp | undefined][] = [
    ['ListUsers', {}, signed, 'UnknownOperationException', undefined],
    ['GetClientToken', 'no JSON', {}, 'SerializationException', undefined],
    ['GetClientToken', [], {}, 'SerializationException', undefined],
    ['GetClientToken', { ...right, Scopes: 'api/read' }, {}, 'SerializationException', undefined],
    ['GetClientToken', { ...right, Scopes: [1] }, {}, 'SerializationException', undefined],
    ['GetClientToken', {}, {}, 'InvalidParameterException', missing('clientId')],
    ['GetClientToken', { ClientId: id }, {}, 'InvalidParameterException', missing('secret')],
    ['GetClientToken', right, {}, 'InvalidParameterException', /ALLOW_CLIENT_TOKEN_AUTH flow not/],
    ['DescribeUserPoolClient', {}, {}, 'MissingAuthenticationTokenException', /^Missing Auth/],
    ['DescribeUserPoolClient', {}, signed, 'InvalidParameterException', missing('userPoolId')],
    [
      'DescribeUserPoolClient',
      { UserPoolId: 'x' },
      signed,
      'ResourceNotFoundException',
      /User pool x/,
    ],
    [
      'DescribeUserPoolClient',
      { UserPoolId: poolId },
      signed,
      'InvalidParameterException',
      missing('clientId'),
    ],
    [
      'DescribeUserPoolClient',
      { UserPoolId: other, ClientId: id },
      signed,
      'ResourceNotFoundException',
      /User pool client/,
    ],
  ]
  for (const [operation, input, headers, type, message] of cases) {
    const answer = await fetch(issuer.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': `AWSCognitoIdentityProviderService.${operation}`,
        ...headers,
      },
      body: typeof input === 'string' ? input : JSON.stringify(input),
    })
    const name = `${operation}: ${type}`
    t.equal(answer.status, 400, name)
    t.equal(answer.headers.get('content-type'), 'application/x-amz-json-1.1', name)
    t.equal(answer.headers.get('x-amzn-errortype'), `${type}:`, name)
    const body = (await answer.json()) as Record<string, string>
    t.equal(body.__type, type, name)
    if (message) t.match(body.message, message, name)
    else t.strictSame(Object.keys(body), ['__type'], name)
  }
})

t.test('keys can be rotated, replaced under the same kid, and withdrawn', async (t) => {
  const issuer = await startTestIssuer(t)
  const old = issuer.sign({ n: 1 })
  const before = await keySet(issuer)
  t.equal((await jwtVerify(old, createLocalJWKSet(before))).payload.n, 1)

  await issuer.faults.rotateKeys()
  const rotated = await keySet(issuer)
  const kids = ({ keys }: JSONWebKeySet) => keys.map(({ kid }) => kid)
  t.notSame(kids(rotated), kids(before))
  await t.rejects(jwtVerify(old, createLocalJWKSet(rotated)), { code: 'ERR_JWKS_NO_MATCHING_KEY' })

  await issuer.faults.rotateKeys({ sameKid: true })
  const replaced = await keySet(issuer)
  t.strictSame(kids(replaced), kids(rotated))
  t.not(replaced.keys[0]?.n, rotated.keys[0]?.n)

  issuer.faults.withdrawKeys()
  t.strictSame(await keySet(issuer), { keys: [] })
  await issuer.faults.rotateKeys()
  t.equal((await keySet(issuer)).keys.length, 2)
})

t.test('the token endpoint and the key set misbehave on demand', async (t) => {
  const issuer = await startTestIssuer(t)
  const { id, secret } = clientNamed(issuer, 'export-service')
  const form = { grant_type: 'client_credentials', client_id: id, client_secret: secret.reveal() }
  const ask = async () => {
    const { status, headers, body } = await requestToken(issuer, form)
    return [status, headers.get('retry-after'), body]
  }
  issuer.faults.tokenEndpoint({ kind: 'throttled', retryAfter: '7' })
  t.strictSame(await ask(), [429, '7', '{"error":"too_many_requests"}'])
  issuer.faults.tokenEndpoint({ kind: 'status', status: 503 })
  t.strictSame(await ask(), [503, null, '{"error":"internal_error"}'])
  issuer.faults.tokenEndpoint({ kind: 'malformed' })
  t.strictSame(await ask(), [200, null, '{"access_token":'])
  issuer.faults.tokenEndpoint({ kind: 'empty' })
  t.strictSame(await ask(), [200, null, ''])
  issuer.faults.tokenEndpoint({ kind: 'body', body: '{"error":"invalid_grant"}' })
  t.strictSame(await ask(), [200, null, '{"error":"invalid_grant"}'])

  let release = () => {}
  issuer.faults.tokenEndpoint({ kind: 'slow', until: new Promise<void>((go) => (release = go)) })
  let answered = false
  const slow = ask().finally(() => (answered = true))
  await fetch(issuer.pools[0]!.jwksUri)
  t.notOk(answered, 'waits until it is let go')
  release()
  t.equal((await slow)[0], 200)

  issuer.faults.tokenEndpoint(undefined)
  issuer.faults.revokeSecret(id)
  t.strictSame(await ask(), [400, null, '{"error":"invalid_client"}'])

  issuer.faults.jwks({ kind: 'status', status: 500 })
  t.equal((await fetch(issuer.pools[0]!.jwksUri)).status, 500)
  issuer.faults.jwks(undefined)
  t.equal((await keySet(issuer)).keys.length, 2)
})

t.test('a test can sign any claims with any pool’s key', async (t) => {
  const issuer = await startTestIssuer(t, { from: twoPools, clock })
  const { id } = clientNamed(issuer, 'Machine')
  const claims = issuer.claims(id)
  t.match(claims, { client_id: id, scope: 'openid api/write api/read', exp: 1_800_000_300 })
  const poolId = issuer.pools[1]!.id
  const token = issuer.sign({ ...claims, token_use: 'id' }, { poolId, header: { crit: ['x'] } })
  t.strictSame(decodeProtectedHeader(token).crit, ['x'])
  t.equal(decodeJwt(token).token_use, 'id')
  const plain = issuer.sign({ sub: 'x' }, { poolId })
  const { payload } = await jwtVerify(plain, createLocalJWKSet(await keySet(issuer, 1)))
  t.strictSame(payload, { sub: 'x' })
  t.throws(() => issuer.claims('nobody'), { message: 'no client nobody' })
  t.throws(() => issuer.sign({}, { poolId: 'nowhere' }), { message: 'no user pool nowhere' })
})

t.test('it boots from a model as from a template', async (t) => {
  const from = { region: 'eu-central-1', urlSuffix: 'amazonaws.com', pools: [] }
  const issuer = await startTestIssuer(t, { from, host: 'localhost' })
  t.match(issuer.url, /^http:\/\/localhost:\d+$/)
  t.strictSame([issuer.pools, issuer.clients], [[], []])
  t.throws(() => issuer.sign({}), { message: 'no user pool ' })
})

t.test('secrets come from the seed, else by chance', async (t) => {
  const secretsOf = async (seed?: string) => {
    const issuer = await startTestIssuer(t, seed === undefined ? {} : { seed })
    return issuer.clients.map(({ secret }) => secret.reveal())
  }
  const seeded = await secretsOf('x')
  t.match(seeded[0], /^[0-9a-z]{51}$/)
  t.not(seeded[0], seeded[1])
  t.strictSame(await secretsOf('x'), seeded)
  t.notSame(await secretsOf('y'), seeded)
  t.notSame(await secretsOf(), await secretsOf())
})

t.test(
  'a port in use, a host that is not loopback, a bad template: each is a clear no',
  async (t) => {
    const taken = createServer()
    await new Promise<void>((done) => taken.listen(0, '127.0.0.1', done))
    t.teardown(() => taken.close())
    const { port } = taken.address() as AddressInfo
    t.strictSame(await startIssuer({ from: ownTemplate, port }), {
      ok: false,
      problem: {
        code: 'port_in_use',
        message: `port ${port} is already in use: the development issuer needs it`,
      },
    })
    t.strictSame(await startIssuer({ from: ownTemplate, port: 0, host: '0.0.0.0' }), {
      ok: false,
      problem: {
        code: 'not_loopback',
        message:
          'the development issuer listens on loopback only (127.0.0.1, localhost), not on 0.0.0.0',
      },
    })
    t.match(await startIssuer({ from: 'Resources: {}', port: 0 }), {
      ok: false,
      problem: { code: 'invalid_template', problems: [{ line: 1 }] },
    })
    await t.rejects(startIssuer({ from: ownTemplate, port: 70_000 }), {
      code: 'ERR_SOCKET_BAD_PORT',
    })
  },
)

t.test('a name that was rebound to loopback is not answered', async (t) => {
  const issuer = await startTestIssuer(t)
  const statusFor = (host: string) =>
    new Promise<number | undefined>((done) => {
      request(issuer.pools[0]!.jwksUri, { headers: { host } }, (answer) => {
        answer.resume()
        done(answer.statusCode)
      }).end()
    })
  t.equal(await statusFor('attacker.example'), 403)
  t.equal(await statusFor('localhost:9229'), 200)
})
