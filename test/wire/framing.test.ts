/** What is no valid request is refused before anything else, and nothing of it reaches the upstream (R19, R20). */
import t from 'tap'
import { answerOk, headsOf, startRawUpstream } from '../support/wire.ts'
import { closed, dial, listen, startInbound } from './support.ts'

const codeOf = (body: string) => (JSON.parse(body) as { code: string }).code
const head = 'Host: a\r\nConnection: close\r\n'

const malformed: readonly (readonly [string, string])[] = [
  ['two Host headers', `GET /open/1 HTTP/1.1\r\n${head}Host: b\r\n\r\n`],
  ['two equal Host headers', `GET /open/1 HTTP/1.1\r\n${head}host: a\r\n\r\n`],
  ['no Host header', 'GET /open/1 HTTP/1.1\r\nConnection: close\r\n\r\n'],
  ['a Host that is none', 'GET /open/1 HTTP/1.1\r\nHost: a/b\r\nConnection: close\r\n\r\n'],
  ['a Host with userinfo', 'GET /open/1 HTTP/1.1\r\nHost: u@a\r\nConnection: close\r\n\r\n'],
  ['a Host list', 'GET /open/1 HTTP/1.1\r\nHost: a, b\r\nConnection: close\r\n\r\n'],
  [
    'two lengths',
    `POST /open/1 HTTP/1.1\r\n${head}Content-Length: 2\r\nContent-Length: 3\r\n\r\nok!`,
  ],
  [
    'two equal lengths',
    `POST /open/1 HTTP/1.1\r\n${head}Content-Length: 2\r\ncontent-length: 2\r\n\r\nok`,
  ],
  ['a list of lengths', `POST /open/1 HTTP/1.1\r\n${head}Content-Length: 2, 2\r\n\r\nok`],
  ['a signed length', `POST /open/1 HTTP/1.1\r\n${head}Content-Length: +2\r\n\r\nok`],
  ['a hexadecimal length', `POST /open/1 HTTP/1.1\r\n${head}Content-Length: 0x2\r\n\r\nok`],
  [
    'a length and chunks',
    `POST /open/1 HTTP/1.1\r\n${head}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  ],
  [
    'chunks and a length',
    `POST /open/1 HTTP/1.1\r\n${head}Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n`,
  ],
  [
    'an encoding that is not chunked',
    `POST /open/1 HTTP/1.1\r\n${head}Transfer-Encoding: gzip\r\n\r\nok`,
  ],
  [
    'an encoding before chunked',
    `POST /open/1 HTTP/1.1\r\n${head}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
  ],
  [
    'an encoding behind chunked',
    `POST /open/1 HTTP/1.1\r\n${head}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`,
  ],
  [
    'chunked twice',
    `POST /open/1 HTTP/1.1\r\n${head}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  ],
  ['identity', `POST /open/1 HTTP/1.1\r\n${head}Transfer-Encoding: identity\r\n\r\n`],
  [
    'chunked with a vertical tab',
    `POST /open/1 HTTP/1.1\r\n${head}Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n`,
  ],
  [
    'chunked on HTTP/1.0',
    `POST /open/1 HTTP/1.0\r\n${head}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  ],
  ['a space before the colon', `POST /open/1 HTTP/1.1\r\n${head}Content-Length : 2\r\n\r\nok`],
  ['a folded header', `GET /open/1 HTTP/1.1\r\n${head}X-A: 1\r\n 2\r\n\r\n`],
  ['a header without a name', `GET /open/1 HTTP/1.1\r\n${head}: 1\r\n\r\n`],
  ['a NUL in a header', `GET /open/1 HTTP/1.1\r\n${head}X-A: a\0b\r\n\r\n`],
  ['a bare CR in a header', `GET /open/1 HTTP/1.1\r\n${head}X-A: a\rb\r\n\r\n`],
  ['a bare LF at the end of a header', `GET /open/1 HTTP/1.1\r\n${head}X-A: a\nX-B: b\r\n\r\n`],
  ['no version', `GET /open/1\r\n${head}\r\n`],
  ['HTTP/0.9', `GET /open/1 HTTP/0.9\r\n${head}\r\n`],
  ['HTTP/1.2', `GET /open/1 HTTP/1.2\r\n${head}\r\n`],
  ['HTTP/2.0', `GET /open/1 HTTP/2.0\r\n${head}\r\n`],
  ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['another protocol', 'GET /open/1 FTP/1.0\r\n\r\n'],
  ['an unknown method', `BREW /open/1 HTTP/1.1\r\n${head}\r\n`],
  ['a method in lower case', `get /open/1 HTTP/1.1\r\n${head}\r\n`],
  ['a space in the target', `GET /open/1 2 HTTP/1.1\r\n${head}\r\n`],
  ['a TLS hello', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
  [
    'two Authorization headers',
    `GET /open/1 HTTP/1.1\r\n${head}Authorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n`,
  ],
]

t.test('a malformed request is 400, and its connection closes', async (t) => {
  const upstream = await startRawUpstream(t)
  const scene = await startInbound(t, upstream.port)
  for (const [what, bytes] of malformed) {
    const answer = await scene.send(bytes)
    t.equal(answer.status, 400, what)
    t.equal(codeOf(answer.body), 'invalid_request', what)
    t.match(answer.headers, {
      'www-authenticate': 'Bearer realm="scopegate", error="invalid_request"',
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      connection: 'close',
    })
  }
  t.same(upstream.received, [])
})

t.test('what a malformed request was followed by is never served', async (t) => {
  const upstream = await startRawUpstream(t)
  const scene = await startInbound(t, upstream.port)
  for (const [what, bytes] of malformed) {
    const keeping = bytes.replace('Connection: close\r\n', '')
    const { text } = await scene.send(`${keeping}GET /open/smuggled HTTP/1.1\r\n${head}\r\n`)
    t.equal(text.match(/HTTP\/1.1 \d/g)?.length, 1, `one answer to ${what}`)
  }
  t.same(upstream.received, [])
})

t.test('targets in other forms are 400, whatever they name', async (t) => {
  const upstream = await startRawUpstream(t)
  const scene = await startInbound(t, upstream.port)
  for (const target of [
    'http://a/open/1',
    'https://a/open/1',
    '*',
    'a:80',
    '//a/open/1',
    '/open/\x80',
  ])
    for (const method of ['GET', 'OPTIONS']) {
      const answer = await scene.send(`${method} ${target} HTTP/1.1\r\n${head}\r\n`)
      t.equal(answer.status, 400, `${method} ${target}`)
    }
  t.same(upstream.received, [])
})

t.test('CONNECT and TRACE are 405 with Allow, on every route', async (t) => {
  const upstream = await startRawUpstream(t)
  const scene = await startInbound(t, upstream.port)
  for (const line of ['CONNECT a:443', 'CONNECT /open/1', 'TRACE /open/1', 'TRACE /none']) {
    const answer = await scene.send(`${line} HTTP/1.1\r\n${head}\r\n`)
    t.equal(answer.status, 405, line)
    t.match(answer.headers, { allow: /GET, HEAD/ })
    t.equal(codeOf(answer.body), 'method_refused')
  }
  t.same(upstream.received, [])
})

t.test('heads beyond the limits are 414 and 431', async (t) => {
  const upstream = await startRawUpstream(t)
  const limits = '  limits: { maxTargetBytes: 1KiB, maxHeaderBytes: 2KiB, maxHeaders: 20 }\n'
  const scene = await startInbound(t, upstream.port, limits)
  const get = (target: string, more = '') => `GET ${target} HTTP/1.1\r\n${head}${more}\r\n`
  const cases: readonly (readonly [string, number, string])[] = [
    [get(`/open/${'a'.repeat(1024 - 6)}`), 200, ''],
    [get(`/open/${'a'.repeat(1024 - 5)}`), 414, 'target_too_long'],
    [get(`/open/${'a'.repeat(4000)}`), 414, 'target_too_long'],
    [get('/open/1', `X: ${'x'.repeat(1900)}\r\n`), 200, ''],
    [get('/open/1', `X: ${'x'.repeat(2048)}\r\n`), 431, 'headers_too_large'],
    [get('/open/1', `X: ${'x'.repeat(8000)}\r\n`), 431, 'headers_too_large'],
    [get('/open/1', 'x: y\r\n'.repeat(18)), 200, ''],
    [get('/open/1', 'x: y\r\n'.repeat(19)), 431, 'headers_too_large'],
  ]
  for (const [request, status, code] of cases) {
    const answer = await scene.send(request)
    t.equal(answer.status, status, request.slice(0, 30))
    if (code !== '') t.equal(codeOf(answer.body), code)
  }
  t.equal(headsOf(upstream.received).length, 3)
})

t.test('of 2,500 headers none is dropped silently: the request is refused', async (t) => {
  const upstream = await startRawUpstream(t)
  const scene = await startInbound(t, upstream.port, '  limits: { maxHeaderBytes: 64KiB }\n')
  const lines = 'x: y\r\n'.repeat(2500)
  const answer = await scene.send(`GET /open/1 HTTP/1.1\r\n${head}${lines}\r\n`)
  t.equal(answer.status, 431)
  t.same(upstream.received, [])
})

// H10, R20: fastify waits 60 s for a head and for ever for a request
t.test('a head that drips and a silent connection are 408 within headersTimeout', async (t) => {
  const scene = await startInbound(t, 1, '  limits: { headersTimeout: 100ms }\n')
  for (const begin of ['GET /open/1 HTTP/1.1\r\n', '']) {
    const socket = dial(scene.inbound)
    const seen = listen(socket)
    socket.write(begin)
    const drip = setInterval(() => {
      if (begin !== '') socket.write('x: y\r\n')
    }, 20)
    await closed(socket)
    clearInterval(drip)
    t.match(seen.text(), /^HTTP\/1.1 408 [^]*"code":"request_timeout"/)
  }
})

t.test('connections beyond maxConnections are closed, and places come back', async (t) => {
  const upstream = await startRawUpstream(t)
  const scene = await startInbound(
    t,
    upstream.port,
    '  limits: { maxConnections: 1, headersTimeout: 10m }\n',
  )
  const first = dial(scene.inbound)
  const seen = listen(first)
  first.write('GET /open/1 HTTP/1.1\r\nHost: a\r\n\r\n')
  await seen.until((text) => text.endsWith('ok'))
  const second = dial(scene.inbound)
  second.resume()
  await closed(second)
  first.destroy()
  await scene.logged((line) => line['status'] === 200)
  let answer = await scene.send(`GET /open/1 HTTP/1.1\r\n${head}\r\n`)
  while (answer.status !== 200) answer = await scene.send(`GET /open/1 HTTP/1.1\r\n${head}\r\n`)
  t.equal(answer.body, 'ok')
})

t.test('a connection that is idle for keepAliveTimeout is closed', async (t) => {
  const upstream = await startRawUpstream(t)
  const scene = await startInbound(t, upstream.port, '  limits: { keepAliveTimeout: 50ms }\n')
  const socket = dial(scene.inbound)
  const seen = listen(socket)
  socket.write('GET /open/1 HTTP/1.1\r\nHost: a\r\n\r\n')
  await closed(socket)
  t.match(seen.text(), /^HTTP\/1.1 200 /)
})

t.test('pipelined requests are all judged and answered in order', async (t) => {
  const upstream = await startRawUpstream(t)
  const scene = await startInbound(t, upstream.port)
  const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`
  const { text } = await scene.send(
    get('/open/1') + get('/read/1') + `GET /open/2 HTTP/1.1\r\n${head}\r\n`,
  )
  t.same(text.match(/HTTP\/1.1 \d+/g), ['HTTP/1.1 200', 'HTTP/1.1 401', 'HTTP/1.1 200'])
  t.same(
    headsOf(upstream.received)
      .map(({ line }) => line)
      .sort(),
    ['GET /open/1 HTTP/1.1', 'GET /open/2 HTTP/1.1'],
  )
})

/** What comes behind a request in flight is answered in its turn, and takes nothing from the one before. */
const followers: readonly (readonly [string, string, string])[] = [
  ['garbage', 'garbage\r\n\r\n', '400'],
  ['CONNECT', `CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n`, '405'],
  [
    'a WebSocket handshake',
    'GET /open/2 HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n',
    '403',
  ],
  [
    'an offer of h2c',
    'GET /open/2 HTTP/1.1\r\nHost: a\r\nConnection: upgrade, close\r\nUpgrade: h2c\r\n\r\n',
    '200',
  ],
]

for (const [what, bytes, status] of followers)
  t.test(`${what} behind a request in flight is answered in its turn`, async (t) => {
    const upstream = await startRawUpstream(t, (socket, text) =>
      socket.write(
        text.includes('/open/2')
          ? 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
          : 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nbegun',
      ),
    )
    const scene = await startInbound(t, upstream.port)
    const socket = dial(scene.inbound)
    const seen = listen(socket)
    socket.write('GET /open/1 HTTP/1.1\r\nHost: a\r\n\r\n')
    await seen.until((text) => text.includes('begun'))
    socket.write(bytes)
    // whenever it is read, before or after, the answers are the same
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
    upstream.sockets[0]!.write('ended')
    await closed(socket)
    t.same(seen.text().match(/HTTP\/1.1 \d+/g), ['HTTP/1.1 200', `HTTP/1.1 ${status}`])
    t.match(seen.text(), 'begunended')
    t.match(await scene.logged((line) => line['path'] === '/open/1'), { status: 200 })
  })

t.test('a connection serves one request at a time; the next one waits for its turn', async (t) => {
  const upstream = await startRawUpstream(t, () => undefined)
  const scene = await startInbound(t, upstream.port)
  const socket = dial(scene.inbound)
  const seen = listen(socket)
  const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`
  socket.write(get('/open/1') + get('/open/2') + get('/open/3'))
  while (upstream.sockets.length === 0) await new Promise(setImmediate)
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
  t.equal(headsOf(upstream.received).length, 1)
  upstream.sockets[0]!.write('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none')
  await seen.until((text) => text.endsWith('one'))
  while (headsOf(upstream.received).length === 1) await new Promise(setImmediate)
  socket.destroy()
  for (const path of ['/open/1', '/open/2'])
    t.match(await scene.logged((line) => line['path'] === path), { path })
  for (const one of upstream.sockets) await closed(one)
  t.notMatch(upstream.received.join(''), '/open/3')
})

t.test('chunks are read strictly: a bad one ends the request everywhere', async (t) => {
  const upstream = await startRawUpstream(t, () => undefined)
  const scene = await startInbound(t, upstream.port)
  for (const chunk of [
    'zz\r\n',
    '-1\r\n',
    '0x2\r\nok\r\n',
    '2 \nok\r\n',
    '2\r\nokXX',
    'fffffffffffffffff\r\n',
  ]) {
    const socket = dial(scene.inbound)
    const seen = listen(socket)
    const before = upstream.sockets.length
    socket.write(
      `POST /open/1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n`,
    )
    while (upstream.sockets.length === before) await new Promise(setImmediate)
    socket.write(chunk)
    await closed(socket)
    t.match(seen.text(), /^HTTP\/1.1 400 [^]*invalid_request/, chunk)
    await closed(upstream.sockets[before]!)
    t.notMatch(upstream.received[before], '\r\n0\r\n', 'the upstream sees that the end is missing')
  }
})

t.test('each request body arrives with its framing made anew', async (t) => {
  const upstream = await startRawUpstream(t, answerOk())
  const scene = await startInbound(t, upstream.port)
  await scene.send(
    `POST /open/1 HTTP/1.1\r\n${head}Transfer-Encoding: Chunked\r\nTrailer: X-T\r\n\r\n2;ext="a"\r\nok\r\n3\r\nay!\r\n0\r\nX-T: 1\r\n\r\n`,
  )
  t.match(upstream.received[0], /\r\ntransfer-encoding: chunked\r\n/i)
  t.match(upstream.received[0], /\r\n\r\n[^]*ok[^]*ay![^]*\r\n0\r\n\r\n$/)
  t.notMatch(upstream.received[0], /X-T|ext=|content-length/i)
  await scene.send(`DELETE /open/1 HTTP/1.1\r\n${head}Content-Length: 2\r\n\r\nok`)
  t.match(upstream.received[1], /\r\ncontent-length: 2\r\n[^]*\r\nok$/i)
  await scene.send(`GET /open/1 HTTP/1.1\r\n${head}Content-Length: 2\r\n\r\nok`)
  t.match(upstream.received.at(-1), /\r\ncontent-length: 2\r\n[^]*\r\nok$/i)
  await scene.send(`POST /open/1 HTTP/1.1\r\n${head}Content-Length: 0\r\n\r\n`)
  t.match(upstream.received.at(-1), /\r\ncontent-length: 0\r\n[^]*\r\n$/i)
})
