import t from 'tap'
import { readParameterFiles } from '../../src/cloudformation/parameter-files.ts'
import { readPermissions } from '../../src/cloudformation/permissions.ts'

const given = (...texts: readonly string[]) =>
  readParameterFiles(texts.map((text, at) => ({ file: `p${at}.json`, text })))
const valuesOf = (...texts: readonly string[]) =>
  Object.fromEntries([...given(...texts).parameters].map(([name, { value }]) => [name, value]))
const problemsOf = (...texts: readonly string[]) =>
  given(...texts).problems.map(
    ({ file, line, column, message }) => `${file}:${line}:${column} ${message}`,
  )

t.test('every form in which parameters are written is read', (t) => {
  t.strictSame(valuesOf('{ "A": "b", "N": 0060, "Yes": true, "Empty": "" }'), {
    ...{ A: 'b', N: '0060', Yes: 'true', Empty: '' },
  })
  t.strictSame(valuesOf('{ "Parameters": { "A": "b" }, "Tags": {} }'), { A: 'b' })
  const list =
    '[{ "ParameterKey": "A", "ParameterValue": "b" }, { "ParameterKey": "Old", "UsePreviousValue": true }]'
  t.strictSame(valuesOf(list), { A: 'b', Old: undefined })
  t.strictSame(valuesOf(`{ "Parameters": ${list} }`), { A: 'b', Old: undefined })
  t.strictSame(valuesOf('["A=b=c", "Empty="]'), { A: 'b=c', Empty: '' })
  t.strictSame(valuesOf('{ "A": "b" }', '{ "A": "b", "C": "d" }'), { A: 'b', C: 'd' })
  t.end()
})

t.test('what is no file of parameters is a problem at its place, and all are told', (t) => {
  t.match(problemsOf('{ "A": ['), [/^p0\.json:1:\d+ this is no JSON: /])
  t.match(problemsOf('', 'text', '['.repeat(100)), [
    /^p0\.json:1:1 this holds no parameters; write \{ "Name": "value" \}/,
    /^p1\.json:1:1 this holds no parameters/,
    /^p2\.json:1:1 this is nested too deeply/,
  ])
  t.match(problemsOf('{ "A": null,\n "B": {} }'), [
    /^p0\.json:1:8 the value of `A` is no text/,
    /^p0\.json:2:7 the value of `B` is no text/,
  ])
  t.match(problemsOf('["A", { "Key": "a" }, 7]'), [/:1:2 a parameter is/, /:1:7 /, /:1:23 /])
  t.match(problemsOf('{ "A": "b" }', '{ "A": "c" }'), [
    /^p1\.json:1:8 `A` has another value in p0\.json, line 1/,
  ])
  t.match(
    problemsOf('{ "StackResources": [7, { "LogicalResourceId": "A" }, { "ResourceType": "B" }] }'),
    [...[/a resource of a stack has/, /a resource of a stack has/, /a resource of a stack has/]],
  )
  t.end()
})

const arn = 'arn:aws:cloudformation:eu-central-1:123456789012:stack/auth/1'
const poolResource = `{ "StackName": "auth", "StackId": "${arn}", "LogicalResourceId": "Pool", "ResourceType": "AWS::Cognito::UserPool", "PhysicalResourceId": "eu-central-1_abc" }`
const clientResource = `{ "StackName": "auth", "StackId": "${arn}", "LogicalResourceId": "Client", "ResourceType": "AWS::Cognito::UserPoolClient", "PhysicalResourceId": "3n4b5c" }`

t.test('what AWS tells of a stack is read, with its region and account', (t) => {
  const { stacks } = given(`{ "StackResources": [${poolResource}, ${clientResource}] }`)
  t.match(stacks, [{ name: 'auth', region: 'eu-central-1', accountId: '123456789012' }])
  t.strictSame(stacks[0]?.resources.get('Client'), {
    ...{ type: 'AWS::Cognito::UserPoolClient', id: '3n4b5c' },
  })
  const summaries = given(
    '{ "StackResourceSummaries": [{ "LogicalResourceId": "A", "ResourceType": "T", "PhysicalResourceId": "x" }, { "LogicalResourceId": "B", "ResourceType": "T" }] }',
  )
  t.match(summaries.stacks, [{ name: undefined, region: undefined, accountId: undefined }])
  t.equal(summaries.stacks[0]?.resources.size, 1, 'what is still being made has no id')
  t.end()
})

const template = {
  file: 't.yaml',
  text: `Conditions: { No: !Equals [a, b] }
Resources:
  Pool: { Type: AWS::Cognito::UserPool }
  Client:
    Type: AWS::Cognito::UserPoolClient
    Properties:
      UserPoolId: !Ref Pool
      AllowedOAuthScopes: [!Sub "\${AWS::StackName}/\${AWS::Region}", !Sub "\${AWS::AccountId}/a"]
  Other: { Type: AWS::Cognito::UserPoolClient, Condition: No }
`,
}

t.test('ids of clients and pools become known by the stack that has all of the resources', (t) => {
  const read = (...stacks: readonly string[]) => {
    const files = stacks.map((text, at) => ({ file: `s${at}.json`, text }))
    const found = readPermissions([template], files)
    return found.ok ? found.value : undefined
  }
  const auth = `{ "StackResources": [${poolResource}, ${clientResource}] }`
  const known = read(auth)
  t.equal(known?.pools[0]?.id, 'eu-central-1_abc')
  t.equal(known?.clients[0]?.clientId, '3n4b5c')
  t.match(known?.clients[0]?.pool, { value: { kind: 'template', pool: { logicalId: 'Pool' } } })
  t.match(known?.clients[0]?.scopes, [{ value: 'auth/eu-central-1' }, { value: '123456789012/a' }])
  t.equal(read(`{ "StackResources": [${poolResource}] }`)?.clients[0]?.clientId, undefined)
  const twin = auth.replaceAll('stack/auth/1', 'stack/auth/2')
  t.equal(read(auth, twin)?.clients[0]?.clientId, undefined, 'two stacks could be it')
  t.end()
})

t.test('an id that is written out meets the pool of another template that has it', (t) => {
  const client = {
    file: 'c.yaml',
    text: 'Resources: { C: { Type: AWS::Cognito::UserPoolClient, Properties: { UserPoolId: eu-central-1_abc } } }',
  }
  const stack = { file: 's', text: `{ "StackResources": [${poolResource}, ${clientResource}] }` }
  const found = readPermissions([template, client], [stack])
  t.match(found, { value: { clients: [{}, { pool: { value: { pool: { logicalId: 'Pool' } } } }] } })
  t.end()
})

t.test(
  'parameters fill templates, pseudo parameters too; a value that AWS keeps is not guessed',
  (t) => {
    const text = `Parameters: { P: { Type: String, Default: d }, L: { Type: CommaDelimitedList } }
Conditions: { Only: !Equals [a, a] }
Resources:
  C: { Type: AWS::Cognito::UserPoolClient, Condition: Only, Properties: { UserPoolId: !Ref P, ClientName: !Ref AWS::Region, AllowedOAuthScopes: !Ref L } }
`
    const read = (parameters: string) => {
      const found = readPermissions([{ file: 't', text }], [{ file: 'p', text: parameters }])
      return found.ok ? found.value.clients[0] : undefined
    }
    const filled = read('{ "P": "x", "AWS::Region": "r", "L": "a, b" }')
    t.match(filled, {
      name: 'r',
      pool: { value: { id: 'x' } },
      scopes: [{ value: 'a' }, { value: 'b' }],
    })
    const kept = read('[{ "ParameterKey": "P" }]')
    t.match(kept?.pool, { kind: 'unknown', why: /the stack keeps the value that it has/ })
    t.end()
  },
)
