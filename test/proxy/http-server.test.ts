/** The server under a listener, apart from what test/wire/tls-listeners.test.ts sees of it. */
import net from 'node:net'
import t from 'tap'
import { createHttpServer } from '../../src/proxy/http-server.ts'
import { seconds, secret } from '../../src/units.ts'
import { makeCertificates } from '../support/certificates.ts'

const place = { kind: 'tcp', host: '127.0.0.1', port: 0 } as const

t.test('a connection whose peer is gone already is handed over like any other', (t) => {
  const { cert, key } = makeCertificates()
  const tls = { cert, key: secret(key), clientCa: undefined, expiresAt: seconds(0) }
  const { server, onConnection } = createHttpServer({ ...place, tls }, {})
  const taken: net.Socket[] = []
  onConnection((socket) => taken.push(socket))
  const socket = new net.Socket()
  server.emit('secureConnection', socket)
  t.same(taken, [socket])
  t.equal(socket.resetAndDestroy(), socket)
  t.ok(socket.destroyed, 'what cannot be reset is closed')
  t.end()
})

t.test('a Unix socket is plain', (t) => {
  const secured = createHttpServer({ kind: 'socket', path: '/s', mode: 0o600 }, {})
  t.notOk('setSecureContext' in secured.server)
  t.end()
})

t.test('a plain listener has nothing to renew and no handshakes', async (t) => {
  const secured = createHttpServer(place, {})
  secured.renew(place)
  secured.endHandshakes()
  t.equal(secured.handshakes(), 0)
  await new Promise<void>((resolve) => {
    secured.server.listen(0, '127.0.0.1', resolve)
  })
  t.ok(secured.server.listening)
  secured.server.close()
})
