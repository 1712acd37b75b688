/**
 * A legacy API that honours X-HTTP-Method-Override or X-Original-URL would serve another request than the one
 * that was decided on (R17; CVE-2018-14773 of Symfony and Drupal is of this kind).
 */
import t from 'tap'
import { headsOf, startRawUpstream } from '../support/wire.ts'
import { startInbound } from '../wire/support.ts'

const overrides = [
  'X-HTTP-Method-Override: DELETE',
  'x_http_method_override: DELETE',
  'X-HTTP-Method: DELETE',
  'X-Method-Override: DELETE',
  'X-Original-URL: /admin',
  'X-Original-Method: DELETE',
  'X.Original.Uri: /admin',
  'X-Rewrite-URL: /admin',
  'X-Envoy-Original-Path: /admin',
]
const request = `GET /open/1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${overrides.join('\r\n')}\r\n\r\n`

t.test('headers that name another method or path are dropped', async (t) => {
  const upstream = await startRawUpstream(t)
  const scene = await startInbound(t, upstream.port)
  t.equal((await scene.send(request)).status, 200)
  t.notMatch(upstream.received[0], /DELETE|admin/)
})

t.test('allowRequestOverrides lets exactly these pass', async (t) => {
  const upstream = await startRawUpstream(t)
  const scene = await startInbound(t, upstream.port, '  allowRequestOverrides: true\n')
  await scene.send(request.replace('Connection', 'X-Forwarded-Uri: /admin\r\nConnection'))
  const { headers } = headsOf(upstream.received)[0]!
  for (const line of overrides) t.ok(headers.includes(line), line)
  t.notMatch(headers.join('\n'), /x-forwarded-uri/i)
})
