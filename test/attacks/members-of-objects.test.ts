/**
 * Names that every object knows (`constructor`, `__proto__`), looked up where only what was sent should be found: in
 * a handshake the header `constructor` went upstream as the text of a function, `__proto__` not at all. Of the kind
 * of Node CVE-2026-21710 (R18, R27); a claim of such a name must not be found in a token without it (R7).
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import WebSocket, { WebSocketServer } from 'ws'
import { startRawUpstream } from '../support/wire.ts'
import { startInbound } from '../wire/support.ts'

const names = [
  'constructor',
  '__proto__',
  'toString',
  'valueOf',
  'hasOwnProperty',
  '__defineGetter__',
]

t.test('the headers of a handshake go up as they came, whatever they are called', async (t) => {
  const server = createServer()
  const sockets = new WebSocketServer({ server })
  const seen: string[][] = []
  sockets.on('connection', (_, { rawHeaders }) => seen.push(rawHeaders))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    for (const socket of sockets.clients) socket.terminate()
    server.close()
  })
  const scene = await startInbound(
    t,
    (server.address() as AddressInfo).port,
    '  routes: [{ path: /events, methods: [GET], scopes: api/read, websocket: true }]\n',
  )
  const headers = Object.fromEntries(names.map((name) => [name.toLowerCase(), [`1`, `2`]]))
  const socket = new WebSocket(`ws://127.0.0.1:${scene.inbound}/events`, {
    headers: { ...headers, authorization: `Bearer ${await scene.token()}` },
  })
  t.teardown(() => {
    socket.terminate()
  })
  await Promise.all([once(socket, 'open'), once(sockets, 'connection')])
  for (const name of Object.keys(headers)) {
    const values = seen[0]!.filter((_, at) => at % 2 === 1 && seen[0]![at - 1] === name)
    t.same(values, ['1', '2'], name)
  }
})

t.test('a claim of such a name is absent unless it was sent', async (t) => {
  const upstream = await startRawUpstream(t)
  const scene = await startInbound(
    t,
    upstream.port,
    `  identityHeaders: { x-auth-subject: constructor, x-auth-issuer: /sub/length }
  routes:
    - { path: /any, methods: [GET], authenticated: true }
    - { path: /claim, methods: [GET], authenticated: true, claims: { constructor: a } }
    - { path: /pointer, methods: [GET], authenticated: true, claims: { /list/length: 2 } }
`,
  )
  const get = async (path: string, claims: object) => {
    const token = await scene.token({ list: ['a', 'b'], ...claims })
    return scene.send(
      `GET ${path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\nConnection: close\r\n\r\n`,
    )
  }
  t.match(JSON.parse((await get('/claim', {})).body), { code: 'claim_mismatch' })
  t.match(JSON.parse((await get('/pointer', {})).body), { code: 'claim_mismatch' })
  t.equal((await get('/any', {})).status, 200)
  t.notMatch(upstream.received.join(''), /x-auth/i)
  t.equal((await get('/claim', { constructor: 'a' })).status, 200)
})
