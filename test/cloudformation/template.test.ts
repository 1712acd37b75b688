import t from 'tap'
import { readFileSync } from 'node:fs'
import { awsIssuer } from '../../src/cloudformation/model.ts'
import { readTemplate } from '../../src/cloudformation/template.ts'
import type { TemplateOptions } from '../../src/cloudformation/template.ts'

const ownTemplate = readFileSync(
  new URL('../../deploy/cloudformation/cognito.yaml', import.meta.url),
  'utf8',
)

function problemsOf(text: string, options?: TemplateOptions): string[] {
  const read = readTemplate(text, options)
  return read.ok ? [] : read.problem.map((p) => `${p.line}:${p.column} ${p.key}: ${p.message}`)
}

function modelOf(text: string, options?: TemplateOptions) {
  const read = readTemplate(text, options)
  if (!read.ok) throw new Error(problemsOf(text, options).join('\n'))
  return read.value
}

/** The pool's name is what `expression` comes to. */
function evaluate(expression: string, sections = '', options?: TemplateOptions): string {
  return modelOf(poolNamed(expression, sections), options).pools[0]!.name
}

function poolNamed(expression: string, sections = ''): string {
  return `${sections}
Resources:
  Pool:
    Type: AWS::Cognito::UserPool
    Properties:
      UserPoolName: ${expression}
`
}

function clientWith(properties: string): string {
  return `Resources:
  Pool: { Type: AWS::Cognito::UserPool }
  Api:
    Type: AWS::Cognito::UserPoolResourceServer
    Properties: { UserPoolId: !Ref Pool, Identifier: api, Scopes: [{ ScopeName: read }] }
  Client:
    Type: AWS::Cognito::UserPoolClient
    Properties: { UserPoolId: !Ref Pool, ${properties} }
`
}

t.test('what only AWS could resolve is a problem at its place, and all come at once', (t) => {
  const problems = problemsOf(`Resources:
  Bucket: { Type: AWS::S3::Bucket }
  Pool:
    Type: AWS::Cognito::UserPool
    Properties:
      UserPoolName: !GetAtt Bucket.Arn
  Client:
    Type: AWS::Cognito::UserPoolClient
    Properties:
      UserPoolId: !ImportValue other-stack-pool
      ClientName: !Sub '\${Nowhere}-client'
      AllowedOAuthScopes: [!Ref AWS::StackId]
      GenerateSecret: { 'Fn::Transform': { Name: Macro } }
`)
  t.strictSame(problems, [
    '6:29 Resources.Pool.UserPoolName: `Bucket.Arn`: only AWS knows Arn of a resource of type AWS::S3::Bucket',
    '10:32 Resources.Client.UserPoolId: `other-stack-pool`: another stack exports it; its value is not known here',
    '11:24 Resources.Client.ClientName: `Nowhere`: is neither a parameter nor a resource of this template',
    '12:33 Resources.Client.AllowedOAuthScopes: `AWS::StackId`: only AWS knows its value',
    '13:23 Resources.Client.GenerateSecret: Transform is not supported here; write the value or pass a parameter',
  ])
  t.end()
})

t.test('a broken document, an unknown tag and a template without a pool are problems', (t) => {
  t.match(problemsOf('Resources: {\n  a: [1,'), [/^2:\d+ : /])
  t.match(problemsOf(poolNamed('!Reff X')), [/^6:21 : Unresolved tag: !Reff/])
  const none = 'the template declares no AWS::Cognito::UserPool'
  t.strictSame(problemsOf('just text'), [`1:1 Resources: ${none}`])
  t.strictSame(problemsOf('a: 1'), [`1:1 Resources: ${none}`])
  t.strictSame(problemsOf('Resources:\n  Broken: text\n'), [`2:3 Resources: ${none}`])
  t.strictSame(problemsOf(`${poolNamed('x')}  Fn::ForEach::Pools: [A, [B], {}]\n`), [
    '7:3 Resources.Fn::ForEach::Pools: loops are not supported here',
  ])
  t.end()
})

t.test('intrinsic functions resolve in short and long form', (t) => {
  const sections = `
Parameters:
  Stage: { Type: String, Default: prod }
  Number: { Type: Number, Default: 0123 }
  Names: { Type: CommaDelimitedList, Default: 'a, b ,c' }
  Given: { Type: String }
  Untyped: { Default: x }
Mappings:
  Sizes: { eu-central-1: { small: s1 } }
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
  IsTest: { 'Fn::Equals': [{ Ref: Stage }, test] }
  Either: !Or [!Condition IsTest, { Condition: IsProd }]
  Both: !And [!Condition IsTest, !Condition IsProd]
  NotTest: !Not [!Condition IsTest]`
  const options = { parameters: { Given: 'from outside' }, imports: { shared: 'imported' } }
  const cases: [string, string][] = [
    ['plain', 'plain'],
    ['!Ref Stage', 'prod'],
    ['{ Ref: Stage }', 'prod'],
    ['!Ref Number', '0123'],
    ['!Ref Given', 'from outside'],
    ['!Ref AWS::Region', 'eu-central-1'],
    ['!Ref AWS::AccountId', '123456789012'],
    [
      '!Sub ${AWS::StackName}-${AWS::Partition}-${AWS::URLSuffix}',
      'scopegate-dev-aws-amazonaws.com',
    ],
    ["!Sub '${ Stage }-${!Kept}-$'", 'prod-${Kept}-$'],
    ["{ 'Fn::Sub': ['${A}-${Stage}', { A: !Ref Given }] }", 'from outside-prod'],
    ['!Sub ["x", !If [IsTest, {}, !Ref AWS::NoValue]]', 'x'],
    ["!Join ['-', [a, !Ref Stage, !Ref AWS::NoValue]]", 'a-prod'],
    ["!Join ['', !Ref Names]", 'abc'],
    ['!Select [1, !Ref Names]', 'b'],
    ["!Select [2, !Split ['.', a.b.c]]", 'c'],
    ['!FindInMap [Sizes, !Ref AWS::Region, small]', 's1'],
    ['!If [IsProd, yes, no]', 'yes'],
    ['!If [IsTest, yes, no]', 'no'],
    ['!If [Either, yes, no]', 'yes'],
    ['!If [Both, yes, no]', 'no'],
    ['!If [NotTest, yes, no]', 'yes'],
    ['!If [IsProd, !Ref AWS::NoValue, no]', 'Pool'],
    ['!Base64 text', 'dGV4dA=='],
    ["{ 'Fn::Base64': !Sub 'text' }", 'dGV4dA=='],
    ['!ImportValue shared', 'imported'],
    ["!Sub ['${Stage}', !Ref AWS::NoValue]", 'prod'],
    ['!Ref Untyped', 'x'],
    ["{ 'Fn::ImportValue': !Sub shared }", 'imported'],
  ]
  for (const [expression, value] of cases)
    t.equal(evaluate(expression, sections, options), value, expression)
  t.end()
})

t.test('an intrinsic function in the wrong form says what the right one is', (t) => {
  const sections = `
Parameters:
  Secret: { Type: 'AWS::SSM::Parameter::Value<String>', Default: /name }
  Bare: { Default: x }
Mappings: { Sizes: { a: { b: c } } }
Conditions:
  Loop: !Not [!Condition Loop]
  Odd: true
  Empty: !And []
  Unknown: !Equals [!Ref Nope, x]
  Short: !Equals [x]
  Listed: !Condition [x]
  Nested: !Or [!Condition Unknown]`
  const cases: [string, RegExp][] = [
    ['', /a value is missing/],
    ['[a, b]', /text is expected here/],
    ['{ a: !Ref Nope }', /`Nope`: is neither/],
    ['!Ref [a]', /Ref takes the name/],
    ['!Ref Secret', /`Secret`: the parameter has no default and was given no value/],
    ['!GetAtt Pool', /GetAtt takes Resource.Attribute/],
    ['!GetAtt { a: b }', /GetAtt takes Resource.Attribute/],
    ['!GetAtt [Pool, Nope]', /`Pool.Nope`: only AWS knows Nope of a resource of type AWS::Cogn/],
    ['!Sub { a: b }', /Sub takes a text/],
    ['!Sub []', /Sub takes a text/],
    ["!Sub ['${A}', !Ref Nope]", /`Nope`: is neither/],
    ["!Sub ['${A}', { A: [b] }]", /`A` is no text/],
    ['!Join [a]', /Join is written as \[delimiter, list\]/],
    ['!Join [[a], [b]]', /text is expected here/],
    ['!Join [a, b]', /a list is expected here/],
    ['!Join [a, !Ref Nope]', /`Nope`: is neither/],
    ['!Join [a, [[b]]]', /Join joins texts only/],
    ['!Select a', /Select is written as \[index, list\]/],
    ['!Select [9, [a]]', /there is no item 9 in a list of 1/],
    ['!Select [x, [a]]', /there is no item x/],
    ['!Select [!Ref Nope, [a]]', /`Nope`: is neither/],
    ['!Split [a]', /Split is written as \[delimiter, text\]/],
    ['!Split [a, !Ref Nope]', /`Nope`: is neither/],
    ['!FindInMap [Sizes, a]', /FindInMap is written as \[map, first key, second key\]/],
    ['!FindInMap [Sizes, a, !Ref Nope]', /`Nope`: is neither/],
    ['!FindInMap [Sizes, a, z]', /`Sizes.a.z`: is not in Mappings/],
    ['!If [Loop, a]', /If is written as \[condition, value if true, value if false\]/],
    ['!If [Missing, a, b]', /condition `Missing` is not declared in Conditions/],
    ['!If [!Ref Bare, a, b]', /condition `Bare` is not declared/],
    ['!If [[a], a, b]', /condition `` is not declared/],
    ['!If [Loop, a, b]', /condition `Loop` refers to itself/],
    ['!If [Odd, a, b]', /a condition is one of Equals/],
    ['!If [Empty, a, b]', /And takes a list of conditions/],
    ['!If [Short, a, b]', /Equals is written as \[one value, other value\]/],
    ['!If [Listed, a, b]', /condition `` is not declared/],
    ['{ Ref }', /Ref takes the name/],
    ['{ a: b, Ref: c }', /text is expected here/],
    ['!If [Nested, a, b]', /`Nope`: is neither/],
    ['!Base64 [a]', /text is expected here/],
    ["{ 'Fn::Base64': !Ref Nope }", /`Nope`: is neither/],
    ['!ImportValue [a]', /text is expected here/],
    ['!Equals [a, b]', /Equals belongs into Conditions/],
    ['!GetAZs x', /GetAZs is not supported here/],
  ]
  for (const [expression, message] of cases) {
    const problems = problemsOf(poolNamed(expression, sections))
    t.match(problems, [message], expression)
    t.equal(problems.length, 1, expression)
  }
  t.end()
})

t.test('an alias is a problem, as it is for CloudFormation', (t) => {
  const text = `Metadata: { Name: &name pool }\n${poolNamed('*name')}`
  t.strictSame(problemsOf(text), [
    '7:21 Resources.Pool.UserPoolName: CloudFormation knows no aliases',
  ])
  t.end()
})

t.test('a parameter that the template does not declare is a problem', (t) => {
  const options = { parameters: { Stgae: 'x' } }
  t.strictSame(problemsOf(poolNamed('x'), options), ['1:1 Parameters: `Stgae` is not declared'])
  const declared = poolNamed('x', 'Parameters: { Stage: { Type: String } }')
  t.strictSame(problemsOf(declared, options), ['1:13 Parameters: `Stgae` is not declared'])
  t.end()
})

t.test('a resource whose condition does not hold is not there', (t) => {
  const text = (condition: string) => `Conditions:
  Yes: !Equals [a, a]
  No: !Equals [a, b]
${poolNamed('x')}  Other:
    Type: AWS::Cognito::UserPool
    Condition: ${condition}
`
  t.equal(modelOf(text('Yes')).pools.length, 2)
  t.equal(modelOf(text('No')).pools.length, 1)
  t.match(problemsOf(text('Missing')), [/condition `Missing` is not declared/])
  t.end()
})

t.test('what AWS would refuse in an app client is a problem', (t) => {
  const fifty = Array.from({ length: 51 }, () => 'api/read').join(', ')
  const cases: [string, RegExp][] = [
    ['ClientName: [a]', /Client.ClientName: text is expected here/],
    ['GenerateSecret: perhaps', /Client.GenerateSecret: true or false is expected here/],
    ['GenerateSecret: [true]', /Client.GenerateSecret: true or false is expected here/],
    ['AccessTokenValidity: soon', /AccessTokenValidity: a whole number is expected here/],
    ['AccessTokenValidity: [5]', /AccessTokenValidity: a whole number is expected here/],
    ['AccessTokenValidity: 25', /an access token lives from 5 minutes to 24 hours/],
    [
      'AccessTokenValidity: 4, TokenValidityUnits: { AccessToken: minutes }',
      /from 5 minutes to 24 hours/,
    ],
    ['AccessTokenValidity: 4, TokenValidityUnits: { AccessToken: weeks }', /one of seconds, min/],
    ['TokenValidityUnits: hours', /TokenValidityUnits: a mapping is expected here/],
    ['AllowedOAuthScopes: { a: b }', /AllowedOAuthScopes: a list of texts is expected here/],
    ['AllowedOAuthScopes: [api/write]', /scope `api\/write` is not declared by a resource server/],
    [`AllowedOAuthScopes: [${fifty}]`, /an app client has at most 50 scopes/],
    [
      'AllowedOAuthFlowsUserPoolClient: true, AllowedOAuthFlows: [client_credentials]',
      /client_credentials needs a client secret/,
    ],
    [
      'GenerateSecret: true, AllowedOAuthFlowsUserPoolClient: true, AllowedOAuthFlows: [client_credentials, code]',
      /cannot be combined/,
    ],
    [
      'ExplicitAuthFlows: [ALLOW_CLIENT_TOKEN_AUTH]',
      /ALLOW_CLIENT_TOKEN_AUTH needs a client secret/,
    ],
    [
      'GenerateSecret: true, ExplicitAuthFlows: [ALLOW_CLIENT_TOKEN_AUTH, ALLOW_USER_AUTH]',
      /must be the only flow/,
    ],
  ]
  for (const [properties, message] of cases) {
    const problems = problemsOf(clientWith(properties))
    t.match(problems, [message], properties)
    t.equal(problems.length, 1, properties)
  }
  t.end()
})

t.test('what is used in several places is reported once, where it stands', (t) => {
  const text = clientWith('AllowedOAuthScopes: [!Sub "${Api}/read", !Sub "${Api}/write"]')
  const broken = text.replace('Identifier: api', 'Identifier: !Ref Nope')
  t.match(problemsOf(broken), [/^5:59 Resources.Api.Identifier: `Nope`: is neither/])
  t.equal(problemsOf(broken).length, 1)
  t.end()
})

t.test('a client, server or domain without its pool or its name is a problem', (t) => {
  const problems = problemsOf(`Resources:
  Pool:
    Type: AWS::Cognito::UserPool
    Properties: { IssuerConfiguration: { Type: NEW } }
  A: { Type: AWS::Cognito::UserPoolClient }
  B: { Type: AWS::Cognito::UserPoolClient, Properties: { UserPoolId: eu-central-1_elsewhere } }
  C:
    Type: AWS::Cognito::UserPoolResourceServer
    Properties: { UserPoolId: !Ref Pool, Scopes: [{ ScopeDescription: nameless }] }
  D: { Type: AWS::Cognito::UserPoolDomain, Properties: { UserPoolId: !Ref Pool } }
  E:
    Type: AWS::Cognito::UserPoolDomain
    Properties: { UserPoolId: !Ref Pool, Domain: !Ref E }
`)
  t.match(problems, [
    /^4:40 Resources.Pool.IssuerConfiguration: Type is ORIGINAL or UPDATED/,
    /^5:6 Resources.A.UserPoolId: is missing/,
    /^6:70 Resources.B.UserPoolId: is not a user pool of this template/,
    /^8:5 Resources.C.Identifier: is missing/,
    /^9:50 Resources.C.Scopes: a scope has a ScopeName/,
    /^10:6 Resources.D.Domain: is missing/,
    /^13:55 Resources.E.Domain: `E`: refers to itself/,
  ])
  t.end()
})

t.test('the template that we ship makes two clients that may each do one thing', (t) => {
  const { pools, region } = modelOf(ownTemplate)
  t.equal(pools.length, 1)
  const pool = pools[0]!
  t.equal(region, 'eu-central-1')
  t.match(pool.id, /^eu-central-1_[0-9A-Za-z]{9}$/)
  t.strictSame(
    pool.resourceServers.map((server) => [server.identifier, server.scopes]),
    [['app-api', ['app-api/export', 'app-api/upload']]],
  )
  t.strictSame(pool.domains, [
    { logicalId: 'UserPoolDomain', domain: 'app-user-pool-123456789012', custom: false },
  ])
  const [exporter, uploader] = pool.clients
  t.match(exporter?.id, /^[1-9][0-9a-z]{25}$/)
  t.strictSame(
    { ...exporter, id: '' },
    {
      logicalId: 'ExportServiceClient',
      id: '',
      name: 'export-service',
      hasSecret: true,
      oauthFlows: ['client_credentials'],
      authFlows: ['ALLOW_CLIENT_TOKEN_AUTH'],
      scopes: ['app-api/export'],
      tokenValidity: { amount: 60, unit: 'minutes', seconds: 3600 },
    },
  )
  t.strictSame([uploader?.name, uploader?.scopes], ['upload-service', ['app-api/upload']])
  t.end()
})

t.test('parameters of the template that we ship reach its resources', (t) => {
  const parameters = {
    DomainPrefix: 'acme',
    ResourceServerIdentifier: 'https://api.acme.example',
    AccessTokenMinutes: '5',
  }
  const [pool] = modelOf(ownTemplate, { parameters }).pools
  t.equal(pool!.domains[0]?.domain, 'acme')
  t.strictSame(pool!.clients[0]?.scopes, ['https://api.acme.example/export'])
  t.equal(pool!.clients[0]?.tokenValidity.seconds, 300)
  t.end()
})

t.test('the outputs of the template that we ship are what AWS would print', (t) => {
  const [pool] = modelOf(ownTemplate).pools
  const outputs = [...ownTemplate.matchAll(/^ {4}Value: (.*)$/gm)].map((match) => match[1]!)
  const values = outputs.map((value) => {
    const text = ownTemplate.replace('UserPoolName: !Ref UserPoolName', `UserPoolName: ${value}`)
    return modelOf(text).pools[0]!.name
  })
  const issuer = `https://cognito-idp.eu-central-1.amazonaws.com/${pool!.id}`
  t.strictSame(values, [
    pool!.id,
    issuer,
    `${issuer}/.well-known/jwks.json`,
    'https://app-user-pool-123456789012.auth.eu-central-1.amazoncognito.com/oauth2/token',
    pool!.clients[0]!.id,
    pool!.clients[1]!.id,
  ])
  t.end()
})

t.test('ids are the same in every run, and other ones for another seed', (t) => {
  const ids = (options?: TemplateOptions) =>
    modelOf(ownTemplate, options).pools.flatMap((pool) => [pool.id, pool.clients[0]!.id])
  t.strictSame(ids(), ids())
  t.not(ids({ seed: 'x' })[0], ids()[0])
  t.not(ids({ seed: 'x' })[1], ids()[1])
  t.end()
})

t.test('resources are found by Ref and GetAtt, and a template may be JSON', (t) => {
  const text = JSON.stringify({
    Resources: {
      Pool: {
        Type: 'AWS::Cognito::UserPool',
        Properties: {
          UserPoolName: {
            'Fn::Join': [
              ' ',
              [
                { 'Fn::GetAtt': ['Pool', 'Arn'] },
                { 'Fn::GetAtt': 'Pool.ProviderName' },
                { Ref: 'Api' },
                { 'Fn::Sub': '${Client.ClientId}' },
              ],
            ],
          },
          IssuerConfiguration: { Type: 'UPDATED' },
        },
      },
      Api: {
        Type: 'AWS::Cognito::UserPoolResourceServer',
        Properties: {
          UserPoolId: { 'Fn::GetAtt': ['Pool', 'UserPoolId'] },
          Identifier: 'api',
          Scopes: { ScopeName: 'read' },
        },
      },
      Client: {
        Type: 'AWS::Cognito::UserPoolClient',
        Properties: {
          UserPoolId: { Ref: 'Pool' },
          GenerateSecret: false,
          AllowedOAuthFlows: ['client_credentials'],
          AllowedOAuthScopes: [{ 'Fn::Sub': '${Api}/read' }, 'openid'],
        },
      },
      Domain: {
        Type: 'AWS::Cognito::UserPoolDomain',
        Properties: {
          UserPoolId: { Ref: 'Pool' },
          Domain: 'auth.example.cn',
          CustomDomainConfig: { CertificateArn: 'arn' },
        },
      },
    },
  })
  const model = modelOf(text, { region: 'cn-north-1', accountId: '1' })
  const pool = model.pools[0]!
  const client = pool.clients[0]!
  t.equal(
    pool.name,
    `arn:aws-cn:cognito-idp:cn-north-1:1:userpool/${pool.id} cognito-idp.cn-north-1.amazonaws.com.cn/${pool.id} api ${client.id}`,
  )
  t.strictSame(client.scopes, ['api/read', 'openid'])
  t.strictSame(client.oauthFlows, [], 'flows count only with AllowedOAuthFlowsUserPoolClient')
  t.strictSame(client.tokenValidity, { amount: 1, unit: 'hours', seconds: 3600 })
  t.equal(client.name, 'Client')
  t.equal(pool.domains[0]?.custom, true)
  t.equal(
    awsIssuer(pool, model.urlSuffix),
    `https://issuer-cognito-idp.cn-north-1.amazonaws.com.cn/${pool.id}`,
  )
  t.end()
})
