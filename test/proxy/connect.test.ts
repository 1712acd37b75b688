import t from 'tap'
import type { UpstreamConfig } from '../../src/config/config.ts'
import { addressOf, tlsOptions } from '../../src/proxy/connect.ts'
import { upstreamKey } from '../../src/proxy/upstreams.ts'
import { secret } from '../../src/units.ts'

const tls = (over: object) => ({ tls: over }) as unknown as UpstreamConfig

t.test('an origin without a port means the one of its scheme', (t) => {
  t.same(addressOf('http://a.example'), { host: 'a.example', port: 80, secure: false })
  t.same(addressOf('https://a.example'), { host: 'a.example', port: 443, secure: true })
  t.same(addressOf('https://[::1]:8443'), { host: '::1', port: 8443, secure: true })
  t.end()
})

t.test('certificates are verified, whatever else is configured', (t) => {
  const always = { ALPNProtocols: ['http/1.1'], rejectUnauthorized: true }
  t.same(tlsOptions(tls({}), 'a.example'), { ...always, servername: 'a.example' })
  t.same(tlsOptions({ tls: undefined }, '127.0.0.1'), always, 'addresses are no names (RFC 6066)')
  t.same(tlsOptions(tls({ ca: 'A', cert: 'C', key: secret('K'), serverName: 'b' }), '127.0.0.1'), {
    ...always,
    servername: 'b',
    ca: 'A',
    cert: 'C',
    key: 'K',
  })
  t.end()
})

t.test(
  'upstreams with different private keys share no connection, and the key shows nowhere',
  (t) => {
    const [one, other] = ['key-1', 'key-2'].map((key) => upstreamKey(tls({ key: secret(key) })))
    t.not(one, other)
    t.equal(one, upstreamKey(tls({ key: secret('key-1') })))
    t.notMatch(one, 'key-1')
    t.end()
  },
)
