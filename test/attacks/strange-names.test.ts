/**
 * Node CVE-2026-21710: a header named `__proto__` and `req.headersDistinct` crashed the process. Names that every
 * object knows are names like any other: they pass, they nominate, they open nothing, and nothing falls over (R27).
 */
import t from 'tap'
import { headsOf, startRawUpstream } from '../support/wire.ts'
import { startScene } from '../support/scene.ts'
import { exchangeRaw } from '../support/wire.ts'
import { startInbound } from '../wire/support.ts'

const names = [
  ...['__proto__', 'constructor', 'prototype', 'toString', 'valueOf', 'hasOwnProperty', 'then'],
  ...['__defineGetter__', '__lookupSetter__', 'isPrototypeOf', 'length', '0', '-1', 'toJSON'],
]
const lines = names.map((name) => `${name}: 1\r\n`).join('')

t.test('headers that are named like members of objects pass as they came', async (t) => {
  const upstream = await startRawUpstream(t)
  const scene = await startInbound(t, upstream.port)
  const authorization = `Authorization: Bearer ${await scene.token()}\r\n`
  for (const [path, more, status] of [
    ['/open/1', '', 200],
    ['/read/1', authorization, 200],
    ['/read/1', '', 401],
    ['/read/__proto__', authorization, 200],
    ['/__proto__/constructor', '', 401],
  ] as const) {
    const head = `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n`
    t.equal((await scene.send(`${head}${more}${lines}\r\n`)).status, status, path)
  }
  const heads = headsOf(upstream.received)
  t.equal(heads.length, 3)
  for (const { headers } of heads)
    t.same(
      headers.filter((line) => names.includes(line.split(':')[0]!)),
      names.map((name) => `${name}: 1`),
    )
})

t.test('nominated in Connection they end here, and take nothing else along', async (t) => {
  const upstream = await startRawUpstream(t)
  const scene = await startInbound(t, upstream.port)
  const { status } = await scene.send(
    `GET /open/1 HTTP/1.1\r\nHost: a\r\nConnection: close, ${names.join(', ')}\r\nX-A: 1\r\n${lines}\r\n`,
  )
  t.equal(status, 200)
  const { headers } = headsOf(upstream.received)[0]!
  t.same(
    headers.filter((line) => names.includes(line.split(':')[0]!)),
    [],
  )
  t.ok(headers.includes('X-A: 1'))
})

t.test('they come back from the upstream in the same way', async (t) => {
  const upstream = await startRawUpstream(t, (socket) =>
    socket.write(`HTTP/1.1 200 OK\r\n${lines}Content-Length: 2\r\n\r\nok`),
  )
  const scene = await startInbound(t, upstream.port)
  const { text } = await scene.send('GET /open/1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  for (const name of names) t.match(text, `\r\n${name}: 1\r\n`)
})

t.test('outbound and admin outlive them too', async (t) => {
  const upstream = await startRawUpstream(t)
  const scene = await startScene(
    t,
    `version: 1
clients: { c: { tokenEndpoint: http://127.0.0.1:1/token, clientId: a, clientSecret: { env: S }, prefetch: false } }
outbound:
  listen: 127.0.0.1:0
  routes: [{ path: /, upstream: http://127.0.0.1:${upstream.port}, onAuthorization: keep }]
admin: { listen: 127.0.0.1:0 }
`,
    { env: { S: 'a-secret-of-the-test' } },
  )
  const get = (path: string): string =>
    `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Basic YTpi\r\n${lines}\r\n`
  t.equal((await exchangeRaw(scene.outbound, get('/__proto__'))).status, 200)
  t.equal((await exchangeRaw(scene.admin, get('/livez'))).status, 200)
  t.equal((await exchangeRaw(scene.admin, get('/__proto__'))).status, 404)
  t.match(upstream.received[0], '\r\n__proto__: 1\r\n')
})
