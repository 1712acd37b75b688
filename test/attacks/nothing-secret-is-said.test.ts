/**
 * The request log of the naive stack holds the URL, and with it tokens sent in a query (H14); error answers held
 * addresses of the inside (H7). No token, secret, query or password stands in a log line or an answer (R26).
 */
import t from 'tap'
import { startRawUpstream } from '../support/wire.ts'
import { startInbound } from '../wire/support.ts'

t.test('a token in a query is neither read nor logged, whatever the answer', async (t) => {
  const upstream = await startRawUpstream(t)
  const scene = await startInbound(t, upstream.port)
  const token = await scene.token()
  scene.leaks.forbid('hunter2', 'a-secret-word')
  for (const [target, status] of [
    [`/read/1?access_token=${token}`, 401],
    [`/open/1?access_token=${token}&password=hunter2`, 200],
    [`/open//1?password=hunter2`, 400],
    [`/open/1?a=1?password=hunter2`, 200],
    [`/open/1%2f?password=hunter2`, 400],
    [`http://user:hunter2@a/open/1?password=a-secret-word`, 400],
    [`HTTP://hunter2@a/open/1`, 400],
  ] as const) {
    const answer = await scene.send(
      `GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`,
    )
    t.equal(answer.status, status, target)
  }
  const lines = JSON.stringify(scene.log)
  t.notMatch(lines, /access_token|password|hunter2/)
  t.ok(upstream.received.join('').includes(`/open/1?access_token=${token}&`), 'it goes on as it is')
})

t.test('a token that is refused is in no line and no answer, nor are its parts', async (t) => {
  const upstream = await startRawUpstream(t)
  const scene = await startInbound(t, upstream.port)
  const good = await scene.token()
  const [head = '', payload = ''] = good.split('.')
  for (const token of [
    `${head}.${payload}.AAAA`,
    `${good}A`,
    `${good}.${payload}`,
    await scene.token({ exp: 1 }),
    await scene.token({ iss: 'https://other.example' }),
  ]) {
    scene.leaks.forbid(token, payload)
    const answer = await scene.send(
      `GET /read/1 HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\nConnection: close\r\n\r\n`,
    )
    t.equal(answer.status, 401)
    t.match(answer.headers['www-authenticate'], /error="invalid_token"/)
  }
  t.same(upstream.received, [])
})

t.test('an upstream that cannot be reached is not named', async (t) => {
  const scene = await startInbound(t, 'http://127.0.0.1:1')
  scene.leaks.forbid('127.0.0.1:1')
  const answer = await scene.send('GET /open/1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  t.equal(answer.status, 502)
  t.notMatch(answer.text, /ECONN|127\.0\.0/)
})
