/**
 * Node keeps some 2,000 header lines by default and drops the rest silently: of a flood that ends with
 * `Authorization` or an identity header one side sees what the other does not (R20, R18). Here all are read or the
 * request is refused.
 */
import t from 'tap'
import { headsOf, startRawUpstream } from '../support/wire.ts'
import { startInbound } from '../wire/support.ts'

const flood = (count: number): string =>
  Array.from({ length: count }, (_, at) => `X-${at}: ${at}\r\n`).join('')
const head = (path: string, more: string): string =>
  `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${more}\r\n`

t.test('what stands behind thousands of lines is read, and all of them go on', async (t) => {
  const upstream = await startRawUpstream(t)
  const scene = await startInbound(
    t,
    upstream.port,
    '  limits: { maxHeaders: 5000, maxHeaderBytes: 256KiB }\n',
  )
  const last = `X_Auth_Subject: attacker\r\nAuthorization: Bearer ${await scene.token()}\r\n`
  const answer = await scene.send(head('/read/1', `${flood(4000)}${last}`))
  t.equal(answer.status, 200)
  const { headers } = headsOf(upstream.received)[0]!
  t.equal(headers.filter((line) => /^X-\d/.test(line)).length, 4000)
  t.notMatch(headers.join('\n'), /attacker|Bearer/)
  t.match(headers.join('\n'), /^x-auth-subject: subject$/m)
})

t.test('beyond the limits nothing of a flood goes on', async (t) => {
  const upstream = await startRawUpstream(t)
  const scene = await startInbound(t, upstream.port)
  for (const more of [flood(201), flood(10_000), `X: ${'x'.repeat(17 * 1024)}\r\n`]) {
    const answer = await scene.send(head('/open/1', more))
    t.equal(answer.status, 431)
    t.match(JSON.parse(answer.body), { code: 'headers_too_large' })
  }
  t.same(upstream.received, [])
})
