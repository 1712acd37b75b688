/**
 * Trust in what a client says of itself, although it was off, or on for others (R2, R17):
 * - Oathkeeper GHSA-vhr5-ggp3-qq85: `X-Forwarded-Proto` was used although trust was off
 * - fastify GHSA-444r-cwp2-x5xf (CVE-2026-3635), then GHSA-3m5p-2c4r-xxw2 (CVE-2026-16732): `trustProxy` with a
 *   list or a hop count still believed `X-Forwarded-*` of anyone
 * - oauth2-proxy issue 3506 (after GHSA-7x63-xv5r-3p2x): the default range of trusted proxies was everything
 */
import t from 'tap'
import { headsOf, startRawUpstream } from '../support/wire.ts'
import { startInbound } from '../wire/support.ts'

const claimed = [
  ...['X-Forwarded-For: 6.6.6.6', 'X-Forwarded-For: 127.0.0.1', 'x_forwarded_for: 6.6.6.6'],
  ...['X-Forwarded-Proto: https', 'X-Forwarded-Host: evil.example', 'X-Forwarded-Port: 6666'],
  ...['X-Forwarded-Scheme: https', 'X-Forwarded-Ssl: on', 'X.Forwarded.Server: evil.example'],
  ...[
    'Forwarded: for=6.6.6.6;proto=https;host=evil.example',
    'X-Real-IP: 6.6.6.6',
    'X_Real_Ip: 6.6.6.6',
  ],
]
const request = `GET /open/1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${claimed.join('\r\n')}\r\n\r\n`
const kin = /^(?:x.forwarded.|forwarded:|x.real.ip)/i

t.test('who is not in trustedProxies is not believed, and by default nobody is', async (t) => {
  const upstream = await startRawUpstream(t)
  for (const lines of [
    '',
    '  trustedProxies: []\n',
    '  trustedProxies: [10.0.0.0/8, 192.168.1.1, "::1", "::/0", 127.0.0.2/32]\n',
  ]) {
    const scene = await startInbound(t, upstream.port, lines)
    t.equal((await scene.send(request)).status, 200)
    t.same(
      headsOf(upstream.received)
        .at(-1)!
        .headers.filter((line) => kin.test(line)),
      ['X-Forwarded-Proto: http', 'X-Forwarded-For: 127.0.0.1', 'X-Forwarded-Host: a'],
      lines,
    )
  }
})

t.test('who is in it says three things, and in no other spelling', async (t) => {
  const upstream = await startRawUpstream(t)
  const scene = await startInbound(t, upstream.port, '  trustedProxies: [127.0.0.0/8]\n')
  t.equal((await scene.send(request)).status, 200)
  t.same(
    headsOf(upstream.received)[0]!.headers.filter((line) => kin.test(line)),
    [
      'X-Forwarded-Proto: https, http',
      'X-Forwarded-For: 6.6.6.6, 127.0.0.1, 127.0.0.1',
      'X-Forwarded-Host: evil.example, a',
    ],
  )
})
