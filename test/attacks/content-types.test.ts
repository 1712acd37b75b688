/**
 * A proxy that reads bodies or their types disagrees with who is behind it (H9, R18):
 * - fastify GHSA-jx2c-rxcm-jvmq, GHSA-573f-x89g-hqp9, CVE-2026-33806, CVE-2025-32442: a content type was parsed
 *   otherwise than by the schema or the application that relied on it
 * - undici CVE-2026-22036: any number of content codings was decoded, one within the other
 * - undici CVE-2026-2581: an interceptor against duplicates held whole bodies and joined requests
 */
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { startRawUpstream } from '../support/wire.ts'
import { startStrictUpstream } from '../support/strict.ts'
import { startInbound } from '../wire/support.ts'

const types = [
  'application/json garbage',
  'application/json;',
  'application/json; charset=utf-7; charset=utf-8',
  'APPLICATION/JSON\t; a=b',
  'application/json\ta',
  'application/json, text/plain',
  'application/x-www-form-urlencoded; boundary=a',
  'multipart/form-data',
  'multipart/form-data; boundary=""',
  'text/plain;;;=',
  '/',
  ';application/json',
  '\xe4/\xf6',
  '',
]

t.test('no content type is looked at, and no body', async (t) => {
  const upstream = await startStrictUpstream(t)
  const scene = await startInbound(t, upstream.port)
  for (const type of types)
    for (const body of ['{"a":', '\0\xff\xfe', '--\r\n\r\n', '{"__proto__":{"a":1}}']) {
      const { status } = await scene.send(
        `POST /open/1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      )
      t.equal(status, 200, type)
      const seen = upstream.requests.at(-1)!
      t.equal(seen.body, body)
      t.same(
        seen.headers.filter(([name]) => name === 'content-type'),
        [['content-type', type]],
      )
    }
  t.same(upstream.faults, [])
})

t.test('nothing is decoded or encoded on its way, however often it says to be', async (t) => {
  const zipped = gzipSync(gzipSync('x'.repeat(100_000))).toString('latin1')
  const coding = `Content-Encoding: ${'gzip, '.repeat(200)}br`
  const answer = Buffer.from(
    `HTTP/1.1 200 OK\r\n${coding}\r\nContent-Length: ${zipped.length}\r\n\r\n${zipped}`,
    'latin1',
  )
  const upstream = await startRawUpstream(t, (socket) => socket.write(answer))
  const scene = await startInbound(t, upstream.port)
  const seen = await scene.send(
    'GET /open/1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAccept-Encoding: x-unknown\r\n\r\n',
  )
  t.equal(seen.status, 200)
  t.equal(seen.headers['content-encoding'], coding.slice(18))
  t.equal(seen.body, zipped)
  t.match(upstream.received[0], 'Accept-Encoding: x-unknown\r\n')
})

t.test('equal requests at the same time are as many upstream', async (t) => {
  const upstream = await startRawUpstream(t, () => undefined)
  const scene = await startInbound(t, upstream.port)
  const get = 'GET /open/1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'
  const answers = Promise.all(Array.from({ length: 5 }, () => scene.send(get)))
  while (upstream.sockets.length < 5) await new Promise(setImmediate)
  upstream.sockets.forEach((socket, index) => {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n${index}`)
  })
  t.same((await answers).map(({ body }) => body).sort(), ['0', '1', '2', '3', '4'])
})
