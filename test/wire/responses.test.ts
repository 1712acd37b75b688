import { createHash } from 'node:crypto'
import t from 'tap'
import { answerOk, headsOf, startRawUpstream } from '../support/wire.ts'
import { closed, dial, eventually, listen, startInbound } from './support.ts'

const request = (method = 'GET', more = '') =>
  `${method} /open/1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${more}\r\n`

// U1: undici failed them with a mismatch of lengths, and conditional GETs with them
t.test('a 304 and a 204 may state a length', async (t) => {
  for (const status of ['304 Not Modified', '204 No Content']) {
    const upstream = await startRawUpstream(
      t,
      answerOk(`HTTP/1.1 ${status}\r\nContent-Length: 5\r\nETag: "a"\r\n\r\n`),
    )
    const scene = await startInbound(t, upstream.port)
    for (let i = 0; i < 3; i += 1) {
      const answer = await scene.send(request())
      t.match(answer, { status: Number(status.slice(0, 3)), body: '', headers: { etag: '"a"' } })
      t.equal(answer.headers['content-length'], status.startsWith('304') ? '5' : undefined)
    }
    t.notOk(
      scene.log.some((line) => line['reason'] === 'upstream_error'),
      'and is no fault of the upstream',
    )
  }
})

t.test('a 304 without a length leaves the connection usable on both sides', async (t) => {
  const upstream = await startRawUpstream(t, answerOk('HTTP/1.1 304 Not Modified\r\n\r\n'))
  const scene = await startInbound(t, upstream.port)
  const socket = dial(scene.inbound)
  const seen = listen(socket)
  for (let i = 1; i <= 3; i += 1) {
    socket.write('GET /open/1 HTTP/1.1\r\nHost: a\r\n\r\n')
    await seen.until((text) => text.split('HTTP/1.1 304').length === i + 1)
  }
  t.equal(upstream.sockets.length, 1)
  socket.destroy()
})

t.test('HEAD has the length of GET and no body', async (t) => {
  const upstream = await startRawUpstream(
    t,
    answerOk('HTTP/1.1 200 OK\r\nContent-Length: 12345\r\n\r\n'),
  )
  const scene = await startInbound(t, upstream.port)
  const answer = await scene.send(request('HEAD'))
  t.match(answer, { status: 200, body: '', headers: { 'content-length': '12345' } })
  t.equal(headsOf(upstream.received)[0]!.line, 'HEAD /open/1 HTTP/1.1')
})

t.test('our own answer to HEAD has no body either', async (t) => {
  const scene = await startInbound(t, 1)
  const answer = await scene.send(request('HEAD').replace('/open', '/none'))
  t.match(answer, { status: 401, body: '' })
  t.match(Number(answer.headers['content-length']) > 0, true)
})

t.test('early hints go downstream, other interim answers do not', async (t) => {
  const upstream = await startRawUpstream(
    t,
    answerOk(
      'HTTP/1.1 102 Processing\r\n\r\n' +
        'HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nLink: </b.js>; rel=preload\r\nX: y\r\n\r\n' +
        'HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n' +
        'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
    ),
  )
  const scene = await startInbound(t, upstream.port)
  const { text, body } = await scene.send(request())
  t.equal(
    text.slice(0, text.indexOf('HTTP/1.1 200')),
    'HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload, </b.js>; rel=preload\r\n\r\n',
  )
  t.equal(body, 'ok')
  const old = await scene.send(request().replace('HTTP/1.1', 'HTTP/1.0'))
  t.notMatch(old.text, 'HTTP/1.1 103', 'HTTP/1.0 has no interim answers')
})

t.test('early hints that are none of ours to understand do no harm', async (t) => {
  const upstream = await startRawUpstream(
    t,
    answerOk(
      'HTTP/1.1 103 Early Hints\r\nLink: nonsense\r\n\r\n' +
        'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
    ),
  )
  const scene = await startInbound(t, upstream.port)
  t.match(await scene.send(request()), { status: 200, body: 'ok' })
})

t.test('server-sent events arrive one by one, their head first', async (t) => {
  const upstream = await startRawUpstream(t, (socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n')
  })
  const scene = await startInbound(t, upstream.port)
  const socket = dial(scene.inbound)
  const seen = listen(socket)
  socket.write(request())
  await seen.until((text) => text.includes('\r\n\r\n'))
  for (const event of ['data: 1\n\n', 'data: 2\n\n']) {
    upstream.sockets[0]!.write(event)
    await seen.until((text) => text.includes(event))
  }
  socket.destroy()
  await closed(upstream.sockets[0]!)
  t.match(seen.text(), 'text/event-stream')
})

// H4, R16: reply-from relays them, and what Connection nominates (its issue 449 and pull 450)
t.test('hop-by-hop headers of a response end here, everything else passes as it is', async (t) => {
  const upstream = await startRawUpstream(
    t,
    answerOk(
      [
        'HTTP/1.1 200 OK',
        'Connection: X-Private, keep-alive',
        'X-Private: 1',
        'Keep-Alive: timeout=99',
        'Proxy-Authenticate: Basic',
        'Proxy-Authentication-Info: x',
        'Proxy-Connection: keep-alive',
        'TE: trailers',
        'Trailer: X-Late',
        'Upgrade: h2c',
        'Set-Cookie: a=1',
        'Set-Cookie: b=2',
        'Content-Encoding: gzip, br',
        'X-Odd:  café',
        'X-Request-Id: from-upstream',
        'Content-Length: 2',
        '',
        'ok',
      ].join('\r\n'),
    ),
  )
  const scene = await startInbound(t, upstream.port)
  const { text, headers } = await scene.send(request('GET', 'X-Request-Id: mine\r\n'))
  t.same(
    text.split('\r\n').filter((line) => !/^(?:Date|Content-Length|HTTP)/.test(line)),
    [
      'Set-Cookie: a=1',
      'Set-Cookie: b=2',
      'Content-Encoding: gzip, br',
      'X-Odd: caf\xc3\xa9',
      'X-Request-Id: mine',
      'Connection: close',
      '',
      'ok',
    ],
  )
  t.equal(headers['content-length'], '2')
})

t.test('trailers are dropped', async (t) => {
  const upstream = await startRawUpstream(
    t,
    answerOk(
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Late\r\n\r\n2\r\nok\r\n0\r\nX-Late: 1\r\n\r\n',
    ),
  )
  const scene = await startInbound(t, upstream.port)
  const answer = await scene.send(request())
  t.match(answer, { status: 200, body: 'ok' })
  t.notMatch(answer.text, /x-late/i)
})

t.test('a chunked answer to HTTP/1.0 ends with its connection', async (t) => {
  const upstream = await startRawUpstream(
    t,
    answerOk('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n'),
  )
  const scene = await startInbound(t, upstream.port)
  const answer = await scene.send('GET /open/1 HTTP/1.0\r\n\r\n')
  t.match(answer, { status: 200, body: 'ok' })
  t.equal(answer.headers['transfer-encoding'], undefined)
})

// GHSA-mrq3-vjjr-p77c (CVE-2026-25224, fastify): an answer was read as fast as it came, and held
t.test('a reader that pauses stops the upstream: little is held here', async (t) => {
  const size = 64 * 1024 * 1024
  let sent = 0
  const [sentBytes, arrivedBytes] = [createHash('sha256'), createHash('sha256')]
  const upstream = await startRawUpstream(t, (socket) => {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`)
    const more = (): void => {
      while (sent < size) {
        const piece = Buffer.alloc(64 * 1024, `${sent}.`)
        sentBytes.update(piece)
        sent += piece.length
        if (!socket.write(piece)) return
      }
    }
    socket.on('drain', more)
    more()
  })
  const scene = await startInbound(t, upstream.port)
  const socket = dial(scene.inbound)
  socket.write(request())
  socket.once('data', (first: Buffer) => {
    arrivedBytes.update(first.subarray(first.indexOf('\r\n\r\n') + 4))
    socket.pause()
    socket.on('data', (chunk: Buffer) => {
      arrivedBytes.update(chunk)
      // a rest now and then
      if (chunk.length % 7 !== 0) return
      socket.pause()
      setTimeout(() => socket.resume(), 2)
    })
  })
  // flat once the kernel's buffers on both ways are full
  let before = 0
  let looks = 0
  await eventually(() => {
    looks = sent === before ? looks + 1 : 0
    before = sent
    return sent > 0 && looks === 40
  })
  const external = process.memoryUsage().arrayBuffers
  t.ok(sent < size / 2, `${sent} of ${size} bytes left the upstream`)
  t.ok(external < size / 2, `${external} bytes are in buffers`)
  socket.resume()
  await closed(socket)
  t.equal(arrivedBytes.digest('hex'), sentBytes.digest('hex'), 'and in the end all of it arrives')
})

t.test(
  'a reader that takes nothing for bodyIdleTimeout is cut, and the upstream with it',
  async (t) => {
    const upstream = await startRawUpstream(t, (socket) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      const piece = Buffer.alloc(1024 * 1024, 'x')
      const more = (): void => {
        while (socket.writable && socket.write(piece));
      }
      socket.on('drain', more)
      more()
    })
    const scene = await startInbound(t, upstream.port, '  limits: { bodyIdleTimeout: 100ms }\n')
    const socket = dial(scene.inbound)
    socket.write(request())
    socket.once('data', () => socket.pause())
    await eventually(() => upstream.sockets.length === 1)
    await closed(upstream.sockets[0]!)
    t.match(await scene.logged((line) => line['status'] === 200), { reason: 'request_timeout' })
    socket.destroy()
  },
)

t.test('a reader that never takes the end of a whole answer is cut too', async (t) => {
  const size = 8 * 1024 * 1024
  const upstream = await startRawUpstream(t, (socket) => {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`)
    socket.write(Buffer.alloc(size, 'x'))
  })
  const scene = await startInbound(t, upstream.port, '  limits: { bodyIdleTimeout: 100ms }\n')
  const socket = dial(scene.inbound)
  socket.write(request())
  socket.once('data', () => socket.pause())
  t.match(await scene.logged((line) => line['status'] === 200), { reason: 'request_timeout' })
  socket.destroy()
})
