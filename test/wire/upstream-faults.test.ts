import t from 'tap'
import { startRawUpstream } from '../support/wire.ts'
import { closed, dial, listen, startInbound } from './support.ts'

const get = (path = '/open/1') => `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`
const post = (body: string) =>
  `POST /open/1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`

/** What upstreams do wrong before a head is there, and what the downstream is told. */
const badAnswers: readonly (readonly [string, string])[] = [
  ['is no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n'],
  ['is cut inside its head', 'HTTP/1.1 200 OK\r\nContent-'],
  ['has two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok'],
  [
    'has a length and is chunked',
    'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
  ],
  [
    'is coded otherwise',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
  ],
  [
    'is coded in two lines',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
  ],
  [
    'is chunked in two lines',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
  ],
  ['is coded until it closes', 'HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\nok'],
  ['has no body but a coding', 'HTTP/1.1 204 No Content\r\nTransfer-Encoding: gzip\r\n\r\n'],
  [
    'changes protocols unasked',
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n',
  ],
  [
    'has a head beyond 64 KiB',
    `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(70_000)}\r\nContent-Length: 2\r\n\r\nok`,
  ],
  [
    'has a control character in a header',
    'HTTP/1.1 200 OK\r\nX: a\x01b\r\nContent-Length: 2\r\n\r\nok',
  ],
]

for (const method of ['GET', 'POST'])
  for (const [what, bytes] of badAnswers)
    t.test(`an answer to ${method} that ${what} is 502`, async (t) => {
      const upstream = await startRawUpstream(t, (socket) => socket.end(bytes, 'latin1'))
      const scene = await startInbound(t, upstream.port)
      const answer = await scene.send(method === 'GET' ? get() : post('hello'))
      t.match(answer, { status: 502, headers: { 'content-type': 'application/problem+json' } })
      t.match(JSON.parse(answer.body), { code: 'upstream_error', status: 502 })
      t.equal(upstream.sockets.length, 1, 'and it is not repeated')
    })

t.test(
  'a coding that we do not know is named in the log, and its line is not used again',
  async (t) => {
    const upstream = await startRawUpstream(t, (socket, text) => {
      const coding = text.includes('/open/bad') ? 'gzip, chunked' : 'Chunked'
      socket.write(`HTTP/1.1 200 OK\r\nTransfer-Encoding: ${coding}\r\n\r\n2\r\nok\r\n0\r\n\r\n`)
    })
    const scene = await startInbound(t, upstream.port)
    t.equal((await scene.send(get('/open/bad'))).status, 502)
    await scene.logged((line) => line['upstreamError'] === 'a transfer coding other than chunked')
    t.match(await scene.send(get()), { status: 200, body: 'ok' }, 'in any case of letters')
    t.equal(upstream.sockets.length, 2)
    await closed(upstream.sockets[0]!)
  },
)

t.test('an upstream that refuses connections is 502, without its address', async (t) => {
  const upstream = await startRawUpstream(t)
  const scene = await startInbound(t, 'http://127.0.0.1:1')
  scene.leaks.forbid('127.0.0.1:1', 'ECONNREFUSED 127')
  const answer = await scene.send(get())
  t.equal(answer.status, 502)
  t.equal((JSON.parse(answer.body) as { code: string }).code, 'upstream_unreachable')
  const line = await scene.logged((one) => one['status'] === 502)
  t.match(line, { reason: 'upstream_unreachable', upstreamError: 'ECONNREFUSED' })
  t.equal(upstream.sockets.length, 0)
})

t.test('an upload whose upstream hangs up without an answer is 502', async (t) => {
  const upstream = await startRawUpstream(t, (socket, text) => {
    if (text.endsWith('hello')) socket.destroy()
  })
  const scene = await startInbound(t, upstream.port)
  t.equal((await scene.send(post('hello'))).status, 502)
  t.equal(upstream.sockets.length, 1, 'a POST goes once')
})

/** What a downstream must be able to see: that the end is missing; or 502, where it was known in time. */
const cutAnswers: readonly (readonly [string, string, (text: string) => boolean])[] = [
  [
    'is shorter than its length',
    'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort',
    (text) => text.includes('Content-Length: 10') && text.endsWith('\r\n\r\nshort'),
  ],
  [
    'lacks its last chunk',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n',
    (text) => text.includes('Transfer-Encoding: chunked') && text.endsWith('5\r\nshort\r\n'),
  ],
  [
    'is cut inside a chunk',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nshort',
    (text) => text.includes('Transfer-Encoding: chunked') && text.endsWith('5\r\nshort\r\n'),
  ],
  [
    'has a chunk size that is none',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\nzz\r\n',
    (text) => text.includes('Transfer-Encoding: chunked') && text.endsWith('5\r\nshort\r\n'),
  ],
]

for (const [what, bytes, fits] of cutAnswers)
  t.test(`an answer that ${what} is cut for the downstream too`, async (t) => {
    const upstream = await startRawUpstream(t, (socket) => socket.end(bytes))
    const scene = await startInbound(t, upstream.port)
    const { text } = await scene.send(get())
    t.ok(fits(text) || text.startsWith('HTTP/1.1 502 '), text)
    t.notMatch(text, '0\r\n\r\n')
    t.match(await scene.logged((line) => line['msg'] === 'request'), { reason: 'upstream_error' })
  })

t.test('an answer cut by a reset is no end of a body without length', async (t) => {
  const upstream = await startRawUpstream(t, (socket) => {
    socket.write('HTTP/1.1 200 OK\r\n\r\nbegun')
  })
  const scene = await startInbound(t, upstream.port)
  const socket = dial(scene.inbound)
  const seen = listen(socket)
  socket.write(get())
  await seen.until((text) => text.includes('begun'))
  upstream.sockets[0]!.resetAndDestroy()
  await closed(socket)
  t.match(seen.text(), 'Transfer-Encoding: chunked')
  t.notMatch(seen.text(), '0\r\n\r\n')
})

t.test('an answer that ends with its connection is whole', async (t) => {
  const upstream = await startRawUpstream(t, (socket) => socket.end('HTTP/1.1 200 OK\r\n\r\nall'))
  const scene = await startInbound(t, upstream.port)
  const answer = await scene.send(get())
  t.match(answer, { status: 200, body: 'all' })
  t.match(answer.text, '0\r\n\r\n')
})

t.test('bytes behind an answer never become the next answer', async (t) => {
  const good = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
  const upstream = await startRawUpstream(t, (socket) => {
    socket.write(`${good}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil`)
  })
  const scene = await startInbound(t, upstream.port)
  t.equal((await scene.send(get())).body, 'ok')
  t.equal((await scene.send(get())).body, 'ok')
  t.equal(upstream.sockets.length, 2, 'that connection was not used again')
})

const limits = (lines: string): string =>
  `  routes:\n    - { path: /open/**, methods: [GET, POST], public: true${lines} }\n`

t.test('an upstream that never answers is 504 and loses its connection', async (t) => {
  const upstream = await startRawUpstream(t, () => undefined)
  const scene = await startInbound(t, upstream.port, limits(', timeouts: { headers: 50ms }'))
  for (const request of [get(), post('hello')]) {
    const answer = await scene.send(request)
    t.equal(answer.status, 504)
    t.equal((JSON.parse(answer.body) as { code: string }).code, 'upstream_timeout')
  }
  for (const socket of upstream.sockets) await closed(socket)
  t.equal(upstream.sockets.length, 2)
})

t.test('a head that drips is 504: the limit is for the whole of it', async (t) => {
  const upstream = await startRawUpstream(t, (socket) => {
    socket.write('HTTP/1.1 200 OK\r\n')
    const drip = setInterval(() => socket.write('x: y\r\n'), 10)
    socket.on('close', () => {
      clearInterval(drip)
    })
  })
  const scene = await startInbound(t, upstream.port, limits(', timeouts: { headers: 80ms }'))
  t.equal((await scene.send(get())).status, 504)
})

t.test('an answer that stalls is cut', async (t) => {
  const upstream = await startRawUpstream(t, (socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort')
  })
  const scene = await startInbound(t, upstream.port, limits(', timeouts: { body: 50ms }'))
  t.match(await scene.send(get()), { status: 200, body: 'short' })
  await closed(upstream.sockets[0]!)
  t.match(await scene.logged((line) => line['status'] === 200), { reason: 'upstream_timeout' })
})

t.test('an answer that begins with nothing but a head is limited as well', async (t) => {
  const upstream = await startRawUpstream(t, (socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n')
  })
  const scene = await startInbound(t, upstream.port, limits(', timeouts: { body: 50ms }'))
  t.match(await scene.send(get()), { status: 200, body: '' })
  await closed(upstream.sockets[0]!)
})

t.test('an upstream that takes nothing of an upload is 504', async (t) => {
  const upstream = await startRawUpstream(t, (socket) => {
    socket.pause()
  })
  const scene = await startInbound(
    t,
    upstream.port,
    `${limits(', timeouts: { body: 50ms }')}  limits: { bodyIdleTimeout: 40ms }\n`,
  )
  const socket = dial(scene.inbound)
  const seen = listen(socket)
  socket.write('POST /open/1 HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n')
  const piece = Buffer.alloc(1024 * 1024)
  const more = (): void => {
    while (socket.writable && socket.write(piece));
  }
  socket.on('drain', more)
  more()
  t.match(await seen.until((text) => text.includes('requestId')), /^HTTP\/1.1 504 /)
  socket.destroy()
})

t.test('an upstream whose TLS never begins is 504 within connectTimeout', async (t) => {
  const upstream = await startRawUpstream(t, () => undefined)
  const scene = await startInbound(
    t,
    `{ url: 'https://127.0.0.1:${upstream.port}', connectTimeout: 50ms }`,
  )
  const answer = await scene.send(get())
  t.equal(answer.status, 504)
  t.match(await scene.logged((line) => line['status'] === 504), {
    upstreamError: 'connect_timeout',
  })
})

t.test('a status below 100 is 502 at once, not an interim answer to wait behind', async (t) => {
  const upstream = await startRawUpstream(t, (socket) => {
    socket.write('HTTP/1.1 042 Odd\r\nContent-Length: 0\r\n\r\n')
  })
  const scene = await startInbound(t, upstream.port, limits(', timeouts: { headers: 2s }'))
  t.equal((await scene.send(get())).status, 502)
})
