import t from 'tap'
import { inboundWith } from '../support/config.ts'
import { summaryOf } from '../../src/review/difference/document.ts'
import { asJson } from '../../src/review/difference/as-json.ts'
import { type Around, linesOf, reportOf } from './support.ts'

const client = (id: string, scopes: string, more = '') =>
  `  ${id}: { Type: AWS::Cognito::UserPoolClient, Properties: { UserPoolId: !Ref Pool, GenerateSecret: true, AllowedOAuthFlowsUserPoolClient: true, AllowedOAuthFlows: [client_credentials], AllowedOAuthScopes: [${scopes}], ExplicitAuthFlows: [ALLOW_CLIENT_TOKEN_AUTH]${more} } }`
const template = (...clients: readonly string[]) =>
  [
    'Parameters: { Scope: { Type: String } }',
    'Resources:',
    '  Pool: { Type: AWS::Cognito::UserPool }',
    '  Server: { Type: AWS::Cognito::UserPoolResourceServer, Properties: { UserPoolId: !Ref Pool, Identifier: api, Scopes: [{ ScopeName: a }, { ScopeName: b }] } }',
    ...clients,
  ].join('\n')

const config = (rest: string) => inboundWith(`{ path: /a, methods: [GET], ${rest} }`)
const scoped = config('scopes: api/a')
const both = (text: string) => [text, text] as const

/** Rows of clients alone. */
function clientsOf(before: string, after: string, around: Around): readonly string[] {
  const lines = linesOf(before, after, around)
  const from = lines.indexOf('Clients of the templates')
  const rest = from < 0 ? [] : lines.slice(from + 1)
  return rest.filter((line) => /^(can|may) /.test(line))
}

t.test(
  'a client that gained a scope can newly call what it opens, though no route changed',
  (t) => {
    const templates = [
      template(client('Worker', 'api/b')),
      template(client('Worker', 'api/a')),
    ] as const
    const report = reportOf(scoped, scoped, { templates })
    t.same([report.rows, report.isWidened, report.isNarrowed], [[], true, false])
    t.same(clientsOf(scoped, scoped, { templates }), ['can newly call | GET | /a | Worker'])
    const back = [templates[1], templates[0]] as const
    t.same(clientsOf(scoped, scoped, { templates: back }), [
      'can no longer call | GET | /a | Worker',
    ])
    t.equal(reportOf(scoped, scoped, { templates: back }).isNarrowed, true)
    t.end()
  },
)

t.test('a route that changed names the clients whom it concerns', (t) => {
  const templates = both(
    template(client('Worker', 'api/b'), client('Other', 'api/a'), client('None', '')),
  )
  t.same(clientsOf(scoped, config('scopes: api/b'), { templates }), [
    'can newly call | GET | /a | Worker',
    'can no longer call | GET | /a | Other',
  ])
  t.same(clientsOf(scoped, config('authenticated: true'), { templates }), [
    'can newly call | GET | /a | None, Worker',
  ])
  // that everyone can is told by itself
  t.same(clientsOf(scoped, config('public: true'), { templates }), [])
  t.same(clientsOf(config('public: true'), scoped, { templates }), [
    'can no longer call | GET | /a | None, Worker',
  ])
  t.end()
})

t.test('a client whose issuer a route does not accept cannot call it', (t) => {
  const templates = both(template(client('Worker', 'api/a')))
  const of = (issuer: string) =>
    inboundWith(
      `{ path: /a, methods: [GET], scopes: api/a, issuers: ${issuer} }`,
      '  issuers: [app, partner]',
    ).replace('4e } }', "4e }, partner: { issuer: 'https://partner.example', audience: any } }")
  t.same(clientsOf(of('partner'), of('app'), { templates }), ['can newly call | GET | /a | Worker'])
  t.same(clientsOf(of('app'), of('partner'), { templates }), [
    'can no longer call | GET | /a | Worker',
  ])
  t.end()
})

t.test('a client that is new, gone or renamed', (t) => {
  const one = template(client('Worker', 'api/a'))
  t.same(clientsOf(scoped, scoped, { templates: [template(), one] }), [
    'can newly call | GET | /a | Worker',
  ])
  t.same(clientsOf(scoped, scoped, { templates: [one, template()] }), [
    'can no longer call | GET | /a | Worker',
  ])
  const named = template(client('Worker', 'api/a', ', ClientName: renamed'))
  t.same(clientsOf(scoped, scoped, { templates: [one, named] }), [])
  t.end()
})

t.test('what a template, a client id or a claim leaves open is said to be unknown', (t) => {
  const a = template(client('Worker', 'api/a'))
  const none = template(client('Worker', 'api/b'))
  const unknown = template(client('Worker', '!Ref Scope'))
  const told = (before: string, after: string, templates: readonly [string, string]) =>
    clientsOf(before, after, { templates })
  const newly = ['may newly call (not known) | GET | /a | Worker']
  const no = ['may no longer call (not known) | GET | /a | Worker']
  t.same(told(scoped, scoped, [none, unknown]), newly)
  t.same(told(scoped, scoped, [unknown, a]), newly)
  t.same(told(scoped, scoped, [a, unknown]), no)
  t.same(told(scoped, scoped, [unknown, none]), no)
  t.equal(reportOf(scoped, scoped, { templates: [none, unknown] }).isWidened, true)
  t.same(told(scoped, config('scopes: api/a, clientIds: [k]'), both(a)), no)
  t.same(told(scoped, config('scopes: api/a, claims: { tenant: acme }'), both(a)), no)
  t.same(told(scoped, scoped.replace('{ userPoolId', '{ clientIds: [k], userPoolId'), both(a)), no)
  t.same(
    told(scoped, scoped.replace('{ userPoolId', '{ claims: { x: y }, userPoolId'), both(a)),
    no,
  )
  t.end()
})

t.test('clients of two templates with one logical id are told apart by name', (t) => {
  const one = template(client('Worker', 'api/a', ', ClientName: one'))
  const two = (scope: string) =>
    `Resources:\n${client('Worker', scope, ', ClientName: two').replace('!Ref Pool', 'eu-central-1_a1B2c3D4e')}`
  const templates = [
    [one, two('api/b')],
    [one, two('api/a')],
  ] as const
  t.same(clientsOf(scoped, scoped, { templates }), ['can newly call | GET | /a | two'])
  t.match(reportOf(scoped, scoped, { templates }).assumptions, [
    /user pool Pool of t\.yaml is taken for issuer app/,
  ])
  t.end()
})

t.test('a client id that AWS has told decides', (t) => {
  const known = { UserPool: 'Pool', UserPoolResourceServer: 'Server', UserPoolClient: 'Worker' }
  const ids = { Pool: 'eu-central-1_a1B2c3D4e', Server: 'api', Worker: 'k' } as const
  const parameters = JSON.stringify({
    StackResources: Object.entries(known).map(([type, id]) => ({
      ...{ LogicalResourceId: id, ResourceType: `AWS::Cognito::${type}`, StackName: 's' },
      PhysicalResourceId: ids[id as keyof typeof ids], // written above
    })),
  })
  const templates = both(template(client('Worker', 'api/a')))
  const told = (...clients: readonly string[]) =>
    clientsOf(scoped, config(`scopes: api/a, clientIds: [${clients.join(', ')}]`), {
      templates,
      parameters,
    })
  t.same(told('k', 'l'), [])
  t.same(told('l'), ['can no longer call | GET | /a | Worker'])
  t.end()
})

t.test('rows are in an order of their own, and clients in theirs', (t) => {
  const before = inboundWith('{ path: /b, methods: [GET], scopes: api/a }', '  ignoreCase: true')
  const after = inboundWith(
    '{ path: /a, methods: [GET], scopes: api/a }, { path: /b, methods: [GET, PUT], scopes: api/a }',
  )
  const templates = [
    template(client('Worker', 'api/a')),
    template(client('Worker', 'api/a'), client('Alpha', 'api/a')),
  ] as const
  t.same(clientsOf(before, after, { templates }), [
    'can newly call | GET | /a | Alpha, Worker',
    'can newly call | GET | /b | Alpha',
    'can newly call | PUT | /b | Alpha, Worker',
  ])
  const report = reportOf(before, after, { templates })
  t.same(
    report.clients?.map(({ change, isWritten }) => [change.effect, change.clients, isWritten]),
    [
      ['gained', ['Alpha', 'Worker'], true],
      ['gained', ['Alpha'], true],
      ['gained', ['Alpha', 'Worker'], true],
      ['lost', ['Worker'], false],
    ],
  )
  t.match(summaryOf(report), '2 clients of the templates')
  t.match(asJson(report), {
    clients: [{ path: '/a', effect: 'gained', clients: ['Alpha', 'Worker'] }],
  })
  t.end()
})

t.test('tokens of a pool that is no issuer of the configuration open nothing', (t) => {
  const foreign = inboundWith('{ path: /a, methods: [GET], scopes: api/a }').replace(
    'userPoolId: eu-central-1_a1B2c3D4e',
    'issuer: https://login.example.com, audience: any',
  )
  t.same(
    clientsOf(config('scopes: api/b'), foreign, {
      templates: both(template(client('W', 'api/a'))),
    }),
    [],
  )
  const two = scoped
    .replace('issuers: {', 'issuers: { more: { userPoolId: eu-central-1_Zz9 },')
    .replace('  routes:', '  issuers: [app]\n  routes:')
  t.same(clientsOf(scoped, two, { templates: both(template(client('W', 'api/a'))) }), [
    'may no longer call (not known) | GET | /a | W',
  ])
  t.end()
})
