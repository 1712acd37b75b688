/** What the bundle loads late works in it as in the sources, with no packages beside it (docs/adr/0021). */
import { once } from 'node:events'
import { readdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import WebSocket from 'ws'
import { clientNamed, startTestIssuer } from '../dev/support.ts'
import { buildCommand, start, startCommand } from '../support/command.ts'
import { startEcho } from '../support/echo.ts'
import { exchangeRaw } from '../support/wire.ts'

const get = (path: string): string =>
  `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`

t.test('the other upstream client, tokens, WebSockets and the status page', async (t) => {
  const issuer = await startTestIssuer(t)
  const echo = await startEcho(t, (req, res) => res.end(req.headers.authorization ?? 'nothing'))
  const client = clientNamed(issuer, 'export-service')
  const served = await startCommand(
    t,
    buildCommand(t),
    `version: 1
inbound:
  listen: 127.0.0.1:0
  upstream: { url: "http://127.0.0.1:${echo}", client: undici }
  routes:
    - { path: /plain, methods: [GET], public: true }
    - { path: /socket, methods: [GET], public: true, websocket: true }
clients:
  worker:
    tokenEndpoint: ${issuer.tokenEndpoint}
    clientId: ${client.id}
    clientSecret: { env: WORKER_SECRET }
outbound:
  listen: 127.0.0.1:0
  routes: [{ path: /api, upstream: "http://127.0.0.1:${echo}", client: worker }]
admin: { listen: 127.0.0.1:0 }
`,
    { env: { WORKER_SECRET: client.secret.reveal() } },
  )
  t.match(await exchangeRaw(served.inbound, get('/plain')), { status: 200, body: 'nothing' })
  t.match(await exchangeRaw(served.outbound, get('/api/x')), { status: 200, body: /^Bearer \S+$/ })
  t.match(await exchangeRaw(served.admin, get('/livez')), { status: 200 })
  t.match(await exchangeRaw(served.admin, get('/?request=/plain')), { body: /<b>Allowed<\/b>/ })
  for (const name of ['status.js', 'status.css', 'icon.svg'])
    t.match(await exchangeRaw(served.admin, get(`/assets/${name}`)), { status: 200 }, name)

  const socket = new WebSocket(`ws://127.0.0.1:${served.inbound}/socket`)
  await once(socket, 'open')
  socket.send('there and back')
  t.equal(String(((await once(socket, 'message')) as [Buffer])[0]), 'there and back')
  socket.terminate()
})

t.test('what cannot load a late part ends by itself, and says what it missed', async (t) => {
  const main = buildCommand(t)
  for (const name of readdirSync(dirname(main)))
    if (name.startsWith('admin-')) rmSync(join(dirname(main), name))
  const config = `version: 1
inbound:
  listen: 127.0.0.1:0
  upstream: http://127.0.0.1:9
  routes: [{ path: /open, methods: [GET], public: true }]
`
  const ports = ['issuer', 'api', 'inbound', 'outbound', 'admin'].flatMap((of) => [
    `--${of}-port`,
    '0',
  ])
  for (const [command, ...flags] of [
    ['run', '-c', 'env:CONFIG'],
    ['dev', ...ports],
  ] as const) {
    const args = [command, ...flags]
    const { code, out, err } = await start(t, main, args, { env: { CONFIG: config } }).ended
    t.equal(code, 3, command)
    t.match(err, /^scopegate: .*Cannot find module .*admin-/)
    t.equal(out, '')
  }
})
