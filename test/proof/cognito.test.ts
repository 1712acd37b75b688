/** The article's scenario, row by row, with the template that we ship; and what only Cognito does. */
import { join } from 'node:path'
import {
  CognitoIdentityProviderClient,
  GetClientTokenCommand,
} from '@aws-sdk/client-cognito-identity-provider'
import t from 'tap'
import type { DevIssuer } from '../../src/dev/issuer.ts'
import { clientNamed, ownTemplate, startTestIssuer } from '../dev/support.ts'
import { startScene, type Scene } from '../support/scene.ts'
import { exchangeRaw, headsOf, startRawUpstream } from '../support/wire.ts'

const routes = `routes:
    - { path: /export/**, methods: [GET], scopes: app-api/export }
    - { path: /upload, methods: [POST, PUT], scopes: app-api/upload }
    - { path: /status, methods: [GET], public: true }`

const yaml = (issuer: string, port: number): string => `version: 1
issuers:
  app: ${issuer}
inbound:
  listen: 127.0.0.1:0
  upstream: http://127.0.0.1:${port}
  ${routes}
admin: { listen: 127.0.0.1:0 }
`

async function call(scene: Scene, line: string, token?: string) {
  const authorization = token === undefined ? '' : `Authorization: Bearer ${token}\r\n`
  if (token !== undefined) scene.leaks.forbid(token)
  const answer = await exchangeRaw(
    scene.inbound,
    `${line} HTTP/1.1\r\nHost: api\r\n${authorization}Connection: close\r\n\r\n`,
  )
  scene.leaks.saw(answer.text)
  return answer
}

/** Asks the token endpoint as the client named would. */
async function obtain(issuer: DevIssuer, name: string): Promise<string> {
  const { id, secret } = clientNamed(issuer, name)
  const form = { grant_type: 'client_credentials', client_id: id, client_secret: secret.reveal() }
  const answer = await fetch(issuer.tokenEndpoint, {
    method: 'POST',
    body: new URLSearchParams(form),
  })
  return ((await answer.json()) as { access_token: string }).access_token
}

const insufficient = (scope: string) =>
  `Bearer realm="scopegate", error="insufficient_scope", scope="${scope}"`

t.test('the export client may only export, the upload client only upload', async (t) => {
  const issuer = await startTestIssuer(t)
  const stranger = await startTestIssuer(t)
  const upstream = await startRawUpstream(t)
  const [pool] = issuer.pools
  const scene = await startScene(
    t,
    yaml(`{ userPoolId: ${pool!.id}, endpoint: "${issuer.url}" }`, upstream.port),
  )
  const exporter = clientNamed(issuer, 'export-service')
  const claims = issuer.claims(exporter.id)
  const now = Math.floor(Date.now() / 1000)
  const exporting = await obtain(issuer, 'export-service')
  const uploading = await obtain(issuer, 'upload-service')

  const bad = {
    'another pool’s token': await obtain(stranger, 'export-service'),
    'another pool’s token that names ours': stranger.sign(claims),
    'an ID token': issuer.sign({ ...claims, token_use: 'id', aud: exporter.id, at_hash: 'x' }),
    'an expired token': issuer.sign({ ...claims, iat: now - 700, exp: now - 100 }),
    'a token that ends exactly at its tolerance': issuer.sign({ ...claims, exp: now - 30 }),
    'a token without an end': issuer.sign({ ...claims, exp: undefined }),
    'a token of tomorrow': issuer.sign({ ...claims, iat: now + 86_400, exp: now + 90_000 }),
    'a token with another signature': `${exporting.slice(0, -8)}AAAAAAAA`,
    'no token at all': 'this-is-no-token',
  }
  for (const [what, token] of Object.entries(bad))
    for (const line of ['GET /export/1', 'POST /upload', 'GET /nowhere']) {
      const answer = await call(scene, line, token)
      t.match(answer, { status: 401, body: /"code":"invalid_token"/ }, `${what}: ${line}`)
      t.match(
        answer.headers['www-authenticate'],
        /^Bearer realm="scopegate", error="invalid_token"/,
      )
    }
  for (const line of ['GET /export/1', 'POST /upload', 'GET /nowhere']) {
    const answer = await call(scene, line)
    t.match(answer, { status: 401, body: /"code":"missing_token"/ }, `no token: ${line}`)
    t.equal(answer.headers['www-authenticate'], 'Bearer realm="scopegate"')
  }
  const noUpload = await call(scene, 'POST /upload', exporting)
  t.match(noUpload, { status: 403, body: /"code":"insufficient_scope"/ })
  t.equal(noUpload.headers['www-authenticate'], insufficient('app-api/upload'))
  const noExport = await call(scene, 'GET /export/1', uploading)
  t.match(noExport, { status: 403, body: /"code":"insufficient_scope"/ })
  t.equal(noExport.headers['www-authenticate'], insufficient('app-api/export'))
  t.strictSame(upstream.received, [], 'the API saw none of it')

  t.equal((await call(scene, 'GET /export/1', exporting)).status, 200)
  t.equal((await call(scene, 'HEAD /export', exporting)).status, 200)
  t.equal((await call(scene, 'PUT /upload', uploading)).status, 200)
  t.equal((await call(scene, 'GET /status')).status, 200)
  const heads = headsOf(upstream.received)
  t.strictSame(
    heads.map(({ line }) => line.replace(' HTTP/1.1', '')),
    ['GET /export/1', 'HEAD /export', 'PUT /upload', 'GET /status'],
  )
  t.ok(heads[0]!.headers.includes(`x-auth-client-id: ${exporter.id}`))
  t.ok(heads[0]!.headers.includes('x-auth-scope: app-api/export'))
})

t.test('both forms of Cognito’s issuer are one pool, and no other pool is', async (t) => {
  for (const type of ['ORIGINAL', 'UPDATED']) {
    const from = ownTemplate.replace(
      'UserPoolName: !Ref UserPoolName',
      `IssuerConfiguration: { Type: ${type} }`,
    )
    const issuer = await startTestIssuer(t, { from, iss: 'aws' })
    const [pool] = issuer.pools
    const { id } = clientNamed(issuer, 'export-service')
    const upstream = await startRawUpstream(t)
    const forms = ['cognito-idp', 'issuer-cognito-idp'].map(
      (service) => `https://${service}.${pool!.region}.amazonaws.com/${pool!.id}`,
    )
    const keySet = await (await fetch(pool!.jwksUri)).text()
    const file = JSON.stringify(join(t.testdir({ 'keys.json': keySet }), 'keys.json'))
    const settings = [
      `{ userPoolId: ${pool!.id}, jwks: { file: ${file} } }`,
      ...forms.map(
        (form) => `{ userPoolId: ${pool!.id}, endpoint: "${issuer.url}", issuer: "${form}" }`,
      ),
    ]
    for (const setting of settings) {
      const scene = await startScene(t, yaml(setting, upstream.port))
      const get = async (iss?: string) => {
        const claims = { ...issuer.claims(id), ...(iss !== undefined && { iss }) }
        return (await call(scene, 'GET /export/1', issuer.sign(claims))).status
      }
      t.equal(await get(), 200, `as the issuer writes it: ${pool!.issuer}`)
      for (const iss of forms) t.equal(await get(iss), 200, iss)
      for (const iss of [
        `${issuer.url}/${pool!.id}`,
        forms[0]!.replace(pool!.id, 'eu-central-1_another1'),
        forms[0]!.replace('amazonaws.com/', 'amazonaws.com.cn/'),
        `${forms[0]}/`,
        forms[0]!.toUpperCase(),
      ])
        t.equal(await get(iss), 401, iss)
    }
  }
})

t.test('at another address the `iss` is what `issuer` says, and that alone', async (t) => {
  const issuer = await startTestIssuer(t)
  const [pool] = issuer.pools
  const upstream = await startRawUpstream(t)
  const iss = 'https://cognito-idp-fips.eu-central-1.amazonaws.com/pool'
  const scene = await startScene(
    t,
    yaml(`{ userPoolId: ${pool!.id}, endpoint: "${issuer.url}", issuer: "${iss}" }`, upstream.port),
  )
  const claims = issuer.claims(clientNamed(issuer, 'export-service').id)
  t.equal((await call(scene, 'GET /export/1', issuer.sign(claims))).status, 401)
  t.equal((await call(scene, 'GET /export/1', issuer.sign({ ...claims, iss }))).status, 200)
})

t.test('a token that the AWS SDK obtains with GetClientToken passes inbound', async (t) => {
  const issuer = await startTestIssuer(t)
  const upstream = await startRawUpstream(t)
  const scene = await startScene(
    t,
    yaml(`{ userPoolId: ${issuer.pools[0]!.id}, endpoint: "${issuer.url}" }`, upstream.port),
  )
  const { id, secret } = clientNamed(issuer, 'upload-service')
  const sdk = new CognitoIdentityProviderClient({
    region: 'eu-central-1',
    endpoint: issuer.url,
    credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'example' },
  })
  const { ClientAuthenticationResult: result } = await sdk.send(
    new GetClientTokenCommand({ ClientId: id, Secret: secret.reveal() }),
  )
  sdk.destroy()
  const token = result?.AccessToken ?? ''
  t.equal((await call(scene, 'POST /upload', token)).status, 200)
  t.equal((await call(scene, 'GET /export/1', token)).status, 403)
  t.strictSame(
    headsOf(upstream.received).map(({ line }) => line),
    ['POST /upload HTTP/1.1'],
  )
})
