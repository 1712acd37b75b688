import { once } from 'node:events'
import t from 'tap'
import { startRawUpstream } from '../support/wire.ts'
import { dial, listen, startInbound } from '../wire/support.ts'

/** What a process that is busy elsewhere does to timers: they ring late, and before any socket is read. */
function block(time: number): void {
  const end = performance.now() + time
  while (performance.now() < end);
}

t.test('what arrived while the process was busy is no pause', async (t) => {
  const upstream = await startRawUpstream(t, (socket, text) => {
    if (text.endsWith('\r\n\r\nab')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n')
    if (text.endsWith('\r\n\r\nab')) socket.write('o')
  })
  const routes = `  routes: [{ path: /a, methods: [POST], public: true, timeouts: { body: 300ms } }]
  limits: { bodyIdleTimeout: 300ms }
`
  const scene = await startInbound(t, upstream.port, routes)
  const socket = dial(scene.inbound)
  const seen = listen(socket)
  socket.write('POST /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\n\r\na')
  while (!upstream.received[0]?.endsWith('a')) await new Promise(setImmediate)
  socket.write('b')
  block(400)
  await seen.until((text) => text.endsWith('\r\n\r\no'))
  upstream.sockets[0]!.write('k')
  block(400)
  await once(socket, 'close')
  t.match(seen.text(), /^HTTP\/1.1 200 OK[^]*\r\n\r\nok$/)
})
