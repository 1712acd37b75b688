/**
 * Each request is judged, whatever its method and its place on a connection (R3). A guard that knew GET and POST
 * only, a preflight that needed no leave, or a verdict that was kept for a connection let callers in elsewhere.
 */
import t from 'tap'
import { startRawUpstream } from '../support/wire.ts'
import { startInbound } from '../wire/support.ts'

const head = (line: string, more = '') => `${line} HTTP/1.1\r\nHost: api.example\r\n${more}\r\n`
const close = 'Connection: close\r\n'
const preflight = 'Origin: http://api.example\r\nAccess-Control-Request-Method: GET\r\n'

t.test('a method that is rare, safe or a preflight is judged like any other', async (t) => {
  const upstream = await startRawUpstream(t)
  const scene = await startInbound(t, upstream.port)
  for (const method of ['HEAD', 'OPTIONS', 'PROPFIND', 'PURGE', 'M-SEARCH', 'SEARCH', 'PATCH'])
    for (const more of ['', preflight, 'X-HTTP-Method-Override: GET\r\n']) {
      const answer = await scene.send(head(`${method} /read/1`, more + close))
      t.equal(answer.status, 401, method)
      t.equal(answer.headers['www-authenticate'], 'Bearer realm="scopegate"')
    }
  t.same(upstream.received, [])
})

t.test('with a token too, and no header makes one method of another', async (t) => {
  const upstream = await startRawUpstream(t)
  const scene = await startInbound(t, upstream.port)
  const authorization = `Authorization: Bearer ${await scene.token()}\r\n`
  for (const [line, more, code] of [
    ['PUT /read/1', 'X-HTTP-Method-Override: GET\r\n', 'no_route'],
    ['OPTIONS /read/1', preflight, 'no_route'],
    ['GET /write/1', 'X-HTTP-Method-Override: POST\r\n', 'no_route'],
    ['POST /write/1', 'X-Method-Override: GET\r\n', 'insufficient_scope'],
  ] as const) {
    const answer = await scene.send(head(line, authorization + more + close))
    t.equal(answer.status, 403, line)
    t.match(JSON.parse(answer.body), { code }, line)
    t.match(answer.headers['www-authenticate'], /error="insufficient_scope"/)
  }
  t.same(upstream.received, [])
})

t.test('the second request of a connection is judged like the first', async (t) => {
  const upstream = await startRawUpstream(t)
  const scene = await startInbound(t, upstream.port)
  const authorization = `Authorization: Bearer ${await scene.token()}\r\n`
  const { text } = await scene.send(
    head('GET /open/1') +
      head('GET /read/1', authorization) +
      head('HEAD /read/1') +
      head('GET /open/1') +
      head('GET /read/1', close),
  )
  t.same(text.match(/HTTP\/1.1 \d+/g), [
    ...['HTTP/1.1 200', 'HTTP/1.1 200', 'HTTP/1.1 401', 'HTTP/1.1 200', 'HTTP/1.1 401'],
  ])
})
