/** What the upstream sees of a request, byte for byte (SPEC 3, R15 to R18). */
import t from 'tap'
import { headsOf, startRawUpstream } from '../support/wire.ts'
import { startInbound } from './support.ts'

const seenBy = (received: readonly string[]): readonly string[] => headsOf(received).at(-1)!.headers

/** Of a header, in any case: its values in order. */
const valuesOf = (headers: readonly string[], name: string): string[] =>
  headers
    .filter((line) => line.toLowerCase().startsWith(`${name}: `))
    .map((line) => line.slice(name.length + 2))

t.test('the upstream sees what was sent, who calls, and nothing that ends here', async (t) => {
  const upstream = await startRawUpstream(t)
  const scene = await startInbound(t, upstream.port)
  const token = await scene.token()
  await scene.send(
    [
      'GET /read/%66ile?a=%2F&b= HTTP/1.1',
      'Host: api.example:8443',
      `Authorization: Bearer ${token}`,
      'Connection: close, X-Private, content-type, host, keep-alive',
      'X-Private: 1',
      'Keep-Alive: timeout=5',
      'Proxy-Connection: keep-alive',
      'Proxy-Authorization: Basic abc',
      'TE: trailers',
      'Trailer: X-Late',
      'Upgrade: h2c',
      'HTTP2-Settings: AAMAAABk',
      'Content-Type: application/json garbage',
      'Cookie: a=1; b=2',
      'Accept-Encoding: gzip',
      'X-Twice: 1',
      'x-twice: 2',
      'X-Umlaut: \xe4',
      'X-Request-Id: req/1',
      'X-Forwarded-For: 6.6.6.6',
      '',
      '',
    ].join('\r\n'),
  )
  const [head] = headsOf(upstream.received)
  t.equal(head!.line, 'GET /read/%66ile?a=%2F&b= HTTP/1.1')
  t.same(head!.headers, [
    'Host: api.example:8443',
    'Content-Type: application/json garbage',
    'Cookie: a=1; b=2',
    'Accept-Encoding: gzip',
    'X-Twice: 1',
    'x-twice: 2',
    'X-Umlaut: \xe4',
    'x-auth-client-id: caller',
    'x-auth-subject: subject',
    'x-auth-scope: api/read',
    'x-auth-issuer: https://issuer.example',
    'X-Forwarded-Proto: http',
    'X-Forwarded-For: 127.0.0.1',
    'X-Forwarded-Host: api.example:8443',
    'X-Request-Id: req/1',
  ])
})

t.test('the token goes on with forwardToken, only where one was verified', async (t) => {
  const upstream = await startRawUpstream(t)
  const scene = await startInbound(t, upstream.port, '  forwardToken: true\n')
  const token = await scene.token()
  const get = (path: string) =>
    `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nauthorization: bearer ${token}\r\n\r\n`
  t.equal((await scene.send(get('/read/1'))).status, 200)
  t.same(valuesOf(seenBy(upstream.received), 'authorization'), [`bearer ${token}`])
  t.equal((await scene.send(get('/open/1'))).status, 200)
  t.same(valuesOf(seenBy(upstream.received), 'authorization'), [])
})

t.test('with another tokenHeader the API keeps Authorization for itself', async (t) => {
  const upstream = await startRawUpstream(t)
  const scene = await startInbound(t, upstream.port, '  tokenHeader: x-app-token\n')
  const token = await scene.token()
  const get = (path: string, ...lines: readonly string[]) =>
    ['GET ' + path + ' HTTP/1.1', 'Host: a', 'Connection: close', ...lines, '', ''].join('\r\n')
  for (const carried of [token, `Bearer ${token}`]) {
    const request = get('/read/1', `X-App-Token: ${carried}`, 'Authorization: Basic YTpi')
    t.equal((await scene.send(request)).status, 200)
    t.same(valuesOf(seenBy(upstream.received), 'authorization'), ['Basic YTpi'])
    t.same(valuesOf(seenBy(upstream.received), 'x-app-token'), [])
  }
  t.equal((await scene.send(get('/read/1', `Authorization: Bearer ${token}`))).status, 401)
  const twice = get('/read/1', `X-App-Token: ${token}`, 'x-app-token: b')
  t.equal((await scene.send(twice)).status, 400)
  const open = get('/open/1', `X-App-Token: ${token}`, 'Authorization: Basic YTpi')
  t.equal((await scene.send(open)).status, 200)
  t.same(valuesOf(seenBy(upstream.received), 'x-app-token'), [])
  t.same(valuesOf(seenBy(upstream.received), 'authorization'), ['Basic YTpi'])
})

t.test('public routes read no token and pass Authorization on only when told to', async (t) => {
  const upstream = await startRawUpstream(t)
  const scene = await startInbound(
    t,
    upstream.port,
    `  routes:
    - { path: /open, methods: [GET], public: true }
    - { path: /own, methods: [GET], public: true, forwardAuthorization: true }
`,
  )
  const get = (path: string, authorization: string) =>
    `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: ${authorization}\r\n\r\n`
  for (const authorization of ['Bearer garbage', 'Basic YTpi', `Bearer ${await scene.token()}`]) {
    t.equal((await scene.send(get('/open', authorization))).status, 200)
    t.same(valuesOf(seenBy(upstream.received), 'authorization'), [])
    t.same(valuesOf(seenBy(upstream.received), 'x-auth-subject'), [])
    t.equal((await scene.send(get('/own', authorization))).status, 200)
    t.same(valuesOf(seenBy(upstream.received), 'authorization'), [authorization])
  }
})

t.test('a trusted proxy is heard, what it said stands before what we add', async (t) => {
  const upstream = await startRawUpstream(t)
  const said =
    'X-Forwarded-For: 1.1.1.1, 2.2.2.2\r\nX-Forwarded-For: 3.3.3.3\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: b\r\nX-Forwarded-Port: 1\r\nForwarded: for=1.1.1.1\r\n'
  const request = `GET /open/1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${said}\r\n`
  for (const [trusted, before] of [
    ['[127.0.0.0/8]', { for: '1.1.1.1, 2.2.2.2, 3.3.3.3, ', proto: 'https, ', host: 'b, ' }],
    ['[127.0.0.1]', { for: '1.1.1.1, 2.2.2.2, 3.3.3.3, ', proto: 'https, ', host: 'b, ' }],
    ['["10.0.0.0/8", "::/0"]', { for: '', proto: '', host: '' }],
    ['[]', { for: '', proto: '', host: '' }],
  ] as const) {
    const scene = await startInbound(t, upstream.port, `  trustedProxies: ${trusted}\n`)
    await scene.send(request)
    const headers = seenBy(upstream.received)
    t.same(valuesOf(headers, 'x-forwarded-for'), [`${before.for}127.0.0.1`], trusted)
    t.same(valuesOf(headers, 'x-forwarded-proto'), [`${before.proto}http`])
    t.same(valuesOf(headers, 'x-forwarded-host'), [`${before.host}a`])
    t.same(valuesOf(headers, 'x-forwarded-port'), [])
    t.same(valuesOf(headers, 'forwarded'), [])
  }
})

t.test('X-Request-Id is kept when it is well formed and single, else made', async (t) => {
  const upstream = await startRawUpstream(t)
  const scene = await startInbound(t, upstream.port)
  const long = 'x'.repeat(129)
  for (const [lines, kept] of [
    ['X-Request-Id: a.b_C:/+=~-9\r\n', 'a.b_C:/+=~-9'],
    ['X-Request-Id: a b\r\n', undefined],
    [`X-Request-Id: ${long}\r\n`, undefined],
    ['X-Request-Id: a\r\nX-Request-Id: b\r\n', undefined],
    ['', undefined],
  ] as const) {
    const answer = await scene.send(
      `GET /open/1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${lines}\r\n`,
    )
    const [sent, ...more] = valuesOf(seenBy(upstream.received), 'x-request-id')
    t.same(more, [])
    t.equal(answer.headers['x-request-id'], sent)
    if (kept === undefined) t.match(sent, /^[0-9a-f-]{36}$/)
    else t.equal(sent, kept)
    await scene.logged((line) => line['requestId'] === sent)
  }
})

t.test('no other spelling of X-Request-Id passes, in report mode either', async (t) => {
  const upstream = await startRawUpstream(t)
  for (const lines of ['', '  mode: report\n']) {
    const scene = await startInbound(t, upstream.port, lines)
    await scene.send(
      'GET /open/1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX_Request_Id: theirs\r\nx.request-id: theirs\r\nX-Request-Id: one\r\n\r\n',
    )
    t.same(
      seenBy(upstream.received).filter((line) => /request.id/i.test(line)),
      ['X-Request-Id: one'],
    )
  }
})

t.test('traceparent passes when it is one and valid, and its trace id is logged', async (t) => {
  const upstream = await startRawUpstream(t)
  const scene = await startInbound(t, upstream.port)
  const trace = '0af7651916cd43dd8448eb211c80319c'
  const valid = `00-${trace}-b7ad6b7169203331-01`
  for (const [lines, passes] of [
    [`traceparent: ${valid}\r\ntracestate: a=1\r\nTraceState: b=2\r\n`, true],
    [`traceparent: ${valid}\r\nTraceparent: ${valid}\r\ntracestate: a=1\r\n`, false],
    [`traceparent: ${valid}, ${valid}\r\ntracestate: a=1\r\n`, false],
    [`traceparent: 00-${'0'.repeat(32)}-b7ad6b7169203331-01\r\n`, false],
    [`traceparent: 00-${trace}-${'0'.repeat(16)}-01\r\n`, false],
    [`traceparent: ff-${trace}-b7ad6b7169203331-01\r\n`, false],
    ['tracestate: a=1\r\n', false],
  ] as const) {
    await scene.send(`GET /open/1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${lines}\r\n`)
    const headers = seenBy(upstream.received)
    t.same(valuesOf(headers, 'traceparent'), passes ? [valid] : [], lines)
    t.same(valuesOf(headers, 'tracestate'), passes ? ['a=1', 'b=2'] : [])
  }
  await scene.logged((line) => line['traceId'] === trace)
})

t.test(
  'a preflight passes with allowPreflight, without a token and without identity',
  async (t) => {
    const upstream = await startRawUpstream(t)
    const preflight = (path: string, ...lines: readonly string[]) =>
      [`OPTIONS ${path} HTTP/1.1`, 'Host: a', 'Connection: close', ...lines, '', ''].join('\r\n')
    const whole = ['Origin: https://app.example', 'Access-Control-Request-Method: GET']
    const closedScene = await startInbound(t, upstream.port)
    t.equal((await closedScene.send(preflight('/read/1', ...whole))).status, 401)
    const scene = await startInbound(t, upstream.port, '  allowPreflight: true\n')
    const token = await scene.token()
    const asking = preflight(
      '/read/1',
      ...whole,
      `Authorization: Bearer ${token}`,
      'x-auth-subject: me',
    )
    t.equal((await scene.send(asking)).status, 200)
    t.same(valuesOf(seenBy(upstream.received), 'authorization'), [])
    t.same(valuesOf(seenBy(upstream.received), 'x-auth-subject'), [])
    t.equal((await scene.send(preflight('/unknown', ...whole))).status, 200)
    t.equal((await scene.send(preflight('/read/1', whole[0]!))).status, 401)
    t.equal((await scene.send(preflight('/read/1', whole[1]!))).status, 401)
    t.equal((await scene.send(preflight('/read/..', ...whole))).status, 400)
    for (const lines of [
      ['Origin:', whole[1]!],
      [whole[0]!, 'Access-Control-Request-Method:'],
      [...whole, 'Content-Length: 2'],
      [...whole, 'Transfer-Encoding: chunked'],
    ])
      t.equal((await scene.send(preflight('/read/1', ...lines))).status, 401, lines.join())
    const nominating = preflight('/read/1', ...whole).replace(
      'close',
      'close, origin, Access-Control-Request-Method',
    )
    t.equal((await scene.send(nominating)).status, 200)
    const seen = seenBy(upstream.received)
    t.same(valuesOf(seen, 'origin'), ['https://app.example'], 'it stays a preflight')
    t.same(valuesOf(seen, 'access-control-request-method'), ['GET'])
    const get = preflight('/read/1', ...whole).replace('OPTIONS', 'GET')
    t.equal((await scene.send(get)).status, 401)
  },
)

// a claim that is not ASCII was a 500 (H8), and so was one of lists in lists, 4,000 deep
t.test('claims that fit no header are 403, the others are written as they are', async (t) => {
  const upstream = await startRawUpstream(t)
  const scene = await startInbound(
    t,
    upstream.port,
    `  identityHeaders: { x-sub: sub, x-level: level, x-admin: admin, x-groups: groups, x-none: none, x-null: nothing }
`,
  )
  const get = async (claims: Record<string, unknown>) =>
    scene.send(
      `GET /read/1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Bearer ${await scene.token(claims)}\r\n\r\n`,
    )
  t.equal(
    (await get({ level: 1.5, admin: false, groups: ['\xe4', { a: 1 }], nothing: null })).status,
    200,
  )
  t.same(
    seenBy(upstream.received).filter((line) =>
      /^x-(?:sub|level|admin|groups|none|null)/.test(line),
    ),
    ['x-sub: subject', 'x-level: 1.5', 'x-admin: false', 'x-groups: ["\\u00e4",{"a":1}]'],
  )
  for (const sub of ['Zo\xeb', 'a\r\nx-admin: true', ' a', 'a ', 'a\tb', '\x7f', '\0']) {
    const answer = await get({ sub })
    t.equal(answer.status, 403, JSON.stringify(sub))
    t.match(JSON.parse(answer.body), { code: 'invalid_claim_value' })
    t.equal(answer.headers['www-authenticate'], undefined)
  }
  t.equal(headsOf(upstream.received).length, 1)
  const lists = (levels: number): unknown =>
    JSON.parse(`${'['.repeat(levels)}null${']'.repeat(levels)}`)
  t.equal((await get({ groups: lists(100) })).status, 200)
  t.equal((await get({ groups: lists(101) })).status, 403, 'deeper lists are not written')
  t.equal(headsOf(upstream.received).length, 2)
})
