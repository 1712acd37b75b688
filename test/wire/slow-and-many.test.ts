/**
 * The command among peers that are slow and many (R20, R22, H10): every wait has a limit, whoever floods it is cut,
 * memory and descriptors come back. The same for the admin listener, whose limits are fixed.
 */
import { setTimeout as wait } from 'node:timers/promises'
import type net from 'node:net'
import t, { type Test } from 'tap'
import { buildCommand, type Served, startCommand } from '../support/command.ts'
import { answerOk, exchangeRaw, startRawUpstream } from '../support/wire.ts'
import { closed, dial, eventually, listen } from './support.ts'

const built = buildCommand(t)

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`

/** `limits` and `route` are more of the YAML. */
function startSlow(t: Test, upstream: number, limits: string, route = ''): Promise<Served> {
  return startCommand(
    t,
    built,
    `version: 1
issuers: { main: { issuer: 'https://issuer.example', jwksUri: 'http://127.0.0.1:1/', audience: any, required: false } }
inbound:
  listen: 127.0.0.1:0
  upstream: http://127.0.0.1:${upstream}
  routes:
    - { path: /open/**, methods: [GET, POST], public: true${route} }
    - { path: /read/**, scopes: api/read }
  limits: { ${limits} }
admin: { listen: 127.0.0.1:0 }
log: { sampleAllowed: 0 }
`,
  )
}

/** So many connections that sent this. */
function many(count: number, port: number, text: string): readonly net.Socket[] {
  return Array.from({ length: count }, () => {
    const socket = dial(port)
    socket.write(text)
    return socket
  })
}

const statusOf = async (port: number, request: string) => (await exchangeRaw(port, request)).status

t.test(
  'heads that drip, silence, idleness and stalled bodies are cut, 100 at a time',
  async (t) => {
    const upstream = await startRawUpstream(t, answerOk())
    const served = await startSlow(
      t,
      upstream.port,
      'headersTimeout: 300ms, bodyIdleTimeout: 300ms, keepAliveTimeout: 300ms',
    )
    t.equal(await statusOf(served.inbound, get('/open/1')), 200)
    const before = served.descriptors()
    const dripping = many(100, served.inbound, 'GET /open/1 HTTP/1.1\r\n')
    const drip = setInterval(() => {
      for (const socket of dripping) socket.write('X: y\r\n')
    }, 50)
    const others = [
      many(100, served.inbound, ''),
      many(100, served.inbound, 'GET /open/1 HTTP/1.1\r\nHost: a\r\n\r\n'),
      many(100, served.inbound, 'POST /open/1 HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx'),
      many(
        100,
        served.inbound,
        'POST /open/1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n',
      ),
    ].flat()
    for (const socket of others) socket.resume()
    for (const socket of dripping) socket.resume()
    await Promise.all([...dripping, ...others].map(closed))
    clearInterval(drip)
    await eventually(() => served.descriptors() <= before + 5)
    t.equal(await statusOf(served.inbound, get('/open/1')), 200, 'and it serves as before')
  },
)

t.test('a flood of connections takes no more than maxConnections, and passes', async (t) => {
  const upstream = await startRawUpstream(t, answerOk())
  const served = await startSlow(t, upstream.port, 'maxConnections: 50, headersTimeout: 2s')
  const before = served.descriptors()
  let gone = 0
  const flood = many(500, served.inbound, 'GET /open/1 HTTP/1.1\r\n')
  for (const socket of flood) socket.resume().on('close', () => (gone += 1))
  await eventually(() => gone >= 450)
  t.ok(served.descriptors() <= before + 60, `${served.descriptors() - before} descriptors`)
  await Promise.all(flood.map(closed))
  await eventually(() => served.descriptors() <= before + 5)
  t.equal(await statusOf(served.inbound, get('/open/1')), 200)
})

t.test('whoever goes away at whatever stage leaves nothing behind', async (t) => {
  const upstream = await startRawUpstream(t, (socket, text) => {
    if (text.includes('/open/body'))
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n${'x'.repeat(100_000)}`)
  })
  const served = await startSlow(t, upstream.port, 'maxConnections: 1000')
  const before = served.descriptors()
  const stages = [
    '',
    'GET /op',
    'GET /open/1 HTTP/1.1\r\nHost: a\r\n',
    'GET /open/wait HTTP/1.1\r\nHost: a\r\n\r\n',
    'GET /open/body HTTP/1.1\r\nHost: a\r\n\r\n',
    'POST /open/part HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\npart',
    'POST /open/part HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\npa',
    'POST /open/wait HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n',
    'POST /read/1 HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\npart',
  ]
  for (const how of ['destroy', 'resetAndDestroy'] as const) {
    const sockets = stages.flatMap((text) => many(20, served.inbound, text))
    await eventually(() => served.descriptors() >= before + sockets.length)
    await wait(50)
    for (const socket of sockets) socket[how]()
    await eventually(() => served.descriptors() <= before + 5)
    await Promise.all(upstream.sockets.map(closed))
  }
  t.equal(await statusOf(served.inbound, get('/none')), 401, 'and it goes on')
})

t.test('an unauthenticated upload of 200 MiB is cut early', async (t) => {
  const upstream = await startRawUpstream(t)
  const served = await startSlow(t, upstream.port, 'maxConnections: 100')
  const before = served.resident()
  const socket = dial(served.inbound)
  const seen = listen(socket)
  socket.write(`POST /read/1 HTTP/1.1\r\nHost: a\r\nContent-Length: ${200 * 1024 * 1024}\r\n\r\n`)
  const piece = Buffer.alloc(1024 * 1024)
  const more = (): void => {
    while (socket.writable && socket.bytesWritten < 200 * 1024 * 1024 && socket.write(piece));
  }
  socket.on('drain', more)
  more()
  await closed(socket)
  t.match(seen.text(), /^HTTP\/1.1 401 [^]*"code":"missing_token"/)
  t.ok(socket.bytesWritten < 100 * 1024 * 1024, `${socket.bytesWritten} bytes were taken`)
  t.ok(served.resident() - before < 60 * 1024, 'and none of it kept')
  t.same(upstream.received, [])
})

t.test('the admin listener cuts the slow too, and takes no flood', async (t) => {
  const upstream = await startRawUpstream(t)
  const served = await startSlow(t, upstream.port, 'maxConnections: 100')
  const before = served.descriptors()
  const health = 'GET /livez HTTP/1.1\r\nHost: localhost\r\n'
  const slow = [
    many(50, served.admin, ''),
    many(50, served.admin, health),
    many(50, served.admin, `${health}\r\n`),
    many(
      50,
      served.admin,
      'POST /reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nx',
    ),
  ].flat()
  const dripping = many(50, served.admin, health)
  const drip = setInterval(() => {
    for (const socket of dripping) socket.write('X: y\r\n')
  }, 100)
  for (const socket of [...slow, ...dripping]) socket.resume()
  await Promise.all([...slow, ...dripping].map(closed))
  clearInterval(drip)

  let gone = 0
  let peak = 0
  const watch = setInterval(() => {
    peak = Math.max(peak, served.descriptors())
  }, 10)
  const flood = many(1300, served.admin, health)
  for (const socket of flood) socket.resume().on('close', () => (gone += 1))
  await eventually(() => gone >= 290)
  clearInterval(watch)
  t.ok(peak < before + 1100, `${peak - before} descriptors`)
  t.equal(await statusOf(served.inbound, get('/none')), 401, 'others are served meanwhile')
  for (const socket of flood) socket.destroy()
  await eventually(() => served.descriptors() <= before + 5)
  t.equal(await statusOf(served.admin, get('/livez')), 200)
})
