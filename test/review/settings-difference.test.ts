import t from 'tap'
import { makeCertificates } from '../support/certificates.ts'
import { inboundWith } from '../support/config.ts'
import { type Around, linesOf, reportOf } from './support.ts'

const route = '{ path: /a, methods: [GET], scopes: app-api/a }'
const plainInbound = inboundWith(route)
const withInbound = (more: string) => inboundWith(route, more)
const withIssuer = (more: string) =>
  plainInbound.replace(
    'userPoolId: eu-central-1_a1B2c3D4e',
    `userPoolId: eu-central-1_a1B2c3D4e, ${more}`,
  )
const other = (more = '') =>
  plainInbound.replace(
    'userPoolId: eu-central-1_a1B2c3D4e',
    `issuer: https://login.example.com, audience: api${more}`,
  )

const settingsOf = (before: string, after: string, around?: Around) =>
  reportOf(before, after, around).settings.map(
    ({ effect, key, before: old, after: now }) => `${effect} ${key}: ${old} -> ${now}`,
  )

t.test('each setting is told with what it does, and the other way round', (t) => {
  const turned: Readonly<Record<string, string>> = {
    widened: 'narrowed',
    narrowed: 'widened',
    both: 'both',
    changed: 'changed',
  }
  const cases: readonly (readonly [string, string, string])[] = [
    [plainInbound, withInbound('  mode: report'), 'widened inbound.mode: enforce -> report'],
    [plainInbound, withInbound('  ignoreCase: true'), 'widened inbound.ignoreCase: false -> true'],
    [
      plainInbound,
      withInbound('  paths: { semicolons: allow }'),
      'widened inbound.paths.semicolons: false -> true',
    ],
    [
      plainInbound,
      withInbound('  allowPreflight: true'),
      'widened inbound.allowPreflight: false -> true',
    ],
    [
      plainInbound,
      withInbound('  allowRequestOverrides: true'),
      'widened inbound.allowRequestOverrides: false -> true',
    ],
    [
      plainInbound,
      withInbound('  tokenHeader: x-token'),
      'changed inbound.tokenHeader: authorization -> x-token',
    ],
    [
      plainInbound,
      withInbound('  forwardToken: true'),
      'changed inbound.forwardToken: false -> true',
    ],
    [
      plainInbound,
      withInbound('  trustedProxies: [10.0.0.0/8]'),
      'changed inbound.trustedProxies: none -> 10.0.0.0/8',
    ],
    [
      plainInbound,
      plainInbound.replace(':3000', ':3001'),
      'changed inbound.upstream: http://127.0.0.1:3000 -> http://127.0.0.1:3001',
    ],
    [
      plainInbound,
      plainInbound.replace('127.0.0.1:8080', '{ socket: /run/s.sock }'),
      'changed inbound.listen: 127.0.0.1:8080 -> /run/s.sock',
    ],
    [plainInbound, withIssuer('clientIds: [k]'), 'narrowed issuers.app.clientIds: any -> k'],
    [
      withIssuer('clientIds: [k]'),
      withIssuer('clientIds: [k, l]'),
      'widened issuers.app.clientIds: k -> k, l',
    ],
    [
      withIssuer('clientIds: [k]'),
      withIssuer('clientIds: [l]'),
      'both issuers.app.clientIds: k -> l',
    ],
    [plainInbound, withIssuer('audience: api'), 'narrowed issuers.app.audience: any -> api'],
    [
      plainInbound,
      withIssuer('algorithms: [RS256, ES256]'),
      'widened issuers.app.algorithms: RS256 -> ES256, RS256',
    ],
    [
      plainInbound,
      withIssuer('claims: { tenant: acme }'),
      'narrowed issuers.app.claims.tenant: any -> "acme"',
    ],
    [
      plainInbound,
      withIssuer('scopeClaims: [scp]'),
      'both issuers.app.scopeClaims: scope, scp -> scp',
    ],
    [
      plainInbound,
      withIssuer('clientClaims: [azp]'),
      'both issuers.app.clientClaims: client_id, azp, cid, appid -> azp',
    ],
    [
      plainInbound,
      withIssuer('clockTolerance: 90s'),
      'widened issuers.app.clockTolerance: 30s -> 90s',
    ],
    [
      plainInbound,
      withIssuer('clockTolerance: 1500ms'),
      'narrowed issuers.app.clockTolerance: 30s -> 1500ms',
    ],
    [
      plainInbound,
      withIssuer('maxTokenLifetime: 48h'),
      'widened issuers.app.maxTokenLifetime: 24h -> 48h',
    ],
    [plainInbound, withIssuer('jwksMaxAge: 5m'), 'narrowed issuers.app.jwksMaxAge: 15m -> 5m'],
    [plainInbound, withIssuer('jwksMaxStale: 72h'), 'widened issuers.app.jwksMaxStale: 24h -> 72h'],
    [
      other(),
      other(', jwksUri: https://keys.example.com/k'),
      'both issuers.app: keys: discovery of https://login.example.com -> https://keys.example.com/k',
    ],
  ]
  for (const [before, after, told] of cases) {
    t.same(settingsOf(before, after), [told])
    const [, effect = '', key = '', old = '', now = ''] =
      /^(\w+) (.*): (.*) -> (.*)$/.exec(told) ?? []
    t.same(settingsOf(after, before), [`${turned[effect] ?? ''} ${key}: ${now} -> ${old}`])
  }
  t.end()
})

t.test('a widened setting is widened access, one that decides nothing is none', (t) => {
  const verdict = (after: string) => {
    const { isWidened, isNarrowed } = reportOf(plainInbound, after)
    return [isWidened, isNarrowed]
  }
  t.same(verdict(withInbound('  allowPreflight: true')), [true, false])
  t.same(verdict(withIssuer('clientIds: [k]')), [false, true])
  t.same(verdict(plainInbound.replace(':3000', ':3001')), [false, false])
  t.end()
})

t.test('report mode of the listener is told once, loudest, with everything that it opens', (t) => {
  t.same(linesOf(plainInbound, withInbound('  mode: report')), [
    'Open to everyone now, without a token',
    'any method, WebSocket | /** except /a | everyone, without a token',
    'any but GET, WebSocket | /a | everyone, without a token',
    'GET | /a | everyone, without a token (before: scope app-api/a)',
    'Settings that change who is let through',
    'widened | inbound.mode | enforce -> report | in report mode every request is forwarded, whoever sends it',
    'In other spellings (upper and lower case): newly callable',
    'any method, WebSocket | /a | everyone, without a token',
  ])
  t.end()
})

t.test('a route in report mode is named', (t) => {
  const report = inboundWith('{ path: /a, methods: [GET], scopes: app-api/a, mode: report }')
  t.same(settingsOf(plainInbound, report), ['widened routes in report mode: none -> GET /a'])
  // where nothing is blocked at all, that is said once
  t.same(settingsOf(withInbound('  mode: report'), report), [
    'narrowed inbound.mode: report -> enforce',
  ])
  t.end()
})

t.test('another user pool under the same name is other tokens', (t) => {
  const moved = plainInbound.replace('a1B2c3D4e', 'Zz9')
  const [iss = '', keys = ''] = settingsOf(plainInbound, moved)
  t.match(iss, /^both issuers\.app: accepted iss: \S+eu-central-1_a1B2c3D4e, .*Zz9$/)
  t.match(keys, /^both issuers\.app: keys: /)
  t.same(reportOf(plainInbound, moved).rows, [])
  t.end()
})

t.test('an issuer may have another name; one that is new or gone shows at its routes', (t) => {
  const renamed = plainInbound.replace('app:', 'main:')
  t.same(linesOf(plainInbound, renamed), [])
  const two = (accepted: string) =>
    plainInbound
      .replace('issuers: {', 'issuers: { more: { userPoolId: eu-central-1_Zz9 },')
      .replace('  routes:', `  issuers: [${accepted}]\n  routes:`)
  t.same(linesOf(plainInbound, two('app')), [])
  t.same(linesOf(plainInbound, two('app, more')), [
    'Newly callable',
    'GET | /a | scope app-api/a, issuer more',
  ])
  t.same(linesOf(two('more'), plainInbound), [
    'Newly callable',
    'GET | /a | scope app-api/a, issuer app',
    'No longer callable',
    'GET | /a | scope app-api/a, issuer more',
  ])
  // the name of one, the tokens of another: two issuers
  const swapped = two('app')
    .replace('app:', 'x:')
    .replace('more:', 'app:')
    .replace('issuers: [app]', 'issuers: [x]')
  t.same(linesOf(two('app'), swapped), [])
  const taken = plainInbound.replace('app:', 'more:')
  t.match(linesOf(two('more'), taken).join('\n'), 'scope app-api/a, issuer more (before)')
  t.end()
})

t.test('a pool and another issuer with the same iss have other rules', (t) => {
  const iss = 'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_a1B2c3D4e'
  const foreign = plainInbound.replace(
    'userPoolId: eu-central-1_a1B2c3D4e',
    `issuer: ${iss}, audience: any`,
  )
  t.match(settingsOf(plainInbound, foreign), [
    'both issuers.app: kind: pool -> other',
    /^both issuers\.app: keys/,
    /^narrowed issuers\.app: accepted iss/,
  ])
  t.end()
})

t.test('the inbound proxy itself', (t) => {
  const outbound = [
    'version: 1',
    'clients:',
    '  w: { tokenEndpoint: https://login.example.com/t, clientId: id, clientSecret: s }',
    'outbound:',
    '  listen: 127.0.0.1:8081',
    '  routes: [{ path: /x, upstream: https://api.example.com }]',
  ].join('\n')
  t.same(linesOf(outbound, outbound), [])
  t.match(settingsOf(plainInbound, outbound), ['widened inbound: there -> not there'])
  t.match(settingsOf(outbound, plainInbound), ['changed inbound: not there -> there'])
  t.match(linesOf(outbound, plainInbound), ['Newly callable', 'GET | /a | scope app-api/a'])
  t.match(linesOf(plainInbound, outbound).join('\n'), 'nothing guards the API any more')
  t.end()
})

t.test('what callers can make the upstream believe', (t) => {
  const headers = (list: string) => withInbound(`  removeHeaders: [${list}]`)
  t.same(settingsOf(headers('x-a, x-b'), headers('x-b, x-c')), [
    'widened headers that callers can send: none -> x-a',
    'narrowed headers that callers cannot send: none -> x-c',
  ])
  // what another form still removes is no change: any, by its beginning, or with _ for -
  t.same(settingsOf(headers('x-a, x-b-c'), headers('x-*')), [
    'narrowed headers that callers cannot send: none -> x-*',
  ])
  t.same(settingsOf(headers('x-*'), headers('x-*, x-a, x_b')), [])
  t.same(settingsOf(headers('x-*, y-b'), headers('x-a, y_b')), [
    'widened headers that callers can send: none -> x-*',
  ])
  for (const [wide, narrow] of [
    ['x-auth*', 'x-auth-*'],
    ['x*', 'x-*'],
    ['x-a*', 'x_a_*'],
    ['x-user*', 'x-user-'],
  ] as const) {
    t.same(settingsOf(headers(wide), headers(narrow)), [
      `widened headers that callers can send: none -> ${wide}`,
    ])
    t.same(settingsOf(headers(narrow), headers(wide)), [
      `narrowed headers that callers cannot send: none -> ${wide}`,
    ])
  }
  const identity = (map: string) => withInbound(`  identityHeaders: ${map}`)
  t.same(settingsOf(identity('{ x-who: sub }'), identity('{ x-who: client_id }')), [
    'changed inbound.identityHeaders: x-who: sub -> x-who: client_id',
  ])
  const forwarding = (more: string) =>
    inboundWith(`{ path: /a, methods: [GET], public: true${more} }`)
  t.same(settingsOf(forwarding(''), forwarding(', forwardAuthorization: true')), [
    'changed routes with forwardAuthorization: none -> GET /a',
  ])
  const socket = (value: string) =>
    inboundWith(`{ path: /a, methods: [GET], scopes: s, websocket: ${value} }`)
  t.same(settingsOf(socket('true'), socket('{ outliveToken: true }')), [
    'widened routes whose WebSockets outlive the token: none -> GET /a',
  ])
  t.same(linesOf(socket('false'), socket('true')), ['Newly callable', 'WebSocket | /a | scope s'])
  t.end()
})

t.test('paths with two readings are said to be unknown when routes differ', (t) => {
  const relaxed = (routes: string) => inboundWith(routes, '  paths: { semicolons: allow }')
  const told = settingsOf(relaxed(route), relaxed(`${route}, { path: "/{b}/**", scopes: s }`))
  t.same(told, ['both inbound.paths: relaxed -> relaxed'])
  t.same(settingsOf(relaxed(route), relaxed(route.replace('/a,', '/A,'))), [])
  t.end()
})

t.test('certificates of callers', (t) => {
  const { ca, cert, key } = makeCertificates()
  const files = {
    '/etc/scopegate/ca.pem': ca,
    '/etc/scopegate/other.pem': cert,
    '/etc/scopegate/cert.pem': cert,
    '/etc/scopegate/key.pem': key,
  }
  const listen = (more: string) =>
    plainInbound.replace(
      '127.0.0.1:8080',
      `{ host: 127.0.0.1, port: 8080, tls: { cert: cert.pem, key: key.pem${more} } }`,
    )
  const told = (before: string, after: string) =>
    settingsOf(listen(before), listen(after), { files }).map((line) =>
      line.replace(/\b[0-9a-f]{16}\b/g, 'HASH'),
    )
  const key1 = 'inbound.listen.tls.clientCa'
  t.same(told('', ', clientCa: ca.pem'), [`narrowed ${key1}: none -> HASH`])
  t.same(told(', clientCa: ca.pem', ''), [`widened ${key1}: HASH -> none`])
  t.match(told(', clientCa: ca.pem', ', clientCa: other.pem'), [`both ${key1}: HASH -> HASH`])
  t.match(settingsOf(plainInbound, listen(''), { files }), [
    'changed inbound.listen: 127.0.0.1:8080 -> 127.0.0.1:8080 with TLS',
  ])
  const named = (name: string) => `${listen(', clientCa: ca.pem')}\n  certificateHeader: ${name}`
  t.match(settingsOf(listen(', clientCa: ca.pem'), named('x-cert'), { files }), [
    'changed inbound.certificateHeader: none -> x-cert',
  ])
  const tls = (value: string) => withIssuer(`tls: { ${value} }`)
  t.match(settingsOf(plainInbound, tls('ca: ca.pem'), { files }), [
    /^both issuers\.app\.tls: none -> ca [0-9a-f]{16}, cert none, serverName none$/,
  ])
  t.match(settingsOf(tls('ca: ca.pem'), tls('ca: ca.pem, serverName: x'), { files }), [
    /serverName x$/,
  ])
  t.end()
})

t.test('keys in a file are told by a fingerprint; their layout is no matter', (t) => {
  const keys = (name: string) => other(`, jwks: { file: ${name} }`)
  const files = {
    '/etc/scopegate/a.json': '{"keys":[{"kid":"one"},{"kid":"two"}]}',
    '/etc/scopegate/b.json': '{"keys":[]}',
    '/etc/scopegate/c.json': '{ "keys": [ ] }',
  }
  t.match(settingsOf(keys('a.json'), keys('b.json'), { files }), [
    /^both issuers\.app: keys: key set [0-9a-f]{16} -> key set [0-9a-f]{16}$/,
  ])
  t.same(settingsOf(keys('b.json'), keys('c.json'), { files }), [])
  t.end()
})
