/**
 * Where a token may stand: in one `Authorization: Bearer` line, and nowhere else. Two parsers that take another
 * one of two lines judge two callers (Node keeps the first of them silently, HAZARDS 1; Node CVE-2020-8287 was
 * about two copies of a header), and tokens in queries end in logs (H14). RFC 6750 §2.2 and §2.3 are not spoken. R4.
 */
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { jwksOf, makeKey, mint } from '../support/issuer.ts'
import { exchangeRaw } from '../support/wire.ts'
import { issuerWithFile, read, refused, startTarget } from './support.ts'

const iss = 'https://issuer.example'
const key = makeKey('k')
const now = Math.floor(Date.now() / 1000)
const claims = { iss, client_id: 'c', scope: read, iat: now, exp: now + 600 }
const good = await mint(key, claims)
const bad = `${good.slice(0, -8)}AAAAAAAA`

async function start(t: Test, inbound = '') {
  const file = join(t.testdir({ 'k.json': jwksOf(key) }), 'k.json')
  const target = await startTarget(t, issuerWithFile(iss, file), { inbound })
  target.scene.leaks.forbid(good, bad)
  return target
}

const missing = {
  status: 401,
  headers: { 'www-authenticate': 'Bearer realm="scopegate"', 'cache-control': 'no-store' },
  body: /"code":"missing_token"/,
}
const malformed = {
  status: 400,
  headers: { 'www-authenticate': /^Bearer realm="scopegate", error="invalid_request"/ },
  body: /"code":"invalid_request"/,
}

t.test('two lines that carry a token are 400, whatever is in them', async (t) => {
  const target = await start(t)
  const values = [
    `Bearer ${good}`,
    `Bearer ${bad}`,
    'Bearer',
    '',
    'Basic dTpw',
    `Bearer ${good}, Bearer ${bad}`,
  ]
  const names = ['Authorization', 'authorization', 'AUTHORIZATION']
  for (const first of values)
    for (const second of values)
      t.match(
        await target.get([
          `${names[0]}: ${first}`,
          `${names[values.indexOf(second) % 3]}: ${second}`,
        ]),
        malformed,
      )
  t.match(
    await target.get(
      Array.from({ length: 100 }, () => `Authorization: Bearer ${good}`.slice(0, 60)),
    ),
    malformed,
  )
  t.equal(target.reached(), 0)
})

t.test('one line carries one token', async (t) => {
  const target = await start(t)
  for (const value of [
    `${good},${good}`,
    `${good}, ${bad}`,
    `${good} ${good}`,
    `${good}, Bearer ${good}`,
    `"${good}"`,
    `${good};x`,
    `${good}\u0080`,
    `Bearer ${good}`,
    `token=${good}`,
    `${good}\t${good}`,
    `<${good}>`,
  ])
    t.match(
      await target.get([`Authorization: Bearer ${value}`]),
      refused,
      value.replaceAll(good, 'good'),
    )
  // obs-fold and a bare line end are no valid HTTP
  for (const value of [`Bearer\r\n ${good}`, `Bearer ${good}\n`, `Bearer ${good}\u0000`])
    t.equal((await target.get([`Authorization: ${value}`])).status, 400)
  t.equal(target.reached(), 0)
  for (const value of [`bearer ${good}`, `BEARER   ${good}`, `  Bearer ${good}  `])
    t.equal((await target.get([`Authorization: ${value}`])).status, 200)
})

t.test('another scheme, another header, a cookie or a query carries none', async (t) => {
  const target = await start(t)
  const lines = [
    ...[
      'Basic',
      'DPoP',
      'Token',
      'JWT',
      'MAC',
      'Bearer:',
      'Bearer=',
      'Bearer\t',
      '',
      'XBearer',
      'Negotiate Bearer',
    ].map((scheme) => `Authorization: ${scheme} ${good}`),
    `Proxy-Authorization: Bearer ${good}`,
    `X-Authorization: Bearer ${good}`,
    `X-Forwarded-Authorization: Bearer ${good}`,
    `X-Forwarded-Access-Token: ${good}`,
    `X-Access-Token: ${good}`,
    `Cookie: access_token=${good}; Authorization=${good}`,
    `Authorization-: Bearer ${good}`,
    `X-Auth-Client-Id: c`,
    `Sec-WebSocket-Protocol: bearer, ${good}`,
  ]
  for (const line of lines) t.match(await target.get([line]), missing, line.slice(0, 30))
  for (const query of [`access_token=${good}`, `token=${good}`, `Authorization=Bearer%20${good}`])
    t.match(await target.get([], `/read/1?${query}`), missing)
  t.equal(target.reached(), 0)
  t.match(JSON.stringify(target.scene.log), '/read/1', 'the path is logged')
  t.notMatch(JSON.stringify(target.scene.log), 'access_token', 'and no query')
})

t.test('a token in a body is a body', async (t) => {
  const target = await start(t, '')
  for (const type of [
    'application/x-www-form-urlencoded',
    'application/json',
    'multipart/form-data; boundary=b',
  ]) {
    const body = `access_token=${good}`
    const answer = await exchangeRaw(
      target.scene.inbound,
      `GET /read/1 HTTP/1.1\r\nHost: api\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
    )
    target.scene.leaks.saw(answer.text)
    t.match(answer, missing)
  }
  const trailer = await exchangeRaw(
    target.scene.inbound,
    `GET /read/1 HTTP/1.1\r\nHost: api\r\nTransfer-Encoding: chunked\r\nTrailer: Authorization\r\nConnection: close\r\n\r\n0\r\nAuthorization: Bearer ${good}\r\n\r\n`,
  )
  t.match(trailer, missing, 'nor does a trailer carry one')
  t.equal(target.reached(), 0)
})

t.test(
  'with another tokenHeader that one counts, once, and Authorization is the upstream’s',
  async (t) => {
    const target = await start(t, '  tokenHeader: x-access-token\n')
    const other = 'Authorization: Basic dTpw'
    t.match(await target.get([`Authorization: Bearer ${good}`]), missing)
    t.match(await target.get([`X_Access_Token: ${good}`]), missing, 'a twin is another header')
    t.match(await target.get([`X-Access-Token: ${good}`, `x-access-token: ${bad}`]), malformed)
    t.match(await target.get([`X-Access-Token: ${bad}`, `Authorization: Bearer ${good}`]), refused)
    t.equal(target.reached(), 0)
    for (const value of [good, `Bearer ${good}`])
      t.equal((await target.get([`X-Access-Token: ${value}`, other])).status, 200)
    const seen = target.upstream.received.join('')
    t.equal(seen.split(other).length, 3)
    t.notOk(seen.includes(good), 'the token goes no further')
  },
)
