/**
 * Rules that looked at more than method and path let callers open what was closed (R2):
 * - oauth2-proxy GHSA-7rh7-c77v-6434: skip rules matched path and query
 * - oauth2-proxy GHSA-7x63-xv5r-3p2x (CVE-2026-40575): a skip rule judged `X-Forwarded-Uri` as the client sent it
 * - oauth2-proxy GHSA-pxq7-h93f-9jrg (CVE-2026-41059): `#` in the target widened a rule
 * - oauth2-proxy GHSA-5hvv-m4w4-gf6v (CVE-2026-34457): the user agent of a health check opened every path
 * - Heimdall CVE-2026-42274, CVE-2026-32811: another form of the path was matched than sent; the query was
 *   encoded anew into the path
 * - Envoy CVE-2026-31838, CVE-2026-26308: of several values of a header only the first was judged
 */
import t from 'tap'
import { headsOf, startRawUpstream } from '../support/wire.ts'
import { startInbound } from '../wire/support.ts'

const targets = [
  '/read/1?/open/1',
  '/read/1?path=/open/1&x=..%2f..%2fopen/1',
  '/read/1?#/open/1',
  '/read/1#/open/1',
  '/read/1#',
  '/read/1;/open/1',
  '/read/1%3f/open/1',
  '/read/1%23/open/1',
  '/read/open/1',
  '/read/1/open/1?/../../open/1',
]
const headers = [
  'X-Forwarded-Uri: /open/1',
  'X-Forwarded-Path: /open/1\r\nX-Forwarded-Prefix: /open',
  'X-Original-URI: /open/1\r\nX-Original-URL: /open/1\r\nX-Rewrite-URL: /open/1',
  'X-Original-Method: OPTIONS\r\nX-Forwarded-Method: GET',
  'X-Envoy-Original-Path: /open/1',
  'X-Auth-Request-Redirect: /open/1',
  'User-Agent: GoogleHC/1.0',
  'User-Agent: kube-probe/1.31',
  'User-Agent: ELB-HealthChecker/2.0\r\nUser-Agent: GoogleHC/1.0',
  'X-Auth-Subject: admin\r\nX-Auth-Scope: api/read\r\nX-Auth-Scope: api/write',
  'Forwarded: for=127.0.0.1;host=localhost;proto=https',
  'X-Forwarded-For: 127.0.0.1\r\nX-Real-IP: 127.0.0.1',
  'Origin: http://localhost\r\nReferer: http://localhost/open/1',
  'Access-Control-Request-Method: GET\r\nOrigin: http://localhost',
  'Cookie: authorization=Bearer%20x\r\nCookie: token=x',
  'Connection: authorization, host',
  'X-HTTP-Method-Override: OPTIONS',
]
const request = (target: string, ...lines: readonly string[]): string =>
  [`GET ${target} HTTP/1.1`, 'Host: a', 'Connection: close', ...lines, '', ''].join('\r\n')

t.test('neither query nor header opens a path that is closed', async (t) => {
  const upstream = await startRawUpstream(t)
  for (const lines of ['', '  allowRequestOverrides: true\n  trustedProxies: ["0.0.0.0/0"]\n']) {
    const scene = await startInbound(t, upstream.port, lines)
    for (const target of targets) {
      const { status } = await scene.send(request(target))
      t.equal(status, /[#;]/.test(target) ? 400 : 401, target)
    }
    for (const more of headers) {
      const answer = await scene.send(request('/read/1', more))
      t.equal(answer.status, 401, more)
      t.equal(answer.headers['www-authenticate'], 'Bearer realm="scopegate"')
    }
  }
  t.same(upstream.received, [])
})

t.test('nor does it close one that is open, and the query goes on as it is', async (t) => {
  const upstream = await startRawUpstream(t)
  const scene = await startInbound(t, upstream.port)
  const open = [
    '/open/1?',
    '/open/1??',
    '/open/1?/read/1',
    '/open/1?a=%2F..%2Fread&a=%zz&a=;&a=//&%00=%0d%0a',
    '/open/1?[]{}|\\^`<>\'"=+%20',
    '/open/%31?a%3Fb',
  ]
  for (const target of open) t.equal((await scene.send(request(target))).status, 200, target)
  t.same(
    headsOf(upstream.received).map(({ line }) => line),
    open.map((target) => `GET ${target} HTTP/1.1`),
  )
})
