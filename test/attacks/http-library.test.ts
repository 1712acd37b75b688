/**
 * What the libraries below us did to other proxies, tried against ours (HAZARDS §2 and §3; R15, R16, R18, R19, R26,
 * R27). Each test names the advisory that it keeps from coming back.
 */
import { createHash } from 'node:crypto'
import t from 'tap'
import { answerOk, headsOf, startRawUpstream } from '../support/wire.ts'
import { closed, dial, listen, startInbound } from '../wire/support.ts'

const close = 'Host: a\r\nConnection: close\r\n'
const get = (more = '', path = '/open/1') => `GET ${path} HTTP/1.1\r\n${close}${more}\r\n`
const post = (more: string, body: string) =>
  `POST /open/1 HTTP/1.1\r\n${close}${more}Content-Length: ${body.length}\r\n\r\n${body}`

// Node CVE-2026-21710: a header of this name made `headersDistinct` throw, and the process end (R27)
t.test('names out of the prototype are headers like any other', async (t) => {
  const upstream = await startRawUpstream(t)
  const scene = await startInbound(t, upstream.port)
  for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
    const answer = await scene.send(get(`${name}: 1\r\n${name}: 2\r\n`))
    t.equal(answer.status, 200, name)
    const { headers } = headsOf(upstream.received).at(-1)!
    t.same(
      headers.filter((line) => line.startsWith(name)),
      [`${name}: 1`, `${name}: 2`],
    )
  }
})

// CVE-2024-22019 (chunk extensions without end), CVE-2024-27982 (a space before Content-Length), CVE-2022-32213
// (Transfer-Encoding in other forms), CVE-2020-8287 (two copies of it), CVE-2026-1527 / GHSA-4992-7rv2-5pvq (CR and
// LF through `Upgrade`)
t.test('framing that Node once took is refused, and what follows it is nobody’s', async (t) => {
  const smuggled = 'GET /open/smuggled HTTP/1.1\r\nHost: a\r\n\r\n'
  const chunked = 'Transfer-Encoding: chunked\r\n'
  const start = `POST /open/1 HTTP/1.1\r\n${close}`
  const refused = {
    'chunk extensions': `${start}${chunked}\r\n1;${'a=b;'.repeat(8000)}\r\nx\r\n0\r\n\r\n`,
    'a length behind a space': `${start}X: y\r\n Content-Length: 5\r\n\r\nhello`,
    'a length in a folded line': `${start}Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n`,
    'chunked in a list': `${start}Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n`,
    'two encodings': `${start}${chunked}Transfer-Encoding: x\r\n\r\n0\r\n\r\n`,
    'a CR in Upgrade': `${start}Upgrade: websocket\rX: y\r\n\r\n`,
    'an LF in Upgrade': `${start}Upgrade: websocket\n X: y\r\n\r\n`,
  }
  for (const [what, bytes] of Object.entries(refused)) {
    const upstream = await startRawUpstream(t, answerOk())
    const scene = await startInbound(t, upstream.port)
    const answer = await scene.send(bytes + smuggled)
    t.equal(answer.status, 400, what)
    t.match(JSON.parse(answer.body), { code: 'invalid_request' })
    t.equal(answer.text.match(/HTTP\/1.1 \d/g)?.length, 1)
    t.notMatch(upstream.received.join(), /smuggled|\r\n0\r\n/, 'nothing whole went up')
  }
})

// undici CVE-2026-1525 / GHSA-2mjp-6q6p-2qxm: two lengths that differ in the case of their names
t.test('one length goes up, in whatever case it came', async (t) => {
  const upstream = await startRawUpstream(t)
  const scene = await startInbound(t, upstream.port)
  for (const name of ['content-length', 'CONTENT-LENGTH', 'cOnTeNt-LeNgTh']) {
    const request = post('', 'hello').replace('Content-Length', name)
    t.equal((await scene.send(request)).status, 200)
    const { headers } = headsOf(upstream.received).at(-1)!
    t.equal(headers.filter((line) => /content.length|transfer.encoding/i.test(line)).length, 1)
  }
  const count = upstream.received.join().length
  for (const other of ['content-length: 5', 'content-length: 4', 'CONTENT-LENGTH: 6'])
    t.equal((await scene.send(post(`${other}\r\n`, 'hello'))).status, 400, other)
  t.equal(upstream.received.join().length, count, 'and nothing more')
})

// fastify GHSA-jx2c-rxcm-jvmq, GHSA-573f-x89g-hqp9, CVE-2026-33806, CVE-2025-32442: a body was read as another type
// than the one declared, or not at all; here it was 415 for what an upstream might take (H9)
t.test('no Content-Type is read, and no body: they pass as they are', async (t) => {
  const upstream = await startRawUpstream(t)
  const scene = await startInbound(t, upstream.port)
  const body = '{"a":1,"a":2,"__proto__":{}'
  const types = ['application/json garbage', 'application/json; charset=x', 'a', ';', '\xff/\t', '']
  for (const type of types) {
    const line = `Content-Type: ${type}`.trim()
    t.equal((await scene.send(post(`${line}\r\nContent-Type: text/plain\r\n`, body))).status, 200)
    const seen = upstream.received.at(-1)!
    t.ok(seen.includes(`\r\n${line}`) && seen.endsWith(body), JSON.stringify(type))
  }
})

// undici CVE-2026-22036: as many layers of compression were undone as an upstream named
t.test('nothing is decoded, however often it says that it is encoded', async (t) => {
  const layers = `${'gzip, '.repeat(1000)}br`
  const upstream = await startRawUpstream(
    t,
    answerOk(`HTTP/1.1 200 OK\r\nContent-Encoding: ${layers}\r\nContent-Length: 3\r\n\r\nraw`),
  )
  const scene = await startInbound(t, upstream.port)
  t.match(await scene.send(get()), { body: 'raw', headers: { 'content-encoding': layers } })
})

// undici and reply-from made ordinary headers of clients a 500 (H3)
t.test('what clients say about their connection is no fault', async (t) => {
  const upstream = await startRawUpstream(t)
  const scene = await startInbound(t, upstream.port)
  for (const more of ['Keep-Alive: timeout=5', 'Upgrade: h2c', 'Expect: 100-continue', 'TE: gzip'])
    t.match(await scene.send(post(`${more}\r\n`, 'ok')), { status: 200, body: 'ok' }, more)
  t.notMatch(upstream.received.join(), /\r\n(?:keep-alive|upgrade|expect|te):/i)
})

// what stands in a query is in no log line, and neither is what a password would be (H14, R26)
t.test('tokens in a query are judged by nobody and told to nobody but the upstream', async (t) => {
  const upstream = await startRawUpstream(t)
  const scene = await startInbound(t, upstream.port)
  const token = await scene.token()
  t.equal((await scene.send(get('', `/read/1?access_token=${token}`))).status, 401)
  t.equal((await scene.send(get('', `/open/1?access_token=${token}`))).status, 200)
  await scene.logged((line) => line['status'] === 200)
  t.same(new Set(scene.log.flatMap((line) => line['path'] ?? [])), new Set(['/read/1', '/open/1']))
  t.ok(headsOf(upstream.received)[0]!.line.includes(`?access_token=${token} `))
})

// undici's WebSocket client: CVE-2026-1526 (a small message that inflates without end), CVE-2026-2229 (a window size
// that ended the process), CVE-2026-1528 (a length of 64 bits, likewise)
t.test('an upstream’s WebSocket is offered no compression and harms nobody', async (t) => {
  const key = 'dGhlIHNhbXBsZSBub25jZQ=='
  const bomb = Buffer.from([0xc1, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])
  const extensions = ['permessage-deflate; server_max_window_bits=1000', 'permessage-deflate', '']
  for (const extension of extensions) {
    const upstream = await startRawUpstream(t, (socket, text) => {
      const asked = /\r\nsec-websocket-key: (\S+)/i.exec(text)?.[1]
      if (asked === undefined) return
      const accept = createHash('sha1').update(`${asked}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
      socket.write(
        'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n' +
          (extension === '' ? '' : `Sec-WebSocket-Extensions: ${extension}\r\n`) +
          `Sec-WebSocket-Accept: ${accept.digest('base64')}\r\n\r\n`,
      )
      socket.write(bomb)
    })
    const scene = await startInbound(
      t,
      upstream.port,
      '  routes: [{ path: /ws, methods: [GET], public: true, websocket: true }]\n',
    )
    const socket = dial(scene.inbound)
    const seen = listen(socket)
    socket.write(
      'GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: upgrade\r\n' +
        `Sec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\n` +
        'Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n',
    )
    await seen.until((text) => /\r\n\r\n\x88/.test(text))
    socket.destroy()
    await closed(upstream.sockets[0]!)
    t.notMatch(upstream.received[0], /sec-websocket-extensions/i, extension)
    t.equal((await scene.send(get('', '/none'))).status, 401, 'and the process goes on')
  }
})
