/** `mode: report`: forwarded as if Scopegate were not there, and told what enforcing would have done (SPEC 3). */
import t from 'tap'
import { headsOf, startRawUpstream } from '../support/wire.ts'
import { startInbound } from './support.ts'

const head = 'Host: a\r\nConnection: close\r\n'

t.test('denied requests go on as they came, but for who they say they are', async (t) => {
  const upstream = await startRawUpstream(t)
  const scene = await startInbound(t, upstream.port, '  mode: report\n')
  const more =
    'Authorization: Basic YTpi\r\nX-HTTP-Method-Override: DELETE\r\nX-Original-URL: /x\r\nX-Forwarded-For: 6.6.6.6\r\nX_Auth_Subject: me\r\nRemote-User: me\r\n'
  t.equal((await scene.send(`GET /read/1 HTTP/1.1\r\n${head}${more}\r\n`)).status, 200)
  const headers = headsOf(upstream.received)[0]!.headers
  t.same(headers.slice(0, -1), [
    'Host: a',
    'Authorization: Basic YTpi',
    'X-HTTP-Method-Override: DELETE',
    'X-Original-URL: /x',
    'X-Forwarded-For: 6.6.6.6',
  ])
  t.match(await scene.logged((line) => line['path'] === '/read/1'), {
    decision: 'deny',
    reason: 'missing_token',
    enforced: false,
    status: 200,
  })
})

t.test('every decision is only reported', async (t) => {
  const upstream = await startRawUpstream(t)
  const scene = await startInbound(t, upstream.port, '  mode: report\n')
  const token = await scene.token()
  for (const [line, authorization, reason] of [
    ['GET /read/..%2f', '', 'invalid_path'],
    ['GET /read/1', 'Bearer garbage', 'invalid_token'],
    ['GET /none', `Bearer ${token}`, 'no_route'],
    ['PUT /read/1', `Bearer ${token}`, 'no_route'],
    ['POST /write/1', `Bearer ${token}`, 'insufficient_scope'],
  ] as const) {
    const authorizing = authorization === '' ? '' : `Authorization: ${authorization}\r\n`
    const id = `case-${headsOf(upstream.received).length}`
    const answer = await scene.send(
      `${line} HTTP/1.1\r\n${head}X-Request-Id: ${id}\r\n${authorizing}\r\n`,
    )
    t.equal(answer.status, 200, line)
    const sent = headsOf(upstream.received).at(-1)!
    t.equal(sent.line, `${line} HTTP/1.1`)
    t.equal(sent.headers.includes(`Authorization: ${authorization}`), authorization !== '')
    const isVerified = authorization.includes(token)
    t.equal(sent.headers.includes('x-auth-client-id: caller'), isVerified, 'identity as verified')
    t.match(await scene.logged((one) => one['requestId'] === id), {
      decision: 'deny',
      reason,
      enforced: false,
    })
  }
})

t.test('a target that does not begin with / cannot be forwarded, and is 400', async (t) => {
  const upstream = await startRawUpstream(t)
  const scene = await startInbound(t, upstream.port, '  mode: report\n')
  for (const line of ['OPTIONS *', 'GET http://other/read/1', 'GET ftp://other/read/1']) {
    const answer = await scene.send(
      `${line} HTTP/1.1\r\n${head}X-Request-Id: ${line.length}\r\n\r\n`,
    )
    t.equal(answer.status, 400, line)
    t.match(JSON.parse(answer.body), { code: 'invalid_path' })
    t.match(await scene.logged((one) => one['requestId'] === String(line.length)), {
      reason: 'invalid_path',
      enforced: true,
    })
  }
  t.same(upstream.received, [])
})

t.test('a claim that fits no header is left out, the others are set', async (t) => {
  const upstream = await startRawUpstream(t)
  const scene = await startInbound(t, upstream.port, '  mode: report\n')
  const token = await scene.token({ sub: 'Zo\xeb' })
  await scene.send(`GET /read/1 HTTP/1.1\r\n${head}Authorization: Bearer ${token}\r\n\r\n`)
  const { headers } = headsOf(upstream.received)[0]!
  t.ok(headers.includes('x-auth-client-id: caller'))
  t.notOk(headers.some((line) => line.startsWith('x-auth-subject')))
})

t.test('missing keys do not block', async (t) => {
  const upstream = await startRawUpstream(t)
  const scene = await startInbound(t, upstream.port, '  mode: report\n')
  t.equal(
    scene.reload(
      scene.yaml('  mode: report\n').replace(/jwks: \{.*?\}/, "jwksUri: 'http://127.0.0.1:1/'"),
    ).ok,
    true,
  )
  const token = await scene.token()
  const answer = await scene.send(
    `GET /read/1 HTTP/1.1\r\n${head}Authorization: Bearer ${token}\r\n\r\n`,
  )
  t.equal(answer.status, 200)
  t.match(await scene.logged((line) => line['path'] === '/read/1'), {
    reason: 'issuer_unavailable',
  })
})

t.test('malformed HTTP and limits refuse all the same', async (t) => {
  const upstream = await startRawUpstream(t)
  const scene = await startInbound(
    t,
    upstream.port,
    '  mode: report\n  limits: { maxBodyBytes: 4B }\n',
  )
  for (const [request, status] of [
    [`GET /read/1 HTTP/1.1\r\n${head}Host: b\r\n\r\n`, 400],
    [
      `GET /read/1 HTTP/1.1\r\n${head}Authorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n`,
      400,
    ],
    [`TRACE /read/1 HTTP/1.1\r\n${head}\r\n`, 405],
    [`GET /${'a'.repeat(9000)} HTTP/1.1\r\n${head}\r\n`, 414],
    [`POST /read/1 HTTP/1.1\r\n${head}Content-Length: 5\r\n\r\nhello`, 413],
  ] as const)
    t.equal((await scene.send(request)).status, status)
  t.same(upstream.received, [])
})

t.test(
  'what a route does not list is forwarded only where both listener and route report',
  async (t) => {
    const upstream = await startRawUpstream(t)
    const routes = (of: string) => `  routes:
    - { path: /on, methods: [GET], scopes: api/read, mode: ${of} }
`
    for (const [listener, route, isForwarded] of [
      ['enforce', 'report', false],
      ['report', 'enforce', false],
      ['report', 'report', true],
    ] as const) {
      const scene = await startInbound(t, upstream.port, `${routes(route)}  mode: ${listener}\n`)
      const bearer = `Authorization: Bearer ${await scene.token()}\r\n`
      const statusOf = async (method: string, path: string, more: string) =>
        (await scene.send(`${method} ${path} HTTP/1.1\r\n${head}${more}\r\n`)).status
      for (const [method, path] of [
        ['DELETE', '/on'],
        ['GET', '/ON'],
      ] as const) {
        const what = `${listener} ${route} ${method} ${path}`
        t.equal(await statusOf(method, path, ''), isForwarded ? 200 : 401, what)
        t.equal(await statusOf(method, path, bearer), isForwarded ? 200 : 403, what)
      }
    }
  },
)

t.test("a route's mode wins over the listener's", async (t) => {
  const upstream = await startRawUpstream(t)
  const routes = (of: string) => `  routes:
    - { path: /on, scopes: api/read, mode: ${of} }
    - { path: /inherits, scopes: api/read }
`
  const get = (path: string) => `GET ${path} HTTP/1.1\r\n${head}\r\n`
  const reporting = await startInbound(t, upstream.port, `${routes('enforce')}  mode: report\n`)
  t.equal((await reporting.send(get('/on'))).status, 401)
  t.equal((await reporting.send(get('/inherits'))).status, 200)
  t.equal((await reporting.send(get('/none'))).status, 200)
  const enforcing = await startInbound(t, upstream.port, routes('report'))
  t.equal((await enforcing.send(get('/on'))).status, 200)
  t.equal((await enforcing.send(get('/inherits'))).status, 401)
  t.equal((await enforcing.send(get('/none'))).status, 401)
})
