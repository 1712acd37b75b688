/** The complete flow against an issuer that nobody here wrote: found by discovery, checked by `audience`. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { makeCertificates } from '../support/certificates.ts'
import {
  exporter,
  type OidcProvider,
  resources,
  startOidcProvider,
  uploader,
} from '../support/oidc-provider.ts'
import { type Scene, startScene } from '../support/scene.ts'
import { exchangeRaw, headsOf, type RawUpstream, startRawUpstream } from '../support/wire.ts'

type Setting = { readonly upstream: RawUpstream; readonly inbound: Scene; readonly outbound: Scene }

/** A service -> outbound -> inbound -> an API. `ca` is a file that holds what issuer and clients trust. */
async function startBoth(t: Test, issuer: OidcProvider, ca?: string): Promise<Setting> {
  const tls = ca === undefined ? '' : `tls: { ca: ${JSON.stringify(ca)} }, `
  const issuers = `issuers:
  partner: { ${tls}issuer: "${issuer.url}", audience: [app-api, ${exporter.id}] }`
  const upstream = await startRawUpstream(t)
  const inbound = await startScene(
    t,
    `version: 1
${issuers}
inbound:
  listen: 127.0.0.1:0
  upstream: http://127.0.0.1:${upstream.port}
  routes:
    - { path: /export/**, methods: [GET], scopes: app-api/export }
    - { path: /upload, methods: [POST], scopes: app-api/upload }
admin: { listen: 127.0.0.1:0 }
`,
  )
  const to = `upstream: "http://127.0.0.1:${inbound.inbound}"`
  const basic = `${tls}clientId: "${exporter.id}", clientSecret: { env: EXPORTER }`
  const post = `${tls}clientId: ${uploader.id}, clientSecret: { env: UPLOADER }`
  const outbound = await startScene(
    t,
    `version: 1
${issuers}
clients:
  discovered: { ${basic}, issuer: partner }
  named: { ${basic}, tokenEndpoint: "${issuer.url}/token", parameters: { a: b } }
  post: { ${post}, issuer: partner, authMethod: client_secret_post }
  wrong: { ${tls}clientId: ${uploader.id}, clientSecret: wrong-secret, issuer: partner, prefetch: false }
outbound:
  listen: 127.0.0.1:0
  routes:
    - { path: /discovered, ${to}, client: discovered, scopes: app-api/export }
    - { path: /named, ${to}, client: named, scopes: app-api/export }
    - { path: /post, ${to}, client: post, scopes: app-api/upload, resource: "${resources.api.resource}" }
    - { path: /elsewhere, ${to}, client: discovered, resource: "${resources.other.resource}" }
    - { path: /opaque, ${to}, client: discovered, resource: "${resources.opaque.resource}" }
    - { path: /wrong, ${to}, client: wrong }
admin: { listen: 127.0.0.1:0 }
`,
    { env: { EXPORTER: exporter.secret, UPLOADER: uploader.secret } },
  )
  for (const { leaks } of [inbound, outbound])
    leaks.forbid(exporter.secret, uploader.secret, 'wrong-secret')
  return { upstream, inbound, outbound }
}

async function send(scene: Scene, port: number, line: string, token?: string) {
  const authorization = token === undefined ? '' : `Authorization: Bearer ${token}\r\n`
  const answer = await exchangeRaw(
    port,
    `${line} HTTP/1.1\r\nHost: 127.0.0.1\r\n${authorization}Connection: close\r\n\r\n`,
  )
  scene.leaks.saw(answer.text)
  return answer
}

/** Every allowed way through, and what the API saw of it. */
async function passes(t: Test, issuer: OidcProvider, setting: Setting): Promise<void> {
  const call = (line: string) => send(setting.outbound, setting.outbound.outbound, line)
  t.match(await call('GET /discovered/export/1?a=b'), { status: 200, body: 'ok' })
  t.match(await call('GET /named/export/2'), { status: 200, body: 'ok' })
  t.match(await call('POST /post/upload'), { status: 200, body: 'ok' })
  const heads = headsOf(setting.upstream.received)
  t.strictSame(
    heads.map(({ line }) => line),
    ['GET /export/1?a=b HTTP/1.1', 'GET /export/2 HTTP/1.1', 'POST /upload HTTP/1.1'],
  )
  const seen = heads.map(({ headers }) =>
    headers.filter((line) => /^(?:authorization|x-auth-(?!subject))/i.test(line)).sort(),
  )
  const identity = (id: string, scope: string) => [
    `x-auth-client-id: ${id}`,
    `x-auth-issuer: ${issuer.url}`,
    `x-auth-scope: ${scope}`,
  ]
  const exported = identity(exporter.id, 'app-api/export')
  t.strictSame(seen, [exported, exported, identity(uploader.id, 'app-api/upload')])
  const count = (path: string) => issuer.requests.filter((url) => url === path).length
  t.equal(count('/jwks'), 1, 'one fetch of keys, by the side that verifies')
}

t.test('tokens of oidc-provider, obtained by outbound, open inbound', async (t) => {
  const issuer = await startOidcProvider(t)
  const setting = await startBoth(t, issuer)
  const call = (line: string) => send(setting.outbound, setting.outbound.outbound, line)

  const wrong = await call('GET /wrong/export/1')
  t.match(wrong, { status: 503, body: /token_unavailable/ })
  const told = await setting.outbound.logged(({ client }) => client === 'wrong')
  t.match(told, { level: 'error', code: 'invalid_client' })

  const scope = await call('POST /discovered/upload')
  t.equal(scope.status, 403)
  t.match(scope.headers['www-authenticate'], /error="insufficient_scope", scope="app-api\/upload"/)
  t.equal((await call('GET /elsewhere/export/1')).status, 401, 'another audience')
  t.equal((await call('GET /opaque/export/1')).status, 401, 'no JWT at all')
  const reasons = setting.inbound.log.flatMap(({ reason }) =>
    reason === undefined ? [] : [reason],
  )
  // a token that was refused is renewed once, and refused again
  t.strictSame(reasons, ['insufficient_scope', ...Array<string>(4).fill('invalid_token')])
  const idToken = await issuer.idToken(exporter.id)
  setting.inbound.leaks.forbid(idToken)
  const answer = await send(setting.inbound, setting.inbound.inbound, 'GET /export/1', idToken)
  t.equal(answer.status, 401, 'an ID token, though its audience is one of ours')
  t.match(answer.headers['www-authenticate'], /error="invalid_token".*ID token/)
  t.strictSame(setting.upstream.received, [], 'nothing of it reached the API')

  await passes(t, issuer, setting)
})

t.test('the same over https, its certificate from a private CA', async (t) => {
  const { ca, cert, key } = makeCertificates()
  const file = join(t.testdir({}), 'ca.pem')
  writeFileSync(file, ca)
  const issuer = await startOidcProvider(t, { cert, key })
  await passes(t, issuer, await startBoth(t, issuer, file))
})

t.test('without that CA neither keys nor tokens come, and both say so', async (t) => {
  const { cert, key } = makeCertificates()
  const issuer = await startOidcProvider(t, { cert, key })
  const { inbound, outbound, upstream } = await startBoth(t, issuer)
  const keys = await inbound.logged(({ msg }) => msg === 'keys could not be fetched')
  t.match(keys, { issuer: 'partner', because: /certificate was refused/ })
  const answer = await send(outbound, outbound.outbound, 'GET /named/export/1')
  t.match(answer, { status: 503, body: /token_unavailable/ })
  const token = await outbound.logged(({ client }) => client === 'named')
  t.match(token, { code: 'endpoint_unreachable', because: /UNABLE_TO_VERIFY_LEAF_SIGNATURE/ })
  t.strictSame(issuer.requests, [], 'not one request was sent')
  t.strictSame(upstream.received, [])
})
