import { readFileSync } from 'node:fs'
import t from 'tap'
import { readPermissions } from '../../src/cloudformation/permissions.ts'
import type { Cell, Permissions } from '../../src/cloudformation/permissions-model.ts'

type Texts = Readonly<Record<string, string>>

const files = (texts: Texts) => Object.entries(texts).map(([file, text]) => ({ file, text }))
const read = (templates: Texts, parameters: Texts = {}) =>
  readPermissions(files(templates), files(parameters))

function permissionsOf(templates: Texts, parameters: Texts = {}): Permissions {
  const found = read(templates, parameters)
  if (!found.ok) throw new Error(JSON.stringify(found.problem))
  return found.value
}

function problemsOf(templates: Texts, parameters: Texts = {}): readonly string[] {
  const found = read(templates, parameters)
  return found.ok
    ? []
    : found.problem.map(({ file, line, column, key, message }) =>
        [`${file}:${line}:${column}`, key, message].join(' '),
      )
}

/** A value as one would say it: `?` and why when it is not known. */
const shown = (cell: Cell<unknown> | undefined): unknown =>
  cell?.kind === 'unknown' ? `? ${cell.source} (${cell.why})` : cell?.value

const scopesOf = ({ clients }: Permissions) => clients.map(({ scopes }) => scopes.map(shown))

const pool = '  Pool: { Type: AWS::Cognito::UserPool }\n'
const server = `  Api:
    Type: AWS::Cognito::UserPoolResourceServer
    Properties: { UserPoolId: !Ref Pool, Identifier: api, Scopes: [{ ScopeName: read }] }
`
const client = (properties: string, more = '') => `  Client:
    Type: AWS::Cognito::UserPoolClient
    ${more}
    Properties: { UserPoolId: !Ref Pool, ${properties} }
`
const templateWith = (properties: string, sections = '', more = '') =>
  `${sections}\nResources:\n${pool}${server}${client(properties, more)}`

const scopeOf = (expression: string, sections = '', parameters: Texts = {}): unknown =>
  scopesOf(
    permissionsOf(
      { 't.yaml': templateWith(`AllowedOAuthScopes: [${expression}]`, sections) },
      parameters,
    ),
  )[0]?.[0]

t.test("the package's own template is known to the last value", (t) => {
  const text = readFileSync(
    new URL('../../deploy/cloudformation/cognito.yaml', import.meta.url),
    'utf8',
  )
  const { pools, resourceServers, clients, notes } = permissionsOf({ 'cognito.yaml': text })
  t.match(pools, [{ logicalId: 'UserPool', id: undefined, file: 'cognito.yaml', line: 51 }])
  t.strictSame(resourceServers[0]?.scopes.map(shown), ['app-api/export', 'app-api/upload'])
  t.equal(shown(resourceServers[0]?.identifier), 'app-api')
  t.match(clients, [
    { name: 'export-service', logicalId: 'ExportServiceClient', isMachine: true, line: 84 },
    { name: 'upload-service', clientId: undefined, unsure: undefined, column: 3 },
  ])
  t.strictSame(scopesOf(permissionsOf({ 'cognito.yaml': text })), [
    ['app-api/export'],
    ['app-api/upload'],
  ])
  const [first] = clients
  t.match(first?.scopes, [{ file: 'cognito.yaml', line: 96, column: 16 }])
  t.same([first?.hasSecret, first?.usesOAuth].map(shown), [true, true])
  t.same(shown(first?.authFlows), ['ALLOW_CLIENT_TOKEN_AUTH'])
  t.match(first?.pool, { kind: 'known', value: { kind: 'template', pool: pools[0] } })
  t.strictSame(notes, [])
  t.end()
})

t.test('a scope is read through every function that needs nothing but the template', (t) => {
  const sections = `Parameters: { Env: { Type: String, Default: dev } }
Conditions: { IsDev: !Equals [!Ref Env, dev], IsNot: !Not [!Condition IsDev] }
Mappings: { Names: { dev: { scope: api/mapped } } }`
  t.equal(scopeOf('api/read', sections), 'api/read')
  t.equal(scopeOf('!Sub "${Api}/read"', sections), 'api/read')
  t.equal(scopeOf('!Join [/, [!Ref Api, read]]', sections), 'api/read')
  t.equal(scopeOf('!If [IsDev, a, b]', sections), 'a')
  t.equal(scopeOf('!If [IsNot, a, b]', sections), 'b')
  t.equal(scopeOf('!FindInMap [Names, !Ref Env, scope]', sections), 'api/mapped')
  t.equal(scopeOf('!If [IsNot, a, !Ref "AWS::NoValue"]', sections), undefined)
  const whole = (scopes: string) =>
    scopesOf(
      permissionsOf({ 't.yaml': templateWith(`AllowedOAuthScopes: ${scopes}`, sections) }),
    )[0]
  t.strictSame(whole('!If [IsDev, [a, b], [c]]'), ['a', 'b'])
  t.strictSame(whole('!Split [",", "a,b"]'), ['a', 'b'])
  t.strictSame(whole('only'), ['only'])
  t.strictSame(whole('!Ref AWS::NoValue'), [])
  t.end()
})

t.test(
  'what is not known is marked in its cell, with its text and why, and harms no other',
  (t) => {
    const sections = `Parameters:
  Env: { Type: String }
  Secret: { Type: 'AWS::SSM::Parameter::Value<String>', Default: /name/of/it }
Conditions: { IsDev: !Equals [!Ref Env, dev], Both: !And [!Condition IsDev, !Condition IsDev] }`
    t.equal(
      scopeOf('!Sub "${Env}/read"', sections),
      '? !Sub "${Env}/read" (`Env`: the parameter has no default and was given no value)',
    )
    t.match(
      scopeOf('!Ref Secret', sections),
      '(`Secret`: its value is in the Parameter Store of AWS',
    )
    t.match(scopeOf('!If [Both, a, b]', sections), '? !If [Both, a, b] (`Env`: the parameter')
    t.match(scopeOf('!ImportValue elsewhere', sections), '(`elsewhere`: another stack exports it')
    t.match(scopeOf('!Ref AWS::Region', sections), 'only AWS knows its value')
    t.match(scopeOf('!Ref Nobody', sections), 'is neither a parameter nor a resource')
    t.match(scopeOf('!GetAtt Pool.Arn', sections), 'only AWS knows Arn of a resource')
    t.match(scopeOf('!Ref Pool', sections), '? !Ref Pool (it is no text that is known)')
    t.match(scopeOf('!Sub "${Pool}/read"', sections), '`Pool` is no text')
    t.match(scopeOf('"{{resolve:ssm:/x}}/read"', sections), 'only AWS resolves a dynamic reference')
    t.match(scopeOf('!Cidr [a, 1, 2]', sections), 'Cidr is not supported here')
    t.match(scopeOf(`!Sub "${'x'.repeat(200)}\${Env}"`, sections), /^\? .{79}… \(`Env`/)
    const all = templateWith('AllowedOAuthScopes: [a, !Ref Env, b], ClientName: !Ref Env', sections)
    const { clients } = permissionsOf({ 't.yaml': all })
    t.equal(clients[0]?.name, 'Client', 'the logical id where the name is not known')
    t.match(clients[0]?.scopes.map(shown), ['a', /^\? !Ref Env/, 'b'])
    t.match(clients[0]?.scopes[1], { line: 13, file: 't.yaml' })
    t.end()
  },
)

t.test('whatever else a client says may be unknown, too', (t) => {
  const sections =
    'Parameters: { P: { Type: String }, On: { Type: String, Default: "true" } }\nConditions: { C: !Equals [!Ref P, a], No: !Equals [a, b], Yes: !Equals [a, a] }'
  const clientOf = (properties: string, more = '') =>
    permissionsOf({ 't.yaml': templateWith(properties, sections, more) }).clients[0]
  const flows = 'AllowedOAuthFlows: [client_credentials]'
  const on = 'AllowedOAuthFlowsUserPoolClient: true'
  t.equal(clientOf(`${on}, ${flows}`)?.isMachine, true)
  t.equal(clientOf(`AllowedOAuthFlowsUserPoolClient: !Ref On, ${flows}`)?.isMachine, true)
  t.equal(clientOf(`AllowedOAuthFlowsUserPoolClient: !Ref P, ${flows}`)?.isMachine, undefined)
  t.equal(clientOf(`${on}, AllowedOAuthFlows: !Ref P`)?.isMachine, undefined)
  t.equal(
    clientOf('AllowedOAuthFlowsUserPoolClient: false, AllowedOAuthFlows: !Ref P')?.isMachine,
    false,
  )
  t.equal(
    clientOf('AllowedOAuthFlowsUserPoolClient: !Ref P, AllowedOAuthFlows: [code]')?.isMachine,
    false,
  )
  t.equal(clientOf('')?.isMachine, false)
  t.match(shown(clientOf('GenerateSecret: perhaps')?.hasSecret), 'it is neither true nor false')
  t.match(shown(clientOf('GenerateSecret: [a]')?.hasSecret), 'it is neither true nor false')
  t.match(shown(clientOf('AllowedOAuthFlows: [{ a: b }]')?.oauthFlows), 'it is no list of texts')
  t.equal(clientOf('ClientName: { a: b }')?.name, 'Client')
  t.equal(clientOf('', 'Condition: Yes')?.unsure, undefined)
  t.equal(clientOf('', 'Condition: No'), undefined, 'its condition does not hold')
  t.match(clientOf('', 'Condition: C')?.unsure, { kind: 'unknown', source: 'C', why: /^`P`: / })
  t.match(clientOf('', 'Condition: Nothing')?.unsure, { why: /is not declared in Conditions/ })
  t.end()
})

t.test('a resource server is known scope by scope', (t) => {
  const serverWith = (properties: string) =>
    permissionsOf({
      't.yaml': `Parameters: { P: { Type: String } }
Conditions: { No: !Equals [a, b] }
Resources:
${pool}  Odd: nothing
  Api: { Type: AWS::Cognito::UserPoolResourceServer, Properties: { UserPoolId: !Ref Pool, ${properties} } }
  Empty: { Type: AWS::Cognito::UserPoolResourceServer }
`,
    }).resourceServers
  const [one] = serverWith(
    'Identifier: a, Scopes: [{ ScopeName: b }, { ScopeName: !Ref P }, !If [No, x, !Ref "AWS::NoValue"], { Other: c }]',
  )
  t.match(one?.scopes.map(shown), ['a/b', /^\? !Ref P \(/, /it is no text that is known/])
  const [unnamed, empty] = serverWith('Identifier: !Ref P, Scopes: [{ ScopeName: b }]')
  t.match(unnamed?.scopes.map(shown), [/^\? !Ref P\/b \(`P`: /])
  t.match(shown(empty?.identifier), 'Identifier is missing')
  t.match(shown(empty?.pool), 'UserPoolId is missing')
  t.strictSame(empty?.scopes, [])
  t.end()
})

t.test('a pool in one stack, clients in another', (t) => {
  const auth = `Parameters: { Env: { Type: String, Default: dev } }
Conditions: { No: !Equals [a, b], Unknown: !Equals [!Ref AWS::Region, a] }
Resources:
${pool}${server}
Outputs:
  PoolId: { Value: !Ref Pool, Export: { Name: !Sub "\${Env}-pool" } }
  Scope: { Value: !Sub "\${Api}/read", Export: { Name: scope } }
  Never: { Condition: No, Value: a, Export: { Name: never } }
  Perhaps: { Condition: Unknown, Value: a, Export: { Name: perhaps } }
  Unclear: { Value: !Ref AWS::Region, Export: { Name: unclear } }
  Nameless: { Value: a, Export: { Name: !Ref AWS::StackName } }
  Empty: { Value: !Ref AWS::NoValue, Export: { Name: empty } }
  Plain: { Value: a }
  Half: { Export: { Name: half } }
  Odd: text
`
  const service = `Resources:
  Client:
    Type: AWS::Cognito::UserPoolClient
    Properties:
      UserPoolId: !ImportValue dev-pool
      AllowedOAuthScopes:
        - !ImportValue scope
        - Fn::ImportValue: !Sub "sco\${AWS::NoValue}pe"
        - !ImportValue never
        - !ImportValue perhaps
        - !ImportValue unclear
        - !ImportValue empty
        - !ImportValue twice
        - !ImportValue half
`
  const other = (value: string) =>
    `Resources: {}\nOutputs: { Twice: { Value: ${value}, Export: { Name: twice } } }\n`
  const found = permissionsOf({ auth, service, one: other('a'), two: other('b') })
  t.match(found.clients[0]?.pool, {
    kind: 'known',
    value: { kind: 'template', pool: { file: 'auth', logicalId: 'Pool' } },
  })
  t.match(scopesOf(found)[0], [
    'api/read',
    /^\? Fn::ImportValue: !Sub|^\? \{|no text/,
    /`never`: another stack exports it/,
    /whether it is exported depends: `AWS::Region`/,
    /`unclear`: `AWS::Region`: only AWS knows/,
    /`empty`: has no value/,
    /one and two both export it/,
    /`half`: another stack exports it/,
  ])
  const alone = permissionsOf({ service })
  t.match(shown(alone.clients[0]?.pool), '? !ImportValue dev-pool (`dev-pool`: another stack')
  t.end()
})

t.test('a pool may be named by its id, and must be a pool', (t) => {
  const poolOf = (value: string) =>
    permissionsOf({
      't.yaml': `Resources:
${pool}  Topic: { Type: AWS::SNS::Topic }
  Client: { Type: AWS::Cognito::UserPoolClient, Properties: { UserPoolId: ${value} } }
`,
    }).clients[0]?.pool
  t.strictSame(shown(poolOf('eu-central-1_abc')), { kind: 'id', id: 'eu-central-1_abc' })
  t.match(shown(poolOf('[a]')), 'is no user pool')
  t.match(shown(poolOf('!Ref Client')), 'is no user pool')
  t.match(shown(poolOf('!Ref Topic')), 'only AWS knows Ref of a resource of type AWS::SNS::Topic')
  t.match(shown(poolOf('!Ref AWS::NoValue')), 'UserPoolId is missing')
  t.end()
})

t.test('a parameter with NoEcho is not shown, neither its default nor what is given', (t) => {
  for (const noEcho of ['true', "'TRUE'"]) {
    const template = `Parameters: { Hush: { Type: String, NoEcho: ${noEcho}, Default: hush } }
Resources:
  P: { Type: AWS::Cognito::UserPool }
  C: { Type: AWS::Cognito::UserPoolClient, Properties: { UserPoolId: !Ref P, ClientName: !Ref Hush, AllowedOAuthScopes: [!Ref Hush] } }
`
    const read = JSON.stringify(permissionsOf({ 't.yaml': template }))
    t.notMatch(read, '"hush"')
    t.match(read, 'the parameter is NoEcho: its value is not shown')
  }
  t.end()
})

t.test('what nobody could cure is an error with its place', (t) => {
  t.match(problemsOf({ 'a.yaml': 'Resources: [\n' }), [/^a\.yaml:\d+:\d+ /])
  t.match(problemsOf({ 'a.yaml': 'version: 1\n' }), [/^a\.yaml:1:1 .*no CloudFormation template/])
  t.match(problemsOf({ 'a.yaml': '' }), [/^a\.yaml:1:1 .*no CloudFormation template/])
  const aliases =
    'Resources:\n  A: &a { Type: X, Properties: &p { B: c } }\n  B: *a\n  C: { Properties: *p }\n'
  t.match(problemsOf({ 'a.yaml': aliases }), [
    /^a\.yaml:3:6 .*no aliases: write it out/,
    /^a\.yaml:4:20 .*no aliases: write it out/,
  ])
  t.match(problemsOf({ 'a.yaml': `a:\n  ${'['.repeat(200)}` }), [
    /^a\.yaml:2:\d+ .*nested too deeply/,
  ])
  const self = `Resources:
  A: { Type: AWS::Cognito::UserPoolResourceServer, Properties: { Identifier: !Ref B } }
  B: { Type: AWS::Cognito::UserPoolResourceServer, Properties: { Identifier: !Ref A } }
  C: { Type: AWS::Cognito::UserPoolResourceServer, Properties: { Identifier: !Ref D } }
  D: { Type: AWS::Cognito::UserPoolResourceServer, Properties: {} }
  E: { Type: AWS::Cognito::UserPoolResourceServer, Properties: { Identifier: !Ref F } }
  F: { Type: AWS::Cognito::UserPoolResourceServer, Properties: { Identifier: !Ref AWS::NoValue } }
`
  t.match(problemsOf({ self }), [/^self:3:\d+ Resources.B.Properties.Identifier refers to itself/])
  t.match(
    problemsOf({
      c: `Conditions: { A: !Not [!Condition B], B: !Not [!Condition A] }\nResources:\n  X: { Type: AWS::Cognito::UserPool, Condition: A }\n`,
    }),
    [/^c:1:\d+ Conditions\.B condition `A` refers to itself/],
  )
  // AWS refuses it, though nothing hangs on it
  t.match(
    problemsOf({
      c: `Conditions: { A: !Not [!Condition A] }\nResources:\n  X: { Type: AWS::Cognito::UserPool }\n`,
    }),
    [/^c:1:\d+ Conditions\.A condition `A` refers to itself/],
  )
  const ring = (to: string, from: string) =>
    `Resources: { C: { Type: AWS::Cognito::UserPoolClient, Properties: { ClientName: !ImportValue ${to} } } }
Outputs: { O: { Value: !ImportValue ${to}, Export: { Name: ${from} } } }\n`
  t.match(problemsOf({ one: ring('b', 'a'), two: ring('a', 'b') }), [
    /the export `[ab]` refers to itself/,
  ])
  const named =
    'Resources: { C: { Type: AWS::Cognito::UserPoolClient, Properties: { ClientName: !ImportValue x } } }\nOutputs: { O: { Value: a, Export: { Name: !ImportValue b } } }'
  t.equal(permissionsOf({ named }).clients[0]?.name, 'C')
  t.end()
})

t.test('mappings hold plain values: what refers to others cannot go round in circles', (t) => {
  for (const value of [
    '!FindInMap [M, a, b]',
    '!Ref X',
    '!GetAtt A.B',
    '!ImportValue x',
    '!If [C, a, b]',
  ])
    t.match(
      scopeOf('!FindInMap [M, a, b]', `Mappings: { M: { a: { b: ${value} } } }`),
      'Mappings hold plain values only',
      value,
    )
  t.match(
    scopeOf('!FindInMap [M, a, b]', 'Mappings: { M: { a: { b: !Cidr [a, b, c] } } }'),
    'Cidr is not supported here',
  )
  t.end()
})

t.test('conditions that double at every step are judged once', (t) => {
  const steps = Array.from(
    { length: 60 },
    (_, at) => `  C${at + 1}: !And [!Condition C${at}, !Condition C${at}]`,
  )
  for (const first of ['!Equals [a, a]', '!Equals [!Ref AWS::Region, a]']) {
    const text = `Conditions:\n  C0: ${first}\n${steps.join('\n')}\n`
    const found = scopeOf('!If [C60, a, b]', text)
    t.match(found, first === '!Equals [a, a]' ? 'a' : /`AWS::Region`: only AWS knows/)
  }
  t.end()
})

t.test('what makes clients that the text does not show is noted', (t) => {
  const { notes } = permissionsOf(
    {
      't.yaml': `Transform: [AWS::LanguageExtensions, Mine]
Resources:
  Fn::ForEach::Clients: [Name, [a], {}]
  Child: { Type: AWS::CloudFormation::Stack }
`,
      'u.yaml': 'Transform: AWS::Serverless-2016-10-31\nParameters: { P: 1 }\nResources: {}\n',
    },
    { 'p.json': '{ "Lost": "a", "AWS::Region": "b" }' },
  )
  t.match(
    notes.map(({ file, line, message }) => `${file}:${line} ${message}`),
    [
      /^t.yaml:1 .*macro/,
      /^t.yaml:1 .*macro/,
      /^t.yaml:3 .*loop/,
      /^t.yaml:4 .*nested stack/,
      /^u.yaml:1 .*macro/,
      /^p.json:1 no template declares this parameter/,
    ],
  )
  t.end()
})

t.test('values that double or are made of each other without end are marked, not computed', (t) => {
  const chain = (count: number, identifier: (before: string) => string) => ({
    't.yaml': `Resources:
  R0: { Type: AWS::Cognito::UserPoolResourceServer, Properties: { UserPoolId: x, Identifier: aaaaaaaaaa } }
${Array.from({ length: count }, (_, at) => `  R${at + 1}: { Type: AWS::Cognito::UserPoolResourceServer, Properties: { UserPoolId: x, Identifier: ${identifier(`R${at}`)} } }`).join('\n')}
`,
  })
  const last = (texts: Texts) => shown(permissionsOf(texts).resourceServers.at(-1)?.identifier)
  t.equal(String(last(chain(4, (one) => `!Sub "\${${one}}\${${one}}"`))).length, 160)
  t.match(last(chain(60, (one) => `!Sub "\${${one}}\${${one}}"`)), /is longer than AWS takes/)
  t.match(
    last(chain(60, (one) => `!Split [b, !Ref ${one}]`)),
    /text is expected|no text that is known/,
  )
  const backwards = `Resources:
${Array.from({ length: 300 }, (_, at) => `  R${at}: { Type: AWS::Cognito::UserPoolResourceServer, Properties: { UserPoolId: x, Identifier: !Ref R${at + 1} } }`).join('\n')}
`
  const [first] = permissionsOf({ backwards }).resourceServers
  t.match(shown(first?.identifier), 'is made of too many others')
  const conditions = Array.from(
    { length: 400 },
    (_, at) => `  C${at}: !Not [!Condition C${at + 1}]`,
  )
  t.match(
    scopeOf('!If [C0, a, b]', `Conditions:\n${conditions.join('\n')}\n  C400: !Equals [a, a]\n`),
    'conditions are made of too many others',
  )
  const lists = `Resources:
  A: { Type: AWS::Cognito::UserPoolResourceServer, Properties: { UserPoolId: x, Identifier: [{ a: b }, c] } }
  B: { Type: AWS::Cognito::UserPoolResourceServer, Properties: { UserPoolId: x, Identifier: !Ref A } }
`
  t.match(last({ lists }), 'it is no text that is known')
  t.end()
})
