/** Request bodies: streamed, limited, asked for, left unread; and who is told when something ends early. */
import t from 'tap'
import { headsOf, startRawUpstream } from '../support/wire.ts'
import { closed, dial, eventually, listen, startInbound } from './support.ts'

const codeOf = (text: string) => /"code":"(\w+)"/.exec(text)?.[1]
const upload = (path: string, more: string) => `POST ${path} HTTP/1.1\r\nHost: a\r\n${more}\r\n`

t.test('an upload of any size arrives byte for byte', async (t) => {
  const size = 3_000_001
  const upstream = await startRawUpstream(t, (socket, text) => {
    if (text.endsWith('end!')) socket.write('HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n')
  })
  const scene = await startInbound(t, upstream.port)
  const body = Buffer.alloc(size, 'abcdefg').toString() + 'end!'
  const answer = await scene.send(
    upload('/open/1', `Connection: close\r\nContent-Length: ${body.length}\r\n`) + body,
  )
  t.equal(answer.status, 201)
  const [, received = ''] = upstream.received[0]!.split('\r\n\r\n')
  t.ok(received === body, 'the same bytes')
  t.match(await scene.logged((line) => line['status'] === 201), { bytesIn: body.length })
})

t.test('100 Continue is said when the body is wanted, and not before', async (t) => {
  const upstream = await startRawUpstream(t, (socket, text) => {
    if (text.endsWith('hello')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
  })
  const scene = await startInbound(t, upstream.port)
  const expecting = 'Connection: close\r\nContent-Length: 5\r\nExpect: 100-continue\r\n'
  const socket = dial(scene.inbound)
  const seen = listen(socket)
  socket.write(upload('/open/1', expecting))
  await seen.until((text) => text === 'HTTP/1.1 100 Continue\r\n\r\n')
  socket.write('hello')
  await closed(socket)
  t.match(seen.text(), /^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 200 OK\r\n/)
  t.notMatch(upstream.received[0], /expect/i, 'it is between the downstream and us')

  for (const path of ['/read/1', '/none']) {
    const refused = await scene.send(upload(path, expecting))
    t.match(refused.text, /^HTTP\/1.1 401 /, 'the body is never asked for')
  }
  t.equal(upstream.sockets.length, 1)
})

t.test('an expectation that nobody knows is ignored', async (t) => {
  const upstream = await startRawUpstream(t)
  const scene = await startInbound(t, upstream.port)
  const answer = await scene.send(
    'GET /open/1 HTTP/1.1\r\nHost: a\r\nExpect: tea\r\nConnection: close\r\n\r\n',
  )
  t.equal(answer.status, 200)
})

// H10, R20: 200 MiB of it were read after the 401
t.test('an unauthenticated upload is answered and not swallowed', async (t) => {
  const upstream = await startRawUpstream(t)
  const scene = await startInbound(t, upstream.port)
  const socket = dial(scene.inbound)
  const seen = listen(socket)
  let taken = 0
  socket.write(upload('/read/1', 'Content-Length: 999999999\r\n'))
  const piece = Buffer.alloc(64 * 1024)
  const more = (): void => {
    while (socket.writable && !socket.destroyed) {
      taken += piece.length
      if (!socket.write(piece)) return
    }
  }
  socket.on('drain', more)
  more()
  t.match(await seen.until((text) => text.includes('requestId')), /^HTTP\/1.1 401 /)
  await closed(socket)
  t.match(seen.text(), '\r\nConnection: close\r\n')
  t.ok(taken < 64 * 1024 * 1024, `${taken} bytes were taken`)
  t.same(upstream.received, [])
})

t.test('what follows a refused upload on its connection is not served', async (t) => {
  const upstream = await startRawUpstream(t)
  const scene = await startInbound(t, upstream.port)
  const socket = dial(scene.inbound)
  const seen = listen(socket)
  socket.write(upload('/read/1', 'Content-Length: 5\r\n'))
  await seen.until((text) => text.includes('requestId'))
  socket.write('helloGET /open/1 HTTP/1.1\r\nHost: a\r\n\r\n')
  await closed(socket)
  t.equal(seen.text().match(/HTTP\/1.1 \d/g)?.length, 1)
  t.same(upstream.received, [])
})

t.test(
  'maxBodyBytes refuses stated lengths at once and chunks when they have grown too much',
  async (t) => {
    const upstream = await startRawUpstream(t, (socket, text) => {
      if (text.endsWith('0\r\n\r\n') || text.endsWith('12345678'))
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
    })
    const scene = await startInbound(t, upstream.port, '  limits: { maxBodyBytes: 8B }\n')
    const chunked = 'Connection: close\r\nTransfer-Encoding: chunked\r\n'
    const fits = await scene.send(upload('/open/1', chunked) + '8\r\n12345678\r\n0\r\n\r\n')
    t.equal(fits.status, 200)
    const stated = await scene.send(upload('/open/1', 'Content-Length: 9\r\n'))
    t.match(stated, { status: 413, headers: { connection: 'close' } })
    t.equal(codeOf(stated.text), 'body_too_large')
    t.equal(upstream.sockets.length, 1, 'not even begun')
    const grown = await scene.send(
      upload('/open/1', chunked) + '4\r\n1234\r\n5\r\n56789\r\n0\r\n\r\n',
    )
    t.match(grown, { status: 413, headers: { connection: 'close' } })
    for (const socket of upstream.sockets.slice(1)) await closed(socket)
    t.notMatch(upstream.received.slice(1).join(), '\r\n0\r\n', 'no upstream took it for whole')
  },
)

// H10, R20: it was awaited for ever
t.test('an upload that stalls is 408, and the upstream sees that it is cut', async (t) => {
  const upstream = await startRawUpstream(t, () => undefined)
  const scene = await startInbound(t, upstream.port, '  limits: { bodyIdleTimeout: 60ms }\n')
  const socket = dial(scene.inbound)
  const seen = listen(socket)
  socket.write(upload('/open/1', 'Content-Length: 10\r\n') + 'short')
  await closed(socket)
  t.match(seen.text(), /^HTTP\/1.1 408 /)
  t.equal(codeOf(seen.text()), 'request_timeout')
  await closed(upstream.sockets[0]!)
  t.match(upstream.received[0], /\r\n\r\nshort$/)
})

t.test('an upload that pauses for less goes on', async (t) => {
  const upstream = await startRawUpstream(t, (socket, text) => {
    if (text.endsWith('.....')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
  })
  const scene = await startInbound(t, upstream.port, '  limits: { bodyIdleTimeout: 500ms }\n')
  const socket = dial(scene.inbound)
  const seen = listen(socket)
  socket.write(upload('/open/1', 'Connection: close\r\nContent-Length: 5\r\n'))
  for (let i = 1; i <= 5; i += 1) {
    socket.write('.')
    await eventually(() => upstream.received[0]?.endsWith('.'.repeat(i)) === true)
  }
  await closed(socket)
  t.match(seen.text(), /^HTTP\/1.1 200 /)
})

t.test(
  'an answer before the upload is over reaches the downstream, whose connection then ends',
  async (t) => {
    const upstream = await startRawUpstream(t, (socket, text) => {
      if (text.endsWith('part'))
        socket.write('HTTP/1.1 413 Too Large\r\nContent-Length: 9\r\nX-From: api\r\n\r\ntoo large')
    })
    const scene = await startInbound(t, upstream.port)
    const socket = dial(scene.inbound)
    const seen = listen(socket)
    socket.write(upload('/open/1', 'Content-Length: 999999999\r\n') + 'part')
    await seen.until((text) => text.endsWith('too large'))
    const piece = Buffer.alloc(64 * 1024)
    const more = (): void => {
      while (socket.writable && socket.write(piece));
    }
    socket.on('drain', more)
    more()
    await closed(socket)
    t.match(seen.text(), /^HTTP\/1.1 413 [^]*X-From: api/)
    t.match(seen.text(), '\r\nConnection: close\r\n')
    await closed(upstream.sockets[0]!)
    t.match(await scene.logged((line) => line['status'] === 413), { decision: 'allow' })
  },
)

t.test('an answer may run beside the upload, which goes on to its end', async (t) => {
  const upstream = await startRawUpstream(t, (socket, text) => {
    if (text.endsWith('first')) socket.write('HTTP/1.1 200 OK\r\n\r\nbegun,')
    if (text.endsWith('last!')) socket.end('done')
  })
  const scene = await startInbound(t, upstream.port)
  const socket = dial(scene.inbound)
  const seen = listen(socket)
  const filler = 'x'.repeat(1_000_000)
  socket.write(upload('/open/1', `Content-Length: ${filler.length + 10}\r\n`) + 'first')
  await seen.until((text) => text.includes('begun,'))
  socket.write(`${filler}last!`)
  await closed(socket)
  t.match(seen.text(), /4\r\ndone\r\n0\r\n\r\n$/)
})

t.test('a downstream that goes away frees the upstream, at each stage', async (t) => {
  const upstream = await startRawUpstream(t, (socket, text) => {
    if (text.startsWith('GET /open/body')) socket.write('HTTP/1.1 200 OK\r\n\r\nbegun')
  })
  const scene = await startInbound(
    t,
    `{ url: 'http://127.0.0.1:${upstream.port}', connections: 1 }`,
  )
  const stages: readonly (readonly [string, (upstreamText: string, seen: string) => boolean])[] = [
    [upload('/open/part', 'Content-Length: 10\r\n') + 'part', (text) => text.endsWith('part')],
    ['GET /open/wait HTTP/1.1\r\nHost: a\r\n\r\n', (text) => text.includes('/open/wait')],
    ['GET /open/body HTTP/1.1\r\nHost: a\r\n\r\n', (_, seen) => seen.includes('begun')],
  ]
  for (const [index, [request, isThere]] of stages.entries()) {
    const socket = dial(scene.inbound)
    const seen = listen(socket)
    socket.write(request)
    await eventually(() => isThere(upstream.received[index] ?? '', seen.text()))
    socket.destroy()
    await closed(upstream.sockets[index]!)
  }
  t.equal(upstream.sockets.length, 3, 'each had the only connection')
  t.match(await scene.logged((line) => line['path'] === '/open/part'), { status: 499, bytesIn: 4 })
  t.match(await scene.logged((line) => line['path'] === '/open/wait'), { status: 499 })
  t.match(await scene.logged((line) => line['path'] === '/open/body'), { status: 200 })
})

t.test('requests wait for an upstream connection, in a queue that has an end', async (t) => {
  const upstream = await startRawUpstream(t, () => undefined)
  const scene = await startInbound(
    t,
    `{ url: 'http://127.0.0.1:${upstream.port}', connections: 1, connectTimeout: 30s }`,
  )
  const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`
  const [first, second] = [dial(scene.inbound), dial(scene.inbound)]
  const answers = [listen(first), listen(second)]
  first.write(get('/open/1'))
  await eventually(() => upstream.received[0]?.includes('/open/1') === true)
  // one of these takes the only place, the other is told so
  const rivals = [dial(scene.inbound), dial(scene.inbound)].map((socket) => {
    socket.write(get('/open/rival'))
    return { socket, seen: listen(socket) }
  })
  const refused = await Promise.race(
    rivals.map(({ seen }) => seen.until((text) => text.includes('requestId'))),
  )
  t.match(refused, /^HTTP\/1.1 503 [^]*\r\nRetry-After: \d+\r\n/)
  t.equal(codeOf(refused), 'overloaded')
  for (const { socket } of rivals) socket.destroy()
  await scene.logged((line) => line['path'] === '/open/rival' && line['status'] === 499)
  second.write(get('/open/2'))
  upstream.sockets[0]!.write('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none')
  await answers[0]!.until((text) => text.endsWith('one'))
  await eventually(() => upstream.received[0]!.includes('/open/2'))
  upstream.sockets[0]!.write('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\ntwo')
  await answers[1]!.until((text) => text.endsWith('two'))
  t.same(
    headsOf(upstream.received).map(({ line }) => line),
    ['GET /open/1 HTTP/1.1', 'GET /open/2 HTTP/1.1'],
    'who went away was not sent',
  )
})

t.test('waiting for an upstream connection ends after connectTimeout', async (t) => {
  const upstream = await startRawUpstream(t, () => undefined)
  const scene = await startInbound(
    t,
    `{ url: 'http://127.0.0.1:${upstream.port}', connections: 1, connectTimeout: 50ms }`,
  )
  const holder = dial(scene.inbound)
  holder.write('GET /open/1 HTTP/1.1\r\nHost: a\r\n\r\n')
  await eventually(() => upstream.received[0]?.includes('/open/1') === true)
  const answer = await scene.send('GET /open/2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  t.equal(answer.status, 503)
  t.equal(codeOf(answer.text), 'overloaded')
  holder.destroy()
  t.match(await scene.logged((line) => line['status'] === 503), {
    upstreamError: 'all upstream connections are busy',
  })
})

t.test(
  'an upstream that takes nothing for less than bodyTimeout costs nobody anything',
  async (t) => {
    const size = 20 * 1024 * 1024
    let paused = false
    const upstream = await startRawUpstream(t, (socket) => {
      if (!paused) {
        paused = true
        socket.pause()
        setTimeout(() => socket.resume(), 300)
      }
      if (socket.bytesRead > size) socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
    })
    const scene = await startInbound(
      t,
      upstream.port,
      `  routes: [{ path: /a, methods: [POST], public: true }]
  limits: { bodyIdleTimeout: 100ms }
`,
    )
    const socket = dial(scene.inbound)
    const seen = listen(socket)
    socket.write(
      `POST /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: ${size}\r\n\r\n`,
    )
    socket.write(Buffer.alloc(size))
    await closed(socket)
    t.match(seen.text(), /^HTTP\/1.1 200 /)
  },
)
