import t from 'tap'
import { configOf, inboundWith, problemsOf } from '../support/config.ts'

const routeProblems = (route: string, more = '') =>
  problemsOf(inboundWith(route, more)).map((problem) => problem.replace(/^\d+:\d+ /, ''))

const routeOf = (route: string, more = '') => {
  const found = configOf(inboundWith(route, more)).inbound?.routes.at(-1)
  if (found === undefined) throw new Error('no route')
  return found
}

t.test('a route that says too little, too much or nonsense is refused', (t) => {
  const one = 'write exactly one of scopes, policy, authenticated: true, public: true'
  const need = 'must be a scope, { anyOf: […] } or { allOf: […] }'
  const cases: [string, string][] = [
    ['{ path: /a }', `inbound.routes[0]: does not say who may; ${one}`],
    ['{ path: /a, public: false }', `inbound.routes[0]: does not say who may; ${one}`],
    [
      '{ path: /a, scopes: s, public: true, methods: GET }',
      `inbound.routes[0]: has scopes and public; ${one}`,
    ],
    [
      '{ path: /a, public: true }',
      'inbound.routes[0]: is public and must say `methods`, such as [GET]',
    ],
    [
      '{ path: /a, public: true, methods: GET, claims: { a: b } }',
      'inbound.routes[0].claims: a public route reads no token; remove this or public',
    ],
    [
      '{ path: /a, scopes: s, forwardAuthorization: true }',
      'inbound.routes[0].forwardAuthorization: is for public routes; remove it',
    ],
    [
      '{ path: /a, scopes: [s, t] }',
      'inbound.routes[0].scopes: is a list: write { anyOf: […] } or { allOf: […] } to say which is meant',
    ],
    ['{ path: /a, scopes: [] }', `inbound.routes[0].scopes: ${need}, not an empty list`],
    [
      '{ path: /a, scopes: { anyOf: [] } }',
      'inbound.routes[0].scopes.anyOf: must not be empty: list at least one scope',
    ],
    [
      '{ path: /a, scopes: { allOf: [] } }',
      'inbound.routes[0].scopes.allOf: must not be empty: list at least one scope',
    ],
    [
      '{ path: /a, scopes: {} }',
      'inbound.routes[0].scopes: must have exactly one of anyOf and allOf',
    ],
    [
      '{ path: /a, scopes: { anyOf: a, allOf: b } }',
      'inbound.routes[0].scopes: must have exactly one of anyOf and allOf',
    ],
    [
      '{ path: /a, scopes: { anyOf: [a, { allOf: [b, "c d"] }] } }',
      'inbound.routes[0].scopes.anyOf[1].allOf[1]: "c d" is no scope; list several scopes one by one',
    ],
    [
      '{ path: /a, scopes: a\\b }',
      'inbound.routes[0].scopes: "a\\\\b" is no scope; it has no blanks, quotes, \\ or other than ASCII characters',
    ],
    [
      '{ path: /a, scopes: s, methods: [] }',
      'inbound.routes[0].methods: must be a method such as GET, or a list of these that is not empty',
    ],
    [
      '{ path: /a, scopes: s, clientIds: [] }',
      'inbound.routes[0].clientIds: must be a client id, or a list of these that is not empty',
    ],
    [
      '{ path: /a, scopes: s, claims: { a: [] } }',
      'inbound.routes[0].claims.a: must be text, a number, true or false; a list holds at least one',
    ],
    [
      '{ path: /a, scopes: s, methods: get }',
      'inbound.routes[0].methods: "get" is no method that can be received; did you mean "GET"?',
    ],
    [
      '{ path: /a, scopes: s, methods: [GET, CONNECT] }',
      'inbound.routes[0].methods[1]: CONNECT is always refused; remove it',
    ],
    [
      '{ path: /a, scopes: s, methods: TRACE }',
      'inbound.routes[0].methods: TRACE is always refused; remove it',
    ],
    [
      '{ path: /a, scopes: s, methods: [GET, GET] }',
      'inbound.routes[0].methods[1]: GET stands here twice',
    ],
    ['{ path: a, scopes: s }', 'inbound.routes[0].path: a path begins with /: write /a'],
    [
      '{ path: "/a{b}", scopes: s }',
      'inbound.routes[0].path: a parameter is a whole segment, {name}, of letters, digits, _ and -, not first a digit or -',
    ],
    [
      '{ path: /a, policy: Exprot }',
      'inbound.routes[0].policy: `inbound.policies` has no "Exprot"; `inbound.policies` has none',
    ],
    [
      '{ path: /a, scopes: s, issuers: ap }',
      'inbound.routes[0].issuers: `issuers` has no "ap"; did you mean "app"?',
    ],
    [
      '{ path: /a, scopes: s, websocket: true, methods: POST }',
      'inbound.routes[0].websocket: a WebSocket handshake is a GET; add it to `methods`',
    ],
    [
      '{ path: /a, scopes: s, websocket: maybe }',
      'inbound.routes[0].websocket: must be true, false or { outliveToken: true }',
    ],
    [
      '{ path: /a, scopes: s, timeouts: { headers: 30 } }',
      'inbound.routes[0].timeouts.headers: must be a duration with its unit, such as 500ms, 30s, 5m or 24h',
    ],
    [
      '{ path: /a, scope: s }',
      'inbound.routes[0].scope: this key is not known here; did you mean "scopes"?',
    ],
    [
      '{ path: /a, scopes: s, mode: }',
      'inbound.routes[0].mode: is empty; it must be one of enforce, report',
    ],
    [
      '{ scopes: s }',
      'inbound.routes[0].path: is missing; it must be a path pattern such as /export/** or /files/{id}',
    ],
    [
      '/a',
      'inbound.routes[0]: must be a mapping with keys out of path, methods, scopes, authenticated, claims, clientIds, issuers, policy, public, forwardAuthorization, mode, timeouts, websocket',
    ],
  ]
  for (const [route, expected] of cases) t.strictSame(routeProblems(route), [expected], route)
  t.end()
})

t.test('problems inside what another problem takes out are told too', (t) => {
  t.strictSame(
    routeProblems('{ path: /a, scopes: { anyOf: ["", { allOf: [""] }] }, zzzzzzzz: 1 }'),
    [
      'inbound.routes[0].scopes.anyOf[0]: must be a scope, { anyOf: […] } or { allOf: […] }',
      'inbound.routes[0].scopes.anyOf[1].allOf[0]: must be a scope, { anyOf: […] } or { allOf: […] }',
      'inbound.routes[0].zzzzzzzz: this key is not known here; known are path, methods, scopes, authenticated, claims, clientIds, issuers, policy, public, forwardAuthorization, mode, timeouts, websocket',
    ],
  )
  t.end()
})

t.test('a long value is cut in messages', (t) => {
  const [problem = ''] = routeProblems(
    '{ path: /a, scopes: s }',
    `  problemTypes: ${'p'.repeat(500)}`,
  )
  t.ok(problem.length < 200, problem)
  t.end()
})

t.test('routes that cannot stand beside each other are told at the later one', (t) => {
  const [twice, ...none] = routeProblems(
    '{ path: "/a/{x}", methods: GET, scopes: s }, { path: "/a/{y}", methods: GET, scopes: t }',
  )
  t.match(
    twice,
    /^inbound\.routes\[1\]\.path: GET for this path stands already at .*: write it once$/,
  )
  t.strictSame(none, [])
  const crossed = routeProblems('{ path: "/{x}/b", scopes: s }, { path: /a/**, scopes: t }')
  t.match(crossed[0], /write a route for \/a\/b/)
  t.end()
})

t.test('a policy gives its access, and its conditions come before those of the route', (t) => {
  const policies =
    '  policies: { P: { scopes: [s], clientIds: c1, claims: { t: [1, "2", true] } }, Q: { authenticated: true, issuers: app } }'
  const route = routeOf('{ path: /a, policy: P, clientIds: [c2], claims: { /a/b: x } }', policies)
  t.equal(route.policy, 'P')
  t.strictSame(route.access, { kind: 'scopes', need: { kind: 'one', scope: 's' } })
  t.strictSame(route.conditions, [
    { kind: 'issuer', names: ['app'] },
    { kind: 'client', ids: ['c1'] },
    { kind: 'client', ids: ['c2'] },
    { kind: 'claim', rule: { claim: 't', values: [1, '2', true] } },
    { kind: 'claim', rule: { claim: '/a/b', values: ['x'] } },
  ])
  const other = routeOf('{ path: /a, policy: Q, issuers: app }', policies)
  t.strictSame(other.access, { kind: 'authenticated' })
  t.equal(other.conditions.length, 2, 'the issuers of both count')
  t.end()
})

t.test('a policy must ask for something, and only for what exists', (t) => {
  const route = '{ path: /a, policy: P }'
  t.strictSame(routeProblems(route, '  policies: { P: { clientIds: c } }'), [
    'inbound.policies.P: must have exactly one of scopes and authenticated: true',
  ])
  t.strictSame(routeProblems(route, '  policies: { P: { scopes: s, authenticated: true } }'), [
    'inbound.policies.P: must have exactly one of scopes and authenticated: true',
  ])
  t.strictSame(routeProblems(route, '  policies: { P: { scope: s } }'), [
    'inbound.policies.P.scope: this key is not known here; did you mean "scopes"?',
  ])
  t.strictSame(routeProblems(route, '  policies: { P: }'), [
    'inbound.policies.P: is empty; it must be a mapping with keys out of scopes, authenticated, claims, clientIds, issuers',
  ])
  t.end()
})

t.test('a token counts only where its issuer is accepted', (t) => {
  const file = (routes: string, issuers = '', more = '') =>
    `version: 1\nissuers: { ${issuers} }\ninbound:\n  listen: 127.0.0.1:1\n  upstream: http://127.0.0.1:2\n${more}  routes: [${routes}]`
  const two = 'a: { userPoolId: eu-central-1_aaaa }, b: { userPoolId: eu-central-1_bbbb }'
  const route = '{ path: /a, authenticated: true }'
  t.strictSame(problemsOf(file(route)), [
    '2:10 issuers: is missing; routes that need a token need an issuer whose tokens count',
  ])
  t.strictSame(problemsOf(file(route, two)), [
    '4:3 inbound.issuers: is missing; with several issuers (a, b) it must say whose tokens routes accept, or each route does',
  ])
  t.strictSame(problemsOf(file(route, two, '  issuers: [c]\n')), [
    '6:13 inbound.issuers[0]: `issuers` has no "c"; there are a, b',
  ])
  t.strictSame(problemsOf(file(route, two, '  issuers: []\n')), [
    '6:12 inbound.issuers: must be the name of one of `issuers`, or a list of these that is not empty',
  ])
  const conditions = (text: string) => configOf(text).inbound?.routes.map((each) => each.conditions)
  t.strictSame(conditions(file(route, two, '  issuers: [b, a]\n')), [
    [{ kind: 'issuer', names: ['b', 'a'] }],
  ])
  t.strictSame(conditions(file('{ path: /a, scopes: s, issuers: b }', two)), [
    [{ kind: 'issuer', names: ['b'] }],
  ])
  t.strictSame(conditions(file('{ path: /a, public: true, methods: [GET] }')), [[]])
  const apart = file(
    '{ path: /a, policy: P, issuers: a }',
    two,
    '  policies: { P: { scopes: s, issuers: b } }\n',
  )
  t.match(problemsOf(apart)[0], /no issuer is in this list and in that of the policy/)
  t.end()
})

t.test('a route has the form that the code uses', (t) => {
  const { pattern, line, column, ...route } = routeOf(
    '{ path: "/f/{id}/**", methods: [GET, POST], scopes: { allOf: [a, { anyOf: b }] }, mode: report, timeouts: { body: 1.5s }, websocket: { outliveToken: true } }',
  )
  t.strictSame([pattern.text, line, column], ['/f/{id}/**', 6, 12])
  t.strictSame(route, {
    id: 'GET,POST /f/{id}/**',
    methods: ['GET', 'POST'],
    access: {
      kind: 'scopes',
      need: {
        kind: 'allOf',
        needs: [
          { kind: 'one', scope: 'a' },
          { kind: 'anyOf', needs: [{ kind: 'one', scope: 'b' }] },
        ],
      },
    },
    conditions: [{ kind: 'issuer', names: ['app'] }],
    policy: undefined,
    mode: 'report',
    timeouts: { headers: undefined, body: 1500 },
    websocket: { allowed: true, outliveToken: true },
  })
  const open = routeOf('{ path: /x, public: true, methods: GET, forwardAuthorization: true }')
  t.strictSame(open.access, { kind: 'public', forwardAuthorization: true })
  const rest = routeOf('{ path: /x, scopes: s, websocket: true }', '  mode: report')
  t.strictSame(
    [rest.id, rest.mode, rest.websocket],
    ['* /x', 'report', { allowed: true, outliveToken: false }],
  )
  t.equal(routeOf('{ path: /x, scopes: s, websocket: false }').websocket.allowed, false)
  t.end()
})

t.test('settings of the listener are refused when they cannot work', (t) => {
  const hop = 'belongs to HTTP itself; choose another header'
  const cases: [string, string][] = [
    ['identityHeaders: { Host: sub }', `identityHeaders.Host: ${hop}`],
    ['identityHeaders: { Keep_Alive: sub }', `identityHeaders.Keep_Alive: ${hop}`],
    ['identityHeaders: { Content-Length: sub }', `identityHeaders.Content-Length: ${hop}`],
    ['identityHeaders: { Cookie: sub }', `identityHeaders.Cookie: ${hop}`],
    [
      'identityHeaders: { Authorization: sub }',
      'identityHeaders.Authorization: carries the token; choose another header',
    ],
    [
      'identityHeaders: { x-request-id: sub }',
      'identityHeaders.x-request-id: is set by Scopegate itself; choose another header',
    ],
    ['identityHeaders: { "a b": sub }', 'identityHeaders."a b": is no header name'],
    [
      'identityHeaders: { x-a: sub, X_A: iss }',
      'identityHeaders.X_A: is the same header as x-a; keep one of them',
    ],
    ['removeHeaders: ["*"]', 'removeHeaders[0]: "*" is no header name; a * stands at the end only'],
    ['removeHeaders: "a*b"', 'removeHeaders: "a*b" is no header name; a * stands at the end only'],
    ['removeHeaders: [te*]', 'removeHeaders[0]: "te*" would remove te; write a narrower name'],
    [
      'removeHeaders: [Authorization]',
      'removeHeaders[0]: "Authorization" would remove authorization; write a narrower name',
    ],
    ['tokenHeader: host', `tokenHeader: "host" ${hop}`],
    ['tokenHeader: "a b"', 'tokenHeader: "a b" is no header name'],
    [
      'trustedProxies: [10.0.0.0/8, 10.0.0.0/33]',
      'trustedProxies[1]: "10.0.0.0/33" is no address or CIDR block; write one such as 10.0.0.0/8',
    ],
    [
      'trustedProxies: lb.example',
      'trustedProxies: "lb.example" is no address or CIDR block; write one such as 10.0.0.0/8',
    ],
    [
      'trustedProxies: "::/129"',
      'trustedProxies: "::/129" is no address or CIDR block; write one such as 10.0.0.0/8',
    ],
    [`realm: 'a"b'`, 'realm: must be visible ASCII without quotes and backslashes'],
    [
      'problemTypes: https://example.com/problems',
      'problemTypes: "https://example.com/problems" is no address that ends with /',
    ],
    ['limits: { maxHeaders: .inf }', 'limits.maxHeaders: must be a whole number from 1 to 10000'],
    ['limits: { maxHeaders: 0 }', 'limits.maxHeaders: must be a whole number from 1 to 10000'],
    ['limits: { maxHeaders: 1.5 }', 'limits.maxHeaders: must be a whole number from 1 to 10000'],
    [
      'limits: { maxTargetBytes: 8KB }',
      'limits.maxTargetBytes: must be a size: a number of bytes, or one with its unit such as 16KiB or 10MiB',
    ],
    [
      'limits: { maxTargetBytes: 1.5 }',
      'limits.maxTargetBytes: must be a size: a number of bytes, or one with its unit such as 16KiB or 10MiB',
    ],
    [
      'limits: { maxTargetBytes: -5 }',
      'limits.maxTargetBytes: must be a size from 64 to 1048576 bytes',
    ],
    [
      'limits: { maxTargetBytes: 2MiB }',
      'limits.maxTargetBytes: must be a size from 64 to 1048576 bytes',
    ],
    [
      'limits: { headersTimeout: 0s }',
      'limits.headersTimeout: must be a duration from 1ms to 596h',
    ],
    [
      'limits: { headersTimeout: 9999h }',
      'limits.headersTimeout: must be a duration from 1ms to 596h',
    ],
    ['paths: { semicolons: true }', 'paths.semicolons: must be one of refuse, allow'],
    ['mode: reprot', 'mode: must be one of enforce, report; did you mean "report"?'],
    ['forwardToken: yes', 'forwardToken: must be true or false'],
  ]
  for (const [more, expected] of cases)
    t.strictSame(
      routeProblems('{ path: /a, scopes: s }', `  ${more}`),
      [`inbound.${expected}`],
      more,
    )
  t.end()
})

t.test('sizes, durations and lists have the form that the code uses', (t) => {
  const more = `  limits: { maxBodyBytes: 2GiB, maxHeaderBytes: 20000, maxTargetBytes: "4096", headersTimeout: 500ms, bodyIdleTimeout: 5m, keepAliveTimeout: 1h, maxConnections: 0100 }
  trustedProxies: [10.0.0.0/8, "::1", "fd00::/8"]
  removeHeaders: X-Mine
  tokenHeader: X-Token
  identityHeaders: { X-Sub: sub }
  paths: { semicolons: allow }
  problemTypes: https://example.com/problems/
  realm: 1234`
  const { inbound } = configOf(inboundWith('', more))
  t.match(inbound, {
    limits: {
      maxBodyBytes: 2 * 1024 ** 3,
      maxHeaderBytes: 20000,
      maxTargetBytes: 4096,
      headersTimeout: 500,
      bodyIdleTimeout: 300_000,
      keepAliveTimeout: 3_600_000,
      maxConnections: 100,
    },
    trustedProxies: ['10.0.0.0/8', '::1', 'fd00::/8'],
    removeHeaders: ['x-mine'],
    tokenHeader: 'x-token',
    identityHeaders: [{ header: 'x-sub', claim: 'sub' }],
    paths: { semicolons: true, emptySegments: false, encodedSlashes: false },
    problemTypes: 'https://example.com/problems/',
    realm: '1234',
  })
  t.end()
})

t.test('ids and claims keep their spelling', (t) => {
  const { conditions } = routeOf(
    '{ path: /a, scopes: 007, clientIds: [0123, 12345678901234567890123456, 1e5, true, 42], claims: { n: 42, z: 042, b: true } }',
  )
  t.strictSame(conditions.slice(1), [
    { kind: 'client', ids: ['0123', '12345678901234567890123456', '1e5', 'true', '42'] },
    { kind: 'claim', rule: { claim: 'n', values: [42] } },
    { kind: 'claim', rule: { claim: 'z', values: ['042'] } },
    { kind: 'claim', rule: { claim: 'b', values: [true] } },
  ])
  t.end()
})

t.test('an upstream that is our own listener is refused', (t) => {
  const text = inboundWith('{ path: /a, scopes: s }')
  t.strictSame(problemsOf(text.replace('127.0.0.1:8080', '0.0.0.0:3000')), [
    '5:13 inbound.upstream: is our own listener inbound.listen; write the address of the API',
  ])
  t.strictSame(problemsOf(text.replace(':3000', ':9901')), [
    '5:13 inbound.upstream: is our own listener admin.listen; write the address of the API',
  ])
  t.strictSame(problemsOf(text.replace(':3000', ':3000/base')), [
    '5:13 inbound.upstream: "http://127.0.0.1:3000/base" has a path; paths go upstream as they are, so remove it',
  ])
  t.end()
})

t.test('what is worth saying and not wrong is a warning', (t) => {
  const text = inboundWith(
    '{ path: /a/**, methods: [GET, POST], scopes: s }, { path: /a/b, methods: GET, scopes: t, mode: report }',
    '  policies: { P: { scopes: s } }',
  )
  const { warnings } = configOf(text)
  t.strictSame(
    warnings.map(({ key, message }) => `${key}: ${message}`),
    [
      'inbound.policies.P: is not used by any route',
      'inbound.routes[0]: POST of /a/** is denied on /a/b (line 7), which is more specific',
      'inbound.routes[1]: GET /a/b is in report mode: nothing is blocked',
    ],
  )
  t.end()
})
