/** One exception to "no retries": a bodiless GET, HEAD or OPTIONS whose reused connection was closed (SPEC 3, H12). */
import t from 'tap'
import { headsOf, startRawUpstream } from '../support/wire.ts'
import { startInbound } from './support.ts'

const head = 'Host: a\r\nConnection: close\r\n'
const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

/** Answers the first request of each connection, and does `then` at the second. */
async function closingAtTheSecond(t: Parameters<typeof startRawUpstream>[0], partial = '') {
  return startRawUpstream(t, (socket, text) => {
    if (headsOf([text]).length > 1) socket.end(partial)
    else socket.write(ok)
  })
}

for (const method of ['GET', 'HEAD', 'OPTIONS'])
  t.test(`a ${method} whose reused connection closed goes once more on a new one`, async (t) => {
    const upstream = await closingAtTheSecond(t)
    const scene = await startInbound(t, upstream.port)
    for (let i = 0; i < 2; i += 1)
      t.equal((await scene.send(`${method} /open/1 HTTP/1.1\r\n${head}\r\n`)).status, 200)
    t.equal(upstream.sockets.length, method === 'HEAD' ? upstream.sockets.length : 2)
  })

t.test('only one attempt more: an upstream that always hangs up sees two', async (t) => {
  let isFirst = true
  const upstream = await startRawUpstream(t, (socket) => {
    if (!isFirst) socket.end()
    else socket.write(ok)
    isFirst = false
  })
  const scene = await startInbound(t, upstream.port)
  t.equal((await scene.send(`GET /open/1 HTTP/1.1\r\n${head}\r\n`)).status, 200)
  t.equal((await scene.send(`GET /open/1 HTTP/1.1\r\n${head}\r\n`)).status, 502)
  t.equal(headsOf(upstream.received).length, 3)
})

t.test('a new connection that is closed is an answer: no second attempt', async (t) => {
  const upstream = await startRawUpstream(t, (socket) => socket.end())
  const scene = await startInbound(t, upstream.port)
  t.equal((await scene.send(`GET /open/1 HTTP/1.1\r\n${head}\r\n`)).status, 502)
  t.equal(upstream.sockets.length, 1)
})

t.test('after any byte of an answer there is no second attempt', async (t) => {
  const upstream = await closingAtTheSecond(t, 'HTTP')
  const scene = await startInbound(t, upstream.port)
  t.equal((await scene.send(`GET /open/1 HTTP/1.1\r\n${head}\r\n`)).status, 200)
  t.equal((await scene.send(`GET /open/1 HTTP/1.1\r\n${head}\r\n`)).status, 502)
  t.equal(headsOf(upstream.received).length, 2)
})

for (const [what, request] of [
  ['a POST without a body', `POST /open/1 HTTP/1.1\r\n${head}\r\n`],
  ['a POST with a body', `POST /open/1 HTTP/1.1\r\n${head}Content-Length: 2\r\n\r\nok`],
  ['a GET with a body', `GET /open/1 HTTP/1.1\r\n${head}Content-Length: 2\r\n\r\nok`],
  ['a DELETE', `DELETE /open/1 HTTP/1.1\r\n${head}\r\n`],
  ['a PUT', `PUT /open/1 HTTP/1.1\r\n${head}\r\n`],
] as const)
  t.test(`${what} is never sent twice`, async (t) => {
    const upstream = await closingAtTheSecond(t)
    const scene = await startInbound(t, upstream.port)
    t.equal((await scene.send(`GET /open/1 HTTP/1.1\r\n${head}\r\n`)).status, 200)
    t.equal((await scene.send(request)).status, 502)
    t.equal(headsOf(upstream.received).length, 2)
  })

// H2: reply-from repeated a GET that was answered 503 ten times
t.test('503 with Retry-After and redirects are answers like any other', async (t) => {
  for (const answer of [
    'HTTP/1.1 503 Busy\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n',
    'HTTP/1.1 302 Found\r\nLocation: /open/2\r\nContent-Length: 0\r\n\r\n',
  ]) {
    const upstream = await startRawUpstream(t, (socket) => socket.write(answer))
    const scene = await startInbound(t, upstream.port)
    t.equal(
      (await scene.send(`GET /open/1 HTTP/1.1\r\n${head}\r\n`)).status,
      Number(answer.slice(9, 12)),
    )
    t.equal(headsOf(upstream.received).length, 1)
  }
})

t.test('an upstream that says Connection: close is dialled anew each time', async (t) => {
  const upstream = await startRawUpstream(t, (socket) =>
    socket.write('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok'),
  )
  const scene = await startInbound(t, upstream.port)
  for (let i = 1; i <= 3; i += 1) {
    const answer = await scene.send(`POST /open/1 HTTP/1.1\r\n${head}Content-Length: 2\r\n\r\nok`)
    t.match(answer, { status: 200, body: 'ok' })
    t.equal(upstream.sockets.length, i)
  }
})

t.test('an idle upstream connection is closed after its keepAliveTimeout', async (t) => {
  const upstream = await startRawUpstream(t)
  const scene = await startInbound(
    t,
    `{ url: 'http://127.0.0.1:${upstream.port}', keepAliveTimeout: 50ms }`,
  )
  await scene.send(`GET /open/1 HTTP/1.1\r\n${head}\r\n`)
  await new Promise((resolve) => upstream.sockets[0]!.once('close', resolve))
  t.equal((await scene.send(`GET /open/1 HTTP/1.1\r\n${head}\r\n`)).status, 200)
  t.equal(upstream.sockets.length, 2)
})
