import type { IncomingMessage } from 'node:http'
import t from 'tap'
import { createForwarded } from '../../src/proxy/forwarded.ts'

const from = (remoteAddress: string | undefined, rawHeaders: string[] = []) =>
  ({ socket: { remoteAddress }, headers: {}, rawHeaders }) as unknown as IncomingMessage

t.test('the peer is named as it is, IPv4 behind a dual-stack listener as IPv4', (t) => {
  const forwarded = createForwarded([])
  for (const [peer, shown] of [
    ['10.0.0.1', '10.0.0.1'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['2001:db8::1', '2001:db8::1'],
    ['::ffff:abcd:1', '::ffff:abcd:1'],
  ])
    t.same(forwarded(from(peer)), ['X-Forwarded-Proto', 'http', 'X-Forwarded-For', shown])
  t.same(forwarded(from(undefined)), ['X-Forwarded-Proto', 'http'], 'a Unix socket has no address')
  t.end()
})

t.test('blocks trust peers of their own family only', (t) => {
  const said = ['x-forwarded-proto', 'https']
  const proto = (trusted: string[], peer: string | undefined) =>
    createForwarded(trusted)(from(peer, said))[1]
  t.equal(proto(['10.0.0.0/8'], '10.1.2.3'), 'https, http')
  t.equal(proto(['10.0.0.0/8'], '::ffff:10.1.2.3'), 'https, http')
  t.equal(proto(['10.0.0.0/8'], '11.1.2.3'), 'http')
  t.equal(proto(['2001:db8::/32'], '2001:db8::1'), 'https, http')
  t.equal(proto(['2001:db8::1'], '2001:db8::2'), 'http')
  t.equal(proto(['::/0'], '10.1.2.3'), 'http')
  t.equal(proto(['0.0.0.0/0'], '2001:db8::1'), 'http')
  t.equal(proto(['0.0.0.0/0', '::/0'], undefined), 'http')
  t.end()
})
