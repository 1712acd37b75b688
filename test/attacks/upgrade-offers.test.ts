/**
 * Upgrades (R3): undici CVE-2026-1527 (GHSA-4992-7rv2-5pvq) wrote the value of `upgrade` unchecked, so that a CRLF in
 * it began another request; its WebSocket client could be crashed by an upstream, with a length of 64 bits
 * (CVE-2026-1528) or window bits that are none (CVE-2026-2229), and filled by compressed messages (CVE-2026-1526).
 */
import { createHash } from 'node:crypto'
import t from 'tap'
import { headsOf, startRawUpstream } from '../support/wire.ts'
import { dial, listen, startInbound } from '../wire/support.ts'

const offers = [
  ...[
    'h2c',
    'h2',
    'TLS/1.0',
    'websocket/13',
    'websocket, h2c',
    'h2c, websocket',
    'WebSockets',
    'IRC/6.9',
  ],
  ...['"websocket"', 'websocket;q=1', ',websocket', 'x\tGET /evil HTTP/1.1', '\xe4', ''],
]

t.test('no offer but that of a WebSocket is heard, and none goes upstream', async (t) => {
  const upstream = await startRawUpstream(t)
  const scene = await startInbound(t, upstream.port)
  for (const offer of offers)
    for (const connection of ['Upgrade, close', 'close', 'close, Upgrade, HTTP2-Settings']) {
      const lines = `Host: a\r\nConnection: ${connection}\r\nUpgrade: ${offer}\r\nHTTP2-Settings: AAMAAABk\r\n\r\n`
      t.equal((await scene.send(`GET /open/1 HTTP/1.1\r\n${lines}`)).status, 200, offer)
      t.equal((await scene.send(`GET /read/1 HTTP/1.1\r\n${lines}`)).status, 401)
    }
  const heads = headsOf(upstream.received)
  t.equal(heads.length, offers.length * 3)
  for (const { line, headers } of heads) {
    t.equal(line, 'GET /open/1 HTTP/1.1')
    t.notMatch(headers.join('\n'), /upgrade|http2|evil/i)
  }
})

t.test('an offer with a line of its own is no request', async (t) => {
  const upstream = await startRawUpstream(t)
  const scene = await startInbound(t, upstream.port)
  for (const offer of [
    'websocket\r\n\tGET /evil',
    'websocket\rX: 1',
    'websocket\nX: 1',
    'websocket\0',
  ]) {
    const lines = `Host: a\r\nConnection: Upgrade\r\nUpgrade: ${offer}\r\n\r\n`
    const answer = await scene.send(`GET /open/1 HTTP/1.1\r\n${lines}`)
    t.equal(answer.status, 400, JSON.stringify(offer))
  }
  t.same(upstream.received, [])
})

const key = 'dGhlIHNhbXBsZSBub25jZQ=='
const handshake = `Host: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\nSec-WebSocket-Extensions: permessage-deflate\r\n`
const magic = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

/** What a hostile upstream says behind its handshake, and in it. */
const hostile: readonly (readonly [what: string, extensions: string, frame: readonly number[]])[] =
  [
    ['a length of 64 bits', '', [0x82, 0x7f, ...Array.from({ length: 8 }, () => 0xff)]],
    ['a compressed message', '', [0xc1, 0x02, 0x4b, 0x00]],
    ['a masked frame', '', [0x81, 0x81, 1, 2, 3, 4, 5]],
    ['a reserved opcode', '', [0x83, 0x00]],
    ['window bits that are none', 'permessage-deflate; server_max_window_bits=1000', []],
    ['an extension that was not asked for', 'permessage-deflate', [0xc1, 0x02, 0x4b, 0x00]],
  ]

t.test('an upstream that breaks the protocol ends its WebSocket, and nothing else', async (t) => {
  let say: (typeof hostile)[number] = ['', '', []]
  const upstream = await startRawUpstream(t, (socket, text) => {
    const theirs = /sec-websocket-key: (\S+)/i.exec(text)?.[1] ?? ''
    const accept = createHash('sha1')
      .update(theirs + magic)
      .digest('base64')
    const [, extensions, frame] = say
    const more = extensions === '' ? '' : `Sec-WebSocket-Extensions: ${extensions}\r\n`
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n${more}\r\n`,
    )
    socket.write(Buffer.from(frame))
  })
  const scene = await startInbound(
    t,
    upstream.port,
    '  routes: [{ path: /events, methods: [GET], scopes: api/read, websocket: true }]\n',
  )
  const authorization = `Authorization: Bearer ${await scene.token()}\r\n`
  for (const one of hostile) {
    say = one
    const socket = dial(scene.inbound)
    const seen = listen(socket)
    socket.write(`GET /events HTTP/1.1\r\n${handshake}${authorization}\r\n`)
    // accepted, then closed as 1011: the frame 0x88, its length, the code
    const text = await seen.until((sofar) => /\r\n\r\n\x88[^]\x03\xf3/.test(sofar))
    t.match(text, /^HTTP\/1\.1 101 /, one[0])
    t.notMatch(text, /permessage-deflate/)
    socket.destroy()
  }
  t.equal(
    (await scene.send('GET /none HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')).status,
    401,
  )
})
