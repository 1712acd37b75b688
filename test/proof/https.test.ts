/** TLS on every way out, with a private CA; what the CA did not sign is refused (H1, R14). */
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import https, { createServer, type ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import WebSocket from 'ws'
import { makeCertificates } from '../support/certificates.ts'
import { jwksOf, makeKey, mint, serve } from '../support/issuer.ts'
import { startScene, type Scene } from '../support/scene.ts'
import { exchangeRaw } from '../support/wire.ts'
import { answers, startEndpoint } from '../tokens/endpoint.ts'

const certificates = makeCertificates()
const { ca, cert, key, selfSigned } = certificates
const signingKey = makeKey('k1')
const jwks = jwksOf(signingKey)

type Api = {
  readonly url: string
  /** What was asked: line, the name that TLS asked for, whether a client certificate came, the token header. */
  readonly seen: { line: string; name: unknown; withCertificate: boolean; token: unknown }[]
}

async function startApi(t: Test, options: ServerOptions): Promise<Api> {
  const seen: Api['seen'] = []
  const server = createServer(options, (req, res) => {
    const socket: object = req.socket
    const { servername, authorized } = socket as { servername?: unknown; authorized?: boolean }
    seen.push({
      line: `${req.method} ${req.url}`,
      name: servername,
      withCertificate: authorized === true,
      token: req.headers.authorization,
    })
    res.end('ok')
  })
  server.on('upgrade', (_req, socket) => {
    seen.push({ line: 'upgrade', name: '', withCertificate: false, token: undefined })
    socket.destroy()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, seen }
}

const startIssuer = (t: Test, tls: { cert: string; key: string }) =>
  serve(t, (_req, res) => res.end(jwks), tls)

const tokenFor = (iss: string): Promise<string> => {
  const now = Math.floor(Date.now() / 1000)
  const claims = { iss, sub: 'abc', client_id: 'abc', aud: 'app-api', iat: now, exp: now + 600 }
  return mint(signingKey, { ...claims, scope: 'app-api/export' })
}

function files(t: Test): (name: string) => string {
  const folder = t.testdir({ 'ca.pem': ca, 'cert.pem': cert, 'key.pem': key })
  return (name) => JSON.stringify(join(folder, name))
}

const inboundYaml = (parts: { issuer: string; upstream: string; issuerTls?: string }) =>
  `version: 1
issuers:
  partner:
    { issuer: "${parts.issuer}", jwksUri: "${parts.issuer}/keys", audience: app-api, algorithms: [ES256]${parts.issuerTls ?? ''} }
inbound:
  listen: 127.0.0.1:0
  upstream: ${parts.upstream}
  routes:
    - { path: /export/**, scopes: app-api/export, websocket: true }
    - { path: /status, methods: [GET], public: true }
admin: { listen: 127.0.0.1:0 }
`

const outboundYaml = (parts: { endpoint: string; upstream: string; clientTls?: string }) =>
  `version: 1
clients:
  worker: { tokenEndpoint: "${parts.endpoint}", clientId: abc, clientSecret: hush-hush${parts.clientTls ?? ''} }
outbound:
  listen: 127.0.0.1:0
  routes:
    - { path: /, upstream: ${parts.upstream} }
admin: { listen: 127.0.0.1:0 }
`

async function get(scene: Scene, path: string, token?: string) {
  const authorization = token === undefined ? '' : `Authorization: Bearer ${token}\r\n`
  if (token !== undefined) scene.leaks.forbid(token)
  const answer = await exchangeRaw(
    scene.inbound || scene.outbound,
    `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${authorization}Connection: close\r\n\r\n`,
  )
  scene.leaks.saw(answer.text)
  return answer
}

/** Nobody who is not known to the CA is talked to, whatever else is right. */
async function refusesSelfSigned(t: Test): Promise<void> {
  const file = files(t)
  const api = await startApi(t, selfSigned)
  const goodIssuer = await startIssuer(t, { cert, key })
  const token = await tokenFor(goodIssuer.url)
  const trusting = `, tls: { ca: ${file('ca.pem')} }`
  for (const upstream of [`"${api.url}"`, `{ url: "${api.url}"${trusting} }`]) {
    const parts = { issuer: goodIssuer.url, upstream, issuerTls: trusting }
    const inbound = await startScene(t, inboundYaml(parts))
    const lines = [await get(inbound, '/export/1', token), await get(inbound, '/status')]
    for (const answer of lines) {
      t.match(answer, { status: 502, body: /"code":"upstream_unreachable"/ }, upstream)
      t.notMatch(answer.text, /127\.0\.0\.1|CERT|SELF/, 'the reason is for the log')
    }

    const socket = new WebSocket(`ws://127.0.0.1:${inbound.inbound}/export/1`, {
      headers: { authorization: `Bearer ${token}` },
    })
    const [code] = (await once(socket, 'close')) as [number]
    t.equal(code, 1011, 'a WebSocket is told of an upstream error')
  }
  t.strictSame(api.seen, [], 'nothing was asked of the upstream')

  const badIssuer = await startIssuer(t, selfSigned)
  for (const issuerTls of ['', trusting]) {
    const parts = { issuer: badIssuer.url, upstream: `"${api.url}"`, issuerTls }
    const inbound = await startScene(t, inboundYaml(parts))
    const failed = await inbound.logged(({ msg }) => msg === 'keys could not be fetched')
    t.match(failed['because'], 'the certificate was refused')
    const answer = await get(inbound, '/export/1', await tokenFor(badIssuer.url))
    t.match(answer, { status: 503, body: /"code":"issuer_unavailable"/ })
    t.match(answer.headers['retry-after'], /^\d+$/)
  }
  t.strictSame(badIssuer.requests, [])

  const endpoint = await startEndpoint(answers({ access_token: 'a', token_type: 'Bearer' }), {
    ...selfSigned,
  })
  t.teardown(endpoint.close)
  for (const clientTls of ['', trusting]) {
    const parts = { endpoint: endpoint.url, upstream: `"${api.url}"`, clientTls }
    const outbound = await startScene(t, outboundYaml(parts))
    outbound.leaks.forbid('hush-hush')
    const answer = await get(outbound, '/export/1')
    t.match(answer, { status: 503, body: /"code":"token_unavailable"/ })
    t.match(answer.headers['retry-after'], /^\d+$/)
  }
  t.strictSame(endpoint.seen, [], 'no secret was sent')

  const goodEndpoint = await startEndpoint(answers({ access_token: 'abc', token_type: 'Bearer' }), {
    ...{ cert, key },
  })
  t.teardown(goodEndpoint.close)
  const parts = { endpoint: goodEndpoint.url, upstream: `"${api.url}"`, clientTls: trusting }
  const outbound = await startScene(t, outboundYaml(parts))
  t.match(await get(outbound, '/export/1'), { status: 502, body: /"code":"upstream_unreachable"/ })
  t.equal(goodEndpoint.seen.length, 1)
  t.strictSame(api.seen, [], 'no token was sent')
}

t.test('a self-signed upstream, issuer or token endpoint is refused', refusesSelfSigned)

t.test('NODE_TLS_REJECT_UNAUTHORIZED=0 changes nothing', async (t) => {
  const name = 'NODE_TLS_REJECT_UNAUTHORIZED'
  t.capture(process, 'emitWarning')
  process.env[name] = '0'
  t.teardown(() => Reflect.deleteProperty(process.env, name))
  const control = await startApi(t, selfSigned)
  const [answer] = (await once(https.get(control.url), 'response')) as [IncomingMessage]
  answer.resume()
  t.match(answer, { statusCode: 200 }, 'it would let everybody else through')
  await refusesSelfSigned(t)
})

t.test('with the right CA, name and client certificate every connection is made', async (t) => {
  const file = files(t)
  const api = await startApi(t, { cert, key, ca, requestCert: true, rejectUnauthorized: true })
  const issuer = await startIssuer(t, { cert, key })
  const own = `cert: ${file('cert.pem')}, key: ${file('key.pem')}`
  const upstream = (more: string) => `{ url: "${api.url}", tls: { ca: ${file('ca.pem')}${more} } }`
  const issuerTls = `, tls: { ca: ${file('ca.pem')} }`
  const token = await tokenFor(issuer.url)

  const wrong = [
    [', serverName: localhost', 502, 'no client certificate'],
    [`, ${own}, serverName: other.example`, 502, 'the certificate names another host'],
  ] as const
  for (const [more, status, why] of wrong) {
    const parts = { issuer: issuer.url, upstream: upstream(more), issuerTls }
    const inbound = await startScene(t, inboundYaml(parts))
    t.equal((await get(inbound, '/export/1', token)).status, status, why)
  }
  t.strictSame(api.seen, [])

  const right = upstream(`, ${own}, serverName: localhost`)
  const inbound = await startScene(
    t,
    inboundYaml({ issuer: issuer.url, upstream: right, issuerTls }),
  )
  t.match(await get(inbound, '/export/1', token), { status: 200, body: 'ok' })

  const play = answers({ access_token: token, token_type: 'Bearer', expires_in: 600 })
  const mutual = { cert, key, ca, requestCert: true, rejectUnauthorized: true }
  const endpoint = await startEndpoint(play, mutual)
  t.teardown(endpoint.close)
  const clientTls = `, tls: { ca: ${file('ca.pem')}, ${own} }`
  const outbound = await startScene(
    t,
    outboundYaml({ endpoint: endpoint.url, upstream: right, clientTls }),
  )
  outbound.leaks.forbid(token, 'hush-hush')
  t.match(await get(outbound, '/export/2'), { status: 200, body: 'ok' })
  const both = { name: 'localhost', withCertificate: true }
  t.strictSame(api.seen, [
    { line: 'GET /export/1', ...both, token: undefined },
    { line: 'GET /export/2', ...both, token: `Bearer ${token}` },
  ])
})
