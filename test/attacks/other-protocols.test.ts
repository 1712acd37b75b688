/**
 * node:http takes RTSP and ICE for HTTP and serves them (H6): what is no HTTP/1.0 or HTTP/1.1 is refused, and its
 * connection closes (R19). No parser between the two ends may think that another protocol begins here.
 */
import type { IncomingMessage } from 'node:http'
import t from 'tap'
import { saysOtherProtocol } from '../../src/proxy/protocol.ts'
import { headsOf, startRawUpstream } from '../support/wire.ts'
import { dial, listen, startInbound } from '../wire/support.ts'

const lines = [
  'GET /open/1 RTSP/1.0',
  'POST /open/1 RTSP/1.0',
  'OPTIONS /open/1 RTSP/1.0',
  '\r\nGET  /open/1  RTSP/1.0',
  'SETUP /open/1 RTSP/1.0',
  'DESCRIBE /open/1 RTSP/1.1',
  'SOURCE /open/1 ICE/1.0',
  'SOURCE /open/1 ICE/0.9',
  'GET /open/1 RTSP/2.0',
  'GET /open/1 RTSP/0.9',
  'GET /open/1 HTTPS/1.1',
  'GET /open/1 http/1.1',
  'GET /open/1 SIP/2.0',
]
const anyMethod = '  routes:\n    - { path: /open/**, authenticated: true }\n'

t.test('a request line of another protocol is 400, the last of its connection', async (t) => {
  const upstream = await startRawUpstream(t)
  const scene = await startInbound(t, upstream.port, anyMethod)
  const authorization = `Authorization: Bearer ${await scene.token()}`
  for (const line of lines) {
    const head = `Host: a\r\nConnection: keep-alive\r\n${authorization}\r\n\r\n`
    const answer = await scene.send(`${line}\r\n${head}GET /open/1 HTTP/1.0\r\n${head}`)
    t.equal(answer.status, 400, line)
    t.match(JSON.parse(answer.body), { code: 'invalid_request' })
    t.equal(answer.headers['connection'], 'close')
    t.equal(answer.text.match(/HTTP\/1\.1 \d/g)?.length, 1, 'and nothing behind it')
  }
  t.same(upstream.received, [])
  t.equal((await scene.send(`GET /open/1 HTTP/1.0\r\n${authorization}\r\n\r\n`)).status, 200)
})

t.test('what quotes another protocol is no such request', async (t) => {
  const upstream = await startRawUpstream(t)
  const scene = await startInbound(t, upstream.port)
  for (const request of [
    'GET /open/RTSP/1.0 HTTP/1.0\r\n\r\n',
    'GET /open/1 HTTP/1.0\r\nX: GET /open/1 RTSP/1.0\r\n\r\n',
    'POST /open/1 HTTP/1.0\r\nContent-Length: 22\r\n\r\nGET /open/1 RTSP/1.0\r\n',
    '\r\n\r\nGET /open/1 HTTP/1.0\r\n\r\n',
  ])
    t.equal((await scene.send(request)).status, 200, request)
})

t.test('in pieces, or behind another, it is judged and goes on as HTTP/1.1', async (t) => {
  const upstream = await startRawUpstream(t)
  const scene = await startInbound(t, upstream.port)
  const socket = dial(scene.inbound)
  const seen = listen(socket)
  for (const piece of ['GET /read/1 RT', 'SP/1.0\r\n', 'Connection: keep-alive\r\n\r', '\n']) {
    socket.write(piece)
    await new Promise(setImmediate)
  }
  await seen.until((text) => text.includes('missing_token') || text.includes('invalid_request'))
  t.same(upstream.received, [], 'it is judged as what it is to us')
  const { text } = await scene.send(
    'GET /open/1 HTTP/1.1\r\nHost: a\r\n\r\nGET /open/2 RTSP/1.0\r\n\r\n',
  )
  t.same(text.match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 200', 'HTTP/1.1 200'])
  for (const { line } of headsOf(upstream.received)) t.match(line, /^GET \/open\/\d HTTP\/1\.1$/)
})

t.test('a Node without the view into its parser refuses nothing for it', (t) => {
  for (const socket of [{}, { parser: null }, { parser: {} }]) {
    const req = { httpVersion: '1.0', socket } as unknown as IncomingMessage
    t.equal(saysOtherProtocol(req), false)
  }
  t.end()
})
