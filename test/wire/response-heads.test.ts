/**
 * undici refuses heads of answers above 16 KB by default (U2). They pass up to 64 KiB (R21); beyond that the answer
 * is a bad one, and costs no more memory.
 */
import t from 'tap'
import { startRawUpstream } from '../support/wire.ts'
import { startInbound } from './support.ts'

const get = 'GET /open/1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'

t.test('a head of 20 KB and one of 60 KB pass byte for byte', async (t) => {
  for (const size of [20_000, 60_000]) {
    const line = `X-Long: ${'x'.repeat(size)}\r\n`
    const upstream = await startRawUpstream(t, (socket) =>
      socket.write(`HTTP/1.1 200 OK\r\n${line}Content-Length: 2\r\n\r\nok`),
    )
    const scene = await startInbound(t, upstream.port)
    const answer = await scene.send(get)
    t.equal(answer.status, 200)
    t.ok(answer.text.includes(line), `${size}`)
  }
})

t.test('a head above 64 KiB is 502, and without end it is no matter of memory', async (t) => {
  const upstream = await startRawUpstream(t, (socket) => {
    socket.write('HTTP/1.1 200 OK\r\n')
    const more = (): void => {
      while (socket.writable && socket.write(`X-More: ${'x'.repeat(4000)}\r\n`));
    }
    socket.on('drain', more)
    more()
  })
  const scene = await startInbound(t, upstream.port)
  const answer = await scene.send(get)
  t.equal(answer.status, 502)
  t.match(JSON.parse(answer.body), { code: 'upstream_error' })
})
