import t from 'tap'
import type { AccessReport } from '../../src/review/access/access.ts'
import { readPermissions } from '../../src/cloudformation/permissions.ts'
import { inboundWith } from '../support/config.ts'
import { machine, permissionsOf, poolId, reportOf, stackOf, templateWith } from './templates.ts'

/** `client: METHODS path by scopes`, with a question mark where it is not sure. */
const grantsIn = ({ clients = [] }: AccessReport): readonly string[] =>
  clients.flatMap(({ name, grants }) =>
    grants.map(
      ({ methods, path, by, unresolved }) =>
        `${name}: ${methods.join(' ')} ${path} by ${by}${unresolved.length > 0 ? ' ?' : ''}`,
    ),
  )

const routes = [
  '{ path: /export/**, methods: [GET], scopes: app-api/export }',
  '{ path: "/files/{id}", methods: [PUT], scopes: { anyOf: [app-api/export, { allOf: [app-api/upload, app-api/admin] }] } }',
  '{ path: "/files/{id}", methods: [DELETE, GET], scopes: { anyOf: [app-api/export, { allOf: [app-api/upload, app-api/admin] }] } }',
  '{ path: /me, authenticated: true }',
  '{ path: /status, methods: [GET], public: true }',
  '{ path: /admin, scopes: { allOf: [app-api/admin, app-api/export] } }',
].join(', ')

t.test('clients by routes by methods, each with the scopes that open it', (t) => {
  const template = templateWith(
    ['export', 'upload', 'admin'],
    [
      machine('worker', 'app-api/upload, app-api/admin'),
      machine('exporter', 'app-api/export'),
      machine('boss', 'app-api/export, app-api/admin, app-api/upload'),
      machine('nobody', ''),
    ],
  )
  const report = reportOf(inboundWith(routes), permissionsOf(template))
  t.strictSame(grantsIn(report), [
    'boss: * /admin by app-api/admin and app-api/export',
    'boss: GET /export/** by app-api/export',
    'boss: DELETE GET PUT /files/{id} by app-api/export or (app-api/upload and app-api/admin)',
    'boss: * /me by any valid token',
    'exporter: GET /export/** by app-api/export',
    'exporter: DELETE GET PUT /files/{id} by app-api/export',
    'exporter: * /me by any valid token',
    'nobody: * /me by any valid token',
    'worker: DELETE GET PUT /files/{id} by app-api/upload and app-api/admin',
    'worker: * /me by any valid token',
  ])
  t.strictSame(report.clients?.map(({ scopes }) => scopes)[0], [
    ...['app-api/admin', 'app-api/export', 'app-api/upload'],
  ])
  t.strictSame(report.notes, [
    'user pool Pool of t.yaml is taken for issuer app: there is one of each',
  ])
  const row = report.routes.find(({ path }) => path === '/me')
  t.match(row, { needs: 'every valid token of app', methods: ['*'], line: 6, conditions: [] })
  t.match(
    report.routes.find(({ path }) => path === '/status'),
    { needs: 'everybody' },
  )
  t.end()
})

t.test('without a template the routes are there, and clients are not', (t) => {
  const { clients, notes, ...report } = reportOf(inboundWith(routes))
  t.equal(clients, undefined)
  t.strictSame(notes, [])
  t.strictSame(
    report.routes.map(({ path, methods }) => `${methods.join()} ${path}`),
    [
      ...['* /admin', 'GET /export/**', 'DELETE,GET /files/{id}', 'PUT /files/{id}', '* /me'],
      'GET /status',
    ],
  )
  t.end()
})

t.test(
  'a scope that the template does not know opens nothing for sure, and may open everything',
  (t) => {
    const template = templateWith(
      ['export'],
      [machine('worker', '!Sub "${Env}/export", app-api/export')],
    )
    const report = reportOf(inboundWith(routes), permissionsOf(template))
    t.match(report.clients, [
      { openScopes: [/^!Sub "\$\{Env\}\/export": `Env`: the parameter has no default/] },
    ])
    t.strictSame(grantsIn(report), [
      'worker: GET /export/** by app-api/export',
      'worker: DELETE GET PUT /files/{id} by app-api/export',
      'worker: * /me by any valid token',
    ])
    t.end()
  },
)

const conditioned = [
  '{ path: /known, scopes: app-api/export, clientIds: [id0] }',
  '{ path: /other, scopes: app-api/export, clientIds: [id7] }',
  '{ path: /tenant, scopes: app-api/export, claims: { custom:tenant: acme } }',
  '{ path: /use, scopes: app-api/export, claims: { token_use: access } }',
  '{ path: /never, scopes: app-api/export, claims: { token_use: id } }',
  '{ path: /self, scopes: app-api/export, claims: { client_id: id0 } }',
].join(', ')

t.test('client ids are judged once they are known, claims of which only AWS knows never', (t) => {
  const template = templateWith(['export'], [machine('worker', 'app-api/export')])
  const unknown = reportOf(inboundWith(conditioned), permissionsOf(template))
  t.strictSame(grantsIn(unknown), [
    'worker: * /known by app-api/export ?',
    'worker: * /other by app-api/export ?',
    'worker: * /self by app-api/export ?',
    'worker: * /tenant by app-api/export ?',
    'worker: * /use by app-api/export',
  ])
  t.strictSame(unknown.clients?.[0]?.grants[0]?.unresolved, [
    'depends on client id0: the template does not know client ids',
  ])
  const known = reportOf(inboundWith(conditioned), permissionsOf(template, stackOf(1)))
  t.strictSame(grantsIn(known), [
    'worker: * /known by app-api/export',
    'worker: * /self by app-api/export',
    'worker: * /tenant by app-api/export ?',
    'worker: * /use by app-api/export',
  ])
  t.strictSame(known.notes, [], 'nothing had to be taken for granted')
  t.strictSame(known.routes[0]?.conditions, ['client id0'])
  t.equal(known.clients?.[0]?.clientId, 'id0')
  t.end()
})

const twoPools = (routes: string) => `version: 1
issuers:
  app: { userPoolId: ${poolId}, clientIds: [id0], audience: app-api, claims: { custom:x: y } }
  other: { userPoolId: eu-central-1_other0001 }
  partner: { issuer: https://login.partner.example, audience: any, jwksUri: https://login.partner.example/keys }
inbound:
  listen: 127.0.0.1:8080
  upstream: http://127.0.0.1:3000
  issuers: [app, partner]
  routes: [${routes}]
`

t.test('a text that looks like a number is told apart from the number', (t) => {
  const claims = `claims: { version: [2, "2", "true", two, true] }`
  const { routes } = reportOf(inboundWith(`{ path: /a, authenticated: true, ${claims} }`))
  t.match(routes, [{ conditions: ['claim version = 2 or "2" or "true" or two or true'] }])
  t.end()
})

t.test('a token counts only where its issuer is accepted', (t) => {
  const template = templateWith(['export'], [machine('worker', 'app-api/export')])
  const text = twoPools(
    '{ path: /a, scopes: app-api/export }, { path: /b, scopes: app-api/export, issuers: [other] }, { path: /c, authenticated: true }',
  )
  const app = reportOf(text, permissionsOf(template, stackOf(1)))
  t.strictSame(grantsIn(app), [
    'worker: * /a by app-api/export ?',
    'worker: * /c by any valid token ?',
  ])
  t.strictSame(app.clients?.[0]?.grants[0]?.unresolved, [
    'depends on claim aud = app-api',
    'depends on claim custom:x = y',
  ])
  t.match(app.routes, [
    { path: '/a', conditions: ['issuer app or partner'] },
    { path: '/b', conditions: ['issuer other'] },
    { path: '/c', needs: 'every valid token of app or partner', conditions: [] },
  ])
  const other = reportOf(text, permissionsOf(template, stackOf(1, 'eu-central-1_other0001')))
  t.strictSame(grantsIn(other), ['worker: * /b by app-api/export'])
  const strange = reportOf(text, permissionsOf(template, stackOf(1, 'eu-central-1_strange')))
  t.strictSame(grantsIn(strange), [])
  t.match(strange.clients, [
    { barred: 'no issuer of the configuration is its user pool eu-central-1_strange' },
  ])
  const open = reportOf(text, permissionsOf(template))
  t.match(open.clients, [
    { issuer: undefined, doubts: [/which issuer its user pool is: the template does not know/] },
  ])
  t.strictSame(grantsIn(open), [
    'worker: * /a by app-api/export ?',
    'worker: * /b by app-api/export ?',
    'worker: * /c by any valid token ?',
  ])
  t.match(open.clients?.[0]?.grants[0]?.unresolved, [
    /which issuer/,
    'depends on issuer app or partner',
  ])
  t.end()
})

t.test('without a user pool among the issuers no client of a template counts', (t) => {
  const text = `version: 1
issuers: { partner: { issuer: https://login.partner.example, audience: any, jwksUri: https://login.partner.example/keys } }
inbound:
  listen: 127.0.0.1:8080
  upstream: http://127.0.0.1:3000
  routes: [{ path: /a, scopes: a }]
`
  const report = reportOf(text, permissionsOf(templateWith([], [machine('worker', 'a')])))
  t.match(report.clients, [{ barred: 'no issuer of the configuration is a user pool', grants: [] }])
  t.end()
})

t.test('what a client is not sure to be makes every line of it unsure', (t) => {
  const unsure = (lines: string) =>
    reportOf(
      inboundWith('{ path: /a, scopes: app-api/export }, { path: /me, authenticated: true }'),
      permissionsOf(templateWith(['export'], [{ name: 'w', lines }])),
    )
  const scopes = '      AllowedOAuthScopes: [app-api/export]'
  const on = '      AllowedOAuthFlowsUserPoolClient: true'
  const flows = '      AllowedOAuthFlows: [client_credentials]'
  const own = '      ExplicitAuthFlows: [ALLOW_CLIENT_TOKEN_AUTH]'
  const doubtsOf = (...lines: readonly string[]) => unsure(lines.join('\n')).clients?.[0]
  t.match(doubtsOf(scopes, '      AllowedOAuthFlowsUserPoolClient: !Ref Env', flows, own), {
    doubts: [/^whether it uses OAuth: !Ref Env/],
    grants: [{ path: '/a' }, { path: '/me' }],
  })
  t.match(doubtsOf(scopes, on, '      AllowedOAuthFlows: !Ref Env', own), {
    doubts: [/^its OAuth flows: !Ref Env/],
  })
  t.match(doubtsOf(scopes, on, flows, '      ExplicitAuthFlows: [!Ref Env]'), {
    doubts: [/^its sign-in flows: /],
    scopes: ['app-api/export'],
  })
  const exists = templateWith(['export'], [machine('w', 'app-api/export')]).replace(
    '    Type: AWS::Cognito::UserPoolClient',
    '    Condition: IsDev\n    Type: AWS::Cognito::UserPoolClient',
  )
  const report = reportOf(
    inboundWith('{ path: /a, scopes: app-api/export }'),
    permissionsOf(exists),
  )
  t.match(report.clients, [{ doubts: [/^whether it exists: IsDev: `Env`: /] }])
  t.strictSame(grantsIn(report), ['w: * /a by app-api/export ?'])
  t.match(doubtsOf(scopes, flows, own), { scopes: [], barred: undefined }, 'OAuth is off')
  t.match(
    doubtsOf(
      scopes,
      on,
      '      AllowedOAuthFlows: []',
      '      ExplicitAuthFlows: [ALLOW_REFRESH_TOKEN_AUTH]',
    ),
    {
      barred: /^it obtains no tokens: /,
      grants: [],
    },
  )
  t.match(doubtsOf(scopes), { scopes: ['aws.cognito.signin.user.admin'] }, 'people may sign in')
  t.match(doubtsOf(scopes, on, flows), {
    scopes: ['app-api/export', 'aws.cognito.signin.user.admin'],
  })
  t.end()
})

t.test('methods of one path that different scopes open stand apart', (t) => {
  const text = inboundWith(
    '{ path: /a, methods: [PUT], scopes: a }, { path: /a, methods: [GET], scopes: b }, { path: /b, authenticated: true, clientIds: [id0] }',
  )
  const report = reportOf(text, permissionsOf(templateWith([], [machine('w', 'a, b')]), stackOf(1)))
  t.strictSame(grantsIn(report), ['w: GET /a by b', 'w: PUT /a by a', 'w: * /b by any valid token'])
  t.match(report.routes[2], { needs: 'every valid token of app', conditions: ['client id0'] })
  t.end()
})

t.test('a pool that a template only imports makes its clients unresolved', (t) => {
  const text = templateWith(['export'], [machine('w', 'app-api/export')]).replace(
    '!Ref Pool\n',
    '!ImportValue pool\n',
  )
  const report = reportOf(inboundWith('{ path: /a, scopes: app-api/export }'), permissionsOf(text))
  t.match(report.clients, [{ doubts: [/^whose it is: !ImportValue pool: /] }])
  const none = templateWith([], [machine('w', 'a')]).replace('      UserPoolId: !Ref Pool\n', '')
  t.match(reportOf(inboundWith('{ path: /a, scopes: a }'), permissionsOf(none)).clients, [
    { doubts: ['whose it is: UserPoolId is missing'] },
  ])
  const written = templateWith([], [machine('w', 'a')]).replace(
    'UserPoolId: !Ref Pool\n',
    `UserPoolId: ${poolId}\n`,
  )
  const known = reportOf(inboundWith('{ path: /a, scopes: a }'), permissionsOf(written))
  t.match(known.clients, [{ issuer: 'app', doubts: [], grants: [{ path: '/a' }] }])
  t.end()
})

t.test('two clients of one name are told apart, and the order is that of names', (t) => {
  const text = templateWith([], [machine('twin', ''), machine('a', ''), machine('twin', '')])
  const report = reportOf(inboundWith('{ path: /a, scopes: a }'), permissionsOf(text))
  t.strictSame(
    report.clients?.map(({ name }) => name),
    ['a', 'twin (t.yaml Client0)', 'twin (t.yaml Client2)'],
  )
  t.end()
})

t.test('what is forwarded without a decision, and what was not read, is said', (t) => {
  const found = readPermissions([{ file: 't', text: 'Transform: Mine\nResources: {}\n' }], [])
  const text = inboundWith(
    '{ path: /a, scopes: a }',
    '  mode: report\n  allowPreflight: true\n  ignoreCase: true',
  )
  t.strictSame(reportOf(text, found.ok ? found.value : undefined).notes, [
    'inbound.mode is report: requests are judged and logged, and forwarded whatever comes of it, unless a route of the path is in mode enforce',
    'CORS preflights (OPTIONS) are forwarded without a token',
    'paths are compared without regard to case',
    't:1 what a macro makes of this template is not known here',
  ])
  t.end()
})
