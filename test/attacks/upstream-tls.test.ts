/**
 * reply-from passes `rejectUnauthorized: false` to its agents (H1), and undici takes the name for TLS from the
 * Host header, which the downstream writes: whoever stands between us and the upstream could read the token.
 */
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import { join } from 'node:path'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import WebSocket from 'ws'
import { makeCertificates } from '../support/certificates.ts'
import { startInbound } from '../wire/support.ts'

const certificates = makeCertificates()

async function startTls(t: Test, identity: { cert: string; key: string }) {
  const names: (string | undefined)[] = []
  const server: Server = createServer(identity, (request, response) => {
    names.push((request.socket as unknown as { servername?: string }).servername)
    response.end('ok')
  })
  server.on('tlsClientError', () => undefined)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { names, port: (server.address() as AddressInfo).port }
}

const request = (host: string) =>
  `GET /open/1 HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`

t.test('an upstream with a certificate that nobody vouches for gets nothing', async (t) => {
  const upstream = await startTls(t, certificates.selfSigned)
  const scene = await startInbound(
    t,
    `https://127.0.0.1:${upstream.port}`,
    `  routes:
    - { path: /open/1, methods: [GET], public: true, }
    - { path: /events, methods: [GET], scopes: api/read, websocket: true }
`,
  )
  const answer = await scene.send(request('localhost'))
  t.equal(answer.status, 502)
  t.match(JSON.parse(answer.body), { code: 'upstream_unreachable' })
  t.match(await scene.logged((line) => line['status'] === 502), {
    upstreamError: 'DEPTH_ZERO_SELF_SIGNED_CERT',
  })
  const socket = new WebSocket(`ws://127.0.0.1:${scene.inbound}/events`, {
    headers: { authorization: `Bearer ${await scene.token()}` },
  })
  const [code, reason] = (await once(socket, 'close')) as [number, Buffer]
  t.equal(code, 1011)
  t.notMatch(reason.toString(), /certificate|self/)
  t.same(upstream.names, [])
})

t.test(
  'a private CA is trusted where it is configured, and the name asked for is ours',
  async (t) => {
    const upstream = await startTls(t, certificates)
    const ca = join(t.testdir({ 'ca.pem': certificates.ca }), 'ca.pem')
    const url = `https://localhost:${upstream.port}`
    const scene = await startInbound(t, `{ url: '${url}', tls: { ca: ${ca} } }`)
    for (const host of ['attacker.example', 'localhost', '127.0.0.1:1'])
      t.match(await scene.send(request(host)), { status: 200, body: 'ok' })
    t.same(upstream.names, ['localhost', 'localhost', 'localhost'])
  },
)

t.test('a certificate for another name is refused, whatever Host says', async (t) => {
  const upstream = await startTls(t, certificates)
  const file = join(t.testdir({}), 'private-ca.pem')
  writeFileSync(file, certificates.ca)
  const url = `https://127.0.0.1:${upstream.port}`
  const scene = await startInbound(
    t,
    `{ url: '${url}', tls: { ca: ${file}, serverName: other.example } }`,
  )
  for (const host of ['localhost', 'other.example'])
    t.equal((await scene.send(request(host))).status, 502)
  t.same(upstream.names, [])
})
