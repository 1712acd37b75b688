import t from 'tap'
import fc from 'fast-check'
import { saysInvalidToken } from '../../src/proxy/challenges.ts'
import { createFindUpstream } from '../../src/proxy/find-upstream.ts'
import { configOf } from '../support/scene.ts'
import '../support/seed.ts'

/** Finds with the routes of a configuration; the answer as one line. */
function finder(routes: readonly string[]) {
  const config = configOf(
    `version: 1
clients:
  worker: { tokenEndpoint: "https://issuer.example/token", clientId: id, clientSecret: { env: S } }
outbound:
  listen: 127.0.0.1:8081
  routes:
${routes.map((route) => `    - ${route}\n`).join('')}
`,
    { S: 'hush' },
  )
  const find = createFindUpstream(config.outbound!.routes)
  return (target: string, host: string | undefined = 'localhost:8081', pathsAnyHost = false) => {
    const found = find({ target, host, pathsAnyHost })
    return found.ok
      ? `${found.value.route.upstream.origin} ${found.value.target}`
      : found.problem.code
  }
}

t.test('the longest prefix of whole segments wins and is replaced', (t) => {
  const find = finder([
    '{ path: /, upstream: "https://rest.example" }',
    '{ path: /app-api, upstream: "https://api.example" }',
    '{ path: /app-api/v2/, upstream: "https://v2.example/base/" }',
    '{ path: /a%2Fb, upstream: "https://escaped.example" }',
  ])
  for (const [target, expected] of [
    ['/app-api/export/1', 'https://api.example /export/1'],
    ['/app-api', 'https://api.example /'],
    ['/app-api/', 'https://api.example /'],
    ['/app-api?a=b', 'https://api.example /?a=b'],
    ['/app-api//x/', 'https://api.example //x/'],
    ['/app-api/v2', 'https://v2.example /base'],
    ['/app-api/v2/', 'https://v2.example /base/'],
    ['/app-api/v2?q', 'https://v2.example /base?q'],
    ['/app-api/v2/x?/../', 'https://v2.example /base/x?/../'],
    ['/app-api/v22', 'https://api.example /v22'],
    ['/app-apis/x', 'https://rest.example /app-apis/x'],
    ['/App-Api/x', 'https://rest.example /App-Api/x'],
    ['/%61pp-api/x', 'https://rest.example /%61pp-api/x'],
    ['/app-api%2Fx', 'https://rest.example /app-api%2Fx'],
    ['/app-api;v=1/x', 'https://rest.example /app-api;v=1/x'],
    ['/a%2Fb/c', 'https://escaped.example /c'],
    ['/a%2fb/c', 'https://rest.example /a%2fb/c'],
    ['/', 'https://rest.example /'],
    ['/?', 'https://rest.example /?'],
    ['//other.example/x', 'https://rest.example //other.example/x'],
  ] as const)
    t.equal(find(target), expected, target)
  t.end()
})

t.test('the rest of the path and the query go on as received', (t) => {
  const find = finder(['{ path: /api, upstream: "https://api.example" }'])
  for (const rest of [
    '/a%2Fb',
    '/a;v=1/b;w',
    '/a%3Bb',
    '/...',
    '/a..b/.well-known/x.',
    '/100%25',
    '/100%2510/a%255cb',
    '/%E2%82%AC/%f0%9f%94%91',
    '/x?%zz%c0%ae%2',
    '/x?a=../..&b=%5c%00\\&c=%2e%2e/|"<>{}^`',
    '/x??;/',
  ])
    t.equal(find(`/api${rest}`), `https://api.example ${rest}`, rest)
  fc.assert(
    fc.property(fc.webQueryParameters(), (query) => {
      return find(`/api/x?${query}`) === `https://api.example /x?${query}`
    }),
  )
  t.end()
})

t.test('a dot segment, a backslash, a control or a bad escape is refused', (t) => {
  const find = finder([
    '{ path: /api, upstream: "https://api.example" }',
    '{ host: api.internal, upstream: "https://api.example" }',
  ])
  for (const path of [
    '/api/..',
    '/api/../x',
    '/api/.',
    '/api/./x',
    '/../api/x',
    '/api/%2e%2e/x',
    '/api/.%2E/x',
    '/api/%2e',
    '/api/x%2f..%2Fy',
    '/api/..%2fx',
    '/api/..;v=1/x',
    '/api/%2e.%3bv/x',
    '/api/..?q',
    '/api/%252e%252E/x',
    '/api/x%25252f..',
    '/api/..%253b/x',
    '/api/a\\b',
    '/api/a%5Cb',
    '/api/a%5cb',
    '/api/x%255c..%255cy',
    '/api/a%00b',
    '/api/a%0d%0Ab',
    '/api/a%1F',
    '/api/a%7f',
    '/api/a b',
    '/api/a\tb',
    '/api/x#y',
    '/api/x?y#z',
    '/api/x?\u00e9',
    '/api/\u20ac',
    '/elsewhere/..',
    '/api/%c0%ae%c0%ae/x',
    '/api/%2',
    '/api/%',
    '/api/%zz?q',
    '/api/..%ff',
    '/api/%uff0e/',
    '/api/%ed%a0%80',
  ]) {
    t.equal(find(path), 'invalid_path', JSON.stringify(path))
    // a fragment, or what is no path at all, does not even make an absolute form
    if (!path.includes('#'))
      t.equal(
        find(`http://api.internal${path}`),
        'invalid_path',
        `absolute ${JSON.stringify(path)}`,
      )
  }
  const escaped = fc.constantFrom('.', '%2e', '%2E', '%252e')
  const around = fc.constantFrom('/', '%2f', '%2F', '%252F')
  fc.assert(
    fc.property(around, fc.array(escaped, { minLength: 1, maxLength: 2 }), around, (a, dots, b) => {
      return find(`/api/x${a}${dots.join('')}${b}y`) === 'invalid_path'
    }),
  )
  t.end()
})

t.test('host routes: any case, port when named, Host or absolute form', (t) => {
  const find = finder([
    '{ host: billing.internal, upstream: "https://billing.example" }',
    '{ host: "billing.internal:8443", upstream: "https://port.example" }',
    '{ host: billing.internal, path: /v2, upstream: "https://v2.example/two" }',
    '{ host: "plain.internal:80", upstream: "https://plain.example" }',
    '{ host: "[2001:DB8::1]", upstream: "https://six.example" }',
    '{ host: localhost, path: /own, upstream: "https://own.example" }',
    '{ path: /app-api, upstream: "https://api.example" }',
  ])
  for (const [target, host, expected] of [
    // absolute form: its authority wins over Host
    ['http://billing.internal/x?a', 'localhost', 'https://billing.example /x?a'],
    ['http://Billing.INTERNAL/x', 'other.example', 'https://billing.example /x'],
    ['HTTP://billing.internal', 'x', 'https://billing.example /'],
    ['http://billing.internal?a=b', 'x', 'https://billing.example /?a=b'],
    ['http://billing.internal:9/x', 'x', 'https://billing.example /x'],
    ['http://billing.internal:8443/x', 'x', 'https://port.example /x'],
    ['http://billing.internal:8443/v2/x', 'x', 'https://port.example /v2/x'],
    ['http://billing.internal/v2/x', 'x', 'https://v2.example /two/x'],
    ['http://billing.internal/v22', 'x', 'https://billing.example /v22'],
    ['http://plain.internal/x', 'x', 'https://plain.example /x'],
    ['http://plain.internal:/x', 'x', 'https://plain.example /x'],
    ['http://plain.internal:80/x', 'x', 'https://plain.example /x'],
    ['http://plain.internal:81/x', 'x', 'unknown_upstream'],
    ['http://[2001:db8::1]/x', 'x', 'https://six.example /x'],
    ['http://[2001:db8::1]:81/x', 'x', 'https://six.example /x'],
    ['http://[2001:db8::2]/x', 'x', 'unknown_upstream'],
    ['http://other.example/x', 'billing.internal', 'unknown_upstream'],
    // absolute form never gets a path route
    ['http://localhost/app-api/x', 'localhost', 'unknown_upstream'],
    ['http://localhost:8081/app-api/x', 'localhost:8081', 'unknown_upstream'],
    ['http://localhost/own/x', 'x', 'https://own.example /x'],
    // origin form
    ['/x', 'billing.internal', 'https://billing.example /x'],
    ['/x', 'BILLING.internal:8081', 'https://billing.example /x'],
    ['/x', 'billing.internal:8443', 'https://port.example /x'],
    ['/own/x', 'localhost:1', 'https://own.example /x'],
    ['/app-api/x', 'localhost:1', 'https://api.example /x'],
    ['/app-api/x', 'billing.internal', 'https://billing.example /app-api/x'],
    // neither scheme nor userinfo but http's own
    ['https://billing.internal/x', 'x', 'unknown_upstream'],
    ['ws://billing.internal/x', 'x', 'unknown_upstream'],
    ['http://user@billing.internal/x', 'billing.internal', 'unknown_upstream'],
    ['http://user:pw@billing.internal/x', 'billing.internal', 'unknown_upstream'],
    ['http://billing.internal\\@other.example/x', 'x', 'unknown_upstream'],
    ['http://billing.internal:80:80/x', 'x', 'unknown_upstream'],
    ['http://billing.internal:8x/x', 'x', 'unknown_upstream'],
    ['http:///x', 'billing.internal', 'unknown_upstream'],
    ['http:/x', 'billing.internal', 'unknown_upstream'],
    ['*', 'billing.internal', 'unknown_upstream'],
    ['billing.internal:443', 'billing.internal', 'unknown_upstream'],
    ['', 'billing.internal', 'unknown_upstream'],
  ] as const)
    t.equal(find(target, host), expected, `${target} with Host ${host}`)
  t.end()
})

t.test('path routes serve loopback names only, so that a rebound name gets nothing', (t) => {
  const find = finder(['{ path: /app-api, upstream: "https://api.example" }'])
  for (const host of [
    'localhost',
    'LocalHost:8081',
    '127.0.0.1',
    '127.0.0.1:8081',
    '127.8.9.10',
    '[::1]',
    '[::1]:8081',
  ])
    t.equal(find('/app-api/x', host), 'https://api.example /x', host)
  for (const host of [
    'rebound.example',
    'rebound.example:8081',
    'localhost.rebound.example',
    '127.0.0.1.rebound.example',
    'x127.0.0.1',
    '128.0.0.1',
    '127.0.0.999',
    '127.0.0.01',
    '127.1',
    '0.0.0.0',
    '[::2]',
    '::1',
    '',
  ]) {
    t.equal(find('/app-api/x', host), 'unknown_upstream', host)
    t.equal(find('/app-api/x', host, true), 'https://api.example /x', `${host} where allowed`)
  }
  const bare = createFindUpstream(
    configOf(
      `version: 1
clients:
  worker: { tokenEndpoint: "https://issuer.example/token", clientId: id, clientSecret: { env: S } }
outbound: { listen: 127.0.0.1:8081, routes: [{ path: /a, upstream: "https://api.example" }, { host: h, upstream: "https://h.example" }] }
`,
      { S: 'hush' },
    ).outbound!.routes,
  )
  t.match(bare({ target: '/a', host: undefined, pathsAnyHost: false }), {
    problem: { code: 'unknown_upstream' },
  })
  t.end()
})

t.test('invalid_token is found in any line and beside any scheme, and nowhere else', (t) => {
  for (const [lines, expected] of [
    [['Bearer error="invalid_token"'], true],
    [['bearer Error=invalid_token'], true],
    [['Bearer realm="a, b", error = "invalid_token", error_description="x"'], true],
    [['Bearer realm="a" error="invalid_token"'], true],
    [['Basic realm="x"', 'Bearer error="invalid_token"'], true],
    [['Basic realm="x", Bearer error="invalid_token"'], true],
    [['Negotiate abc==, Bearer error="invalid_token"'], true],
    [['Bearer, Bearer error="invalid_token"'], true],
    [['Bearer error="insufficient_scope"', 'Bearer error="invalid_token"'], true],
    [['Bearer'], false],
    [[''], false],
    [['Bearer realm="x"'], false],
    [['Bearer error="insufficient_scope"'], false],
    [['Bearer error="invalid_tokens"'], false],
    [['Bearer error="insufficient_scope", error_description="no error=invalid_token"'], false],
    [['Bearer error="x", error_description="a \\" error=invalid_token"'], false],
    [['Bearer error_uri="x", DPoP error="invalid_token"'], false],
    [['DPoP error="invalid_token", Bearer realm="x"'], false],
    [['Basic realm="Bearer error=invalid_token"'], false],
    [['Basic "Bearer" error="invalid_token"'], false],
  ] as const)
    t.equal(
      saysInvalidToken(['Date', 'x', ...lines.flatMap((line) => ['Www-Authenticate', line])]),
      expected,
      lines.join(' | '),
    )
  t.notOk(saysInvalidToken(['WWW-Authenticate']))
  t.notOk(saysInvalidToken(['X-Authenticate', 'Bearer error="invalid_token"']))
  t.end()
})
