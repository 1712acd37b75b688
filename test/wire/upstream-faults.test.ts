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
  ['has a status below 100', 'HTTP/1.1 042 Odd\r\nContent-Length: 0\r\n\r\n'],
  ['has two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok'],
  [
    'has a length and is chunked',
    'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
  ],
  ['changes protocols unasked', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'],
  ['asks to continue though nobody offered it', 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'],
  ['has a head beyond 64 KiB', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(70_000)}\r\nContent-Length: 2\r\n\r\nok`],
  ['has a control character in a header', 'HTTP/1.1 200 OK\r\nX: a\x01b\r\nContent-Length: 2\r\n\r\nok'],
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
