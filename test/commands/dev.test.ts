import { spawn } from 'node:child_process'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { Command } from '../../src/cli.ts'
import { dev } from '../../src/commands/dev.ts'
import { outboundConfig } from '../../src/dev/playground.ts'
import { welcome } from '../../src/dev/welcome.ts'
import { secret } from '../../src/units.ts'
import { startRawUpstream } from '../support/wire.ts'
import { folderWith } from '../support/command.ts'
import { fakeIo } from './support.ts'

type DevCommand = Extract<Command, { name: 'dev' }>

const anyPort = { issuer: 0, api: 0, inbound: 0, outbound: 0, admin: 0 }
const command: DevCommand = { name: 'dev', template: undefined, issuer: 'own', ports: anyPort }

async function start(t: Test, over: Partial<DevCommand> = {}) {
  const fake = fakeIo(t)
  const ended = dev({ ...command, ...over }, fake.io)
  await Promise.race([fake.said(/Ctrl-C ends it/), ended])
  return { fake, ended }
}

/** Runs a line as pasted into a shell; what was printed, status first. */
function paste(line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const env = { PATH: process.env['PATH'], HOME: '/nowhere' }
    const shell = spawn('bash', ['-c', line], { env, stdio: ['ignore', 'pipe', 'ignore'] })
    let out = ''
    shell.stdout.setEncoding('utf8')
    shell.stdout.on('data', (chunk: string) => {
      out += chunk
    })
    shell.on('error', reject)
    shell.on('close', (code) => {
      if (code === 127) reject(new Error('this test needs curl, as the README does: install it'))
      else resolve(out)
    })
  })
}

/** Every printed example with its announced status. */
const examplesIn = (text: string) =>
  [...text.matchAll(/^ {2}# (\d+): (.*)\n {2}(curl .*)$/gm)].map(([, status, what, line]) => ({
    ...{ status: Number(status), what: what ?? '', line: line ?? '' },
  }))

async function pasteAll(t: Test, text: string): Promise<readonly string[]> {
  const answers: string[] = []
  for (const { status, what, line } of examplesIn(text)) {
    const answer = await paste(line)
    t.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `), `${status}: ${what}`)
    answers.push(answer)
  }
  return answers
}

t.test('every printed line works when pasted, and answers as announced', async (t) => {
  const { fake, ended } = await start(t)
  const text = fake.out()
  t.match(text, /^\nScopegate playground: development only/, 'nothing comes before it')
  t.match(text, /^ {2}export-service +\w{26} {2}may app-api\/export$/m)
  t.match(text, /^ {2}upload-service +\w{26} {2}may app-api\/upload$/m)
  t.strictSame(
    examplesIn(text).map(({ status }) => status),
    [401, 200, 200, 403, 200, 200, 201],
  )
  t.equal(text.match(/\bcurl -i /g)?.length, 7, 'none was overlooked')
  const answers = await pasteAll(t, text)
  t.match(answers[3], /^www-authenticate: .*scope="app-api\/upload"/im)
  t.match(answers[3], /"code":"insufficient_scope"/)
  await fake.said(/outbound POST \/upload-service\/upload -> 201/)
  await fake.said(/inbound GET \/export\/1 -> 401 missing_token/)

  const status = /status (http:\S+)\/status/g
  const [inbound, outbound] = [...text.matchAll(status)].map(([, url]) => url ?? '')
  t.match(await (await fetch(`${inbound}/status`)).json(), { inbound: { routes: Array } })
  t.match(await (await fetch(`${outbound}/status`)).json(), { outbound: { routes: Array } })

  fake.signal('SIGHUP')
  await fake.said(/configuration reloaded/)
  fake.signal('SIGINT')
  t.equal(await ended, 0)
  t.notMatch(fake.out(), /started|shutting down|shut down/)
  t.equal(fake.err(), '')
  await t.rejects(fetch(`${inbound}/livez`), 'nothing is left')
})

const template = `
AWSTemplateFormatVersion: '2010-09-09'
Resources:
  Orders: { Type: AWS::Cognito::UserPool, Properties: { UserPoolName: shop } }
  Bills: { Type: AWS::Cognito::UserPool, Properties: { UserPoolName: shop } }
  OrdersApi:
    Type: AWS::Cognito::UserPoolResourceServer
    Properties:
      UserPoolId: !Ref Orders
      Identifier: orders
      Name: orders
      Scopes:
        - { ScopeName: read, ScopeDescription: x }
        - { ScopeName: 'write:\${all}', ScopeDescription: x }
  BillsApi:
    Type: AWS::Cognito::UserPoolResourceServer
    Properties:
      UserPoolId: !Ref Bills
      Identifier: https://bills.example
      Name: bills
      Scopes: [{ ScopeName: READ, ScopeDescription: x }, { ScopeName: read, ScopeDescription: x }]
  Reader:
    Type: AWS::Cognito::UserPoolClient
    Properties:
      UserPoolId: !Ref Orders
      ClientName: the worker
      GenerateSecret: true
      AllowedOAuthFlowsUserPoolClient: true
      AllowedOAuthFlows: [client_credentials]
      AllowedOAuthScopes: [orders/read, 'orders/write:\${all}']
  Biller:
    Type: AWS::Cognito::UserPoolClient
    Properties:
      UserPoolId: !Ref Bills
      ClientName: The Worker
      GenerateSecret: true
      AllowedOAuthFlowsUserPoolClient: true
      AllowedOAuthFlows: [client_credentials]
      AllowedOAuthScopes: [https://bills.example/read, https://bills.example/READ]
`

t.test('another template has its own lines, whatever its names are', async (t) => {
  const file = join(folderWith(t, { 't.yaml': template }), 't.yaml')
  const { fake, ended } = await start(t, { template: file })
  t.equal(fake.err(), '')
  t.strictSame(
    examplesIn(fake.out()).map(({ status }) => status),
    [401, 200, 200, 403, 200, 200, 200],
  )
  await pasteAll(t, fake.out())
  fake.signal('SIGTERM')
  t.equal(await ended, 0)
})

t.test('one client has nothing to be refused, and none has nothing to try', async (t) => {
  const alone = template.replace(/ {2}Biller:[^]*$/, '')
  const none = template.replace(/ {2}Reader:[^]*$/, '')
  const folder = folderWith(t, { 'alone.yaml': alone, 'none.yaml': none })
  const single = await start(t, { template: join(folder, 'alone.yaml') })
  t.strictSame(
    examplesIn(single.fake.out()).map(({ status }) => status),
    [401, 200, 200, 200, 200],
  )
  await pasteAll(t, single.fake.out())
  single.fake.signal('SIGTERM')
  t.equal(await single.ended, 0)
  const empty = await start(t, { template: join(folder, 'none.yaml') })
  t.equal(await empty.ended, 3)
  t.match(empty.fake.err(), /has no client /)
})

t.test(
  'a client without scopes has nothing to try, and a name without letters is replaced',
  (t) => {
    const client = { name: '##', id: 'abc', secret: secret('hush'), scopes: [], poolId: 'p' }
    const issuer = { url: 'http://i', tokenEndpoint: 'http://i/t', pools: [], clients: [client] }
    const text = welcome({
      ...{ issuer, api: 'http://api', inbound: 'http://in', outbound: 'http://out' },
      ...{ inboundAdmin: 'http://a', outboundAdmin: 'http://b' },
    })
    t.strictSame(examplesIn(text), [
      { status: 200, what: 'public', line: 'curl -i http://in/status' },
    ])
    const { yaml, secrets } = outboundConfig(issuer, 'http://in', {
      inbound: 1,
      outbound: 2,
      admin: 3,
    })
    t.match(yaml, '{ path: "/unnamed", ')
    t.match(yaml, 'admin: { listen: 127.0.0.1:4 }', 'beside the admin listener of inbound')
    t.strictSame(secrets, { SECRET_0: 'hush' })
    t.end()
  },
)

t.test('a name that cannot stand in a configuration is told, and nothing is left', async (t) => {
  const named = template.replace('UserPoolName: shop', 'UserPoolName: __proto__')
  const file = join(folderWith(t, { 't.yaml': named }), 't.yaml')
  const { fake, ended } = await start(t, { template: file })
  t.equal(await ended, 3)
  t.match(fake.err(), /^scopegate: dev:3:3 issuers\.__proto__: this word cannot be a key/)
  t.equal(fake.out(), '')
})

t.test('tokens can name AWS as their issuer', async (t) => {
  const { fake, ended } = await start(t, { issuer: 'aws' })
  t.equal(fake.err(), '')
  const answers = await pasteAll(t, fake.out())
  t.match(answers[1], /"service":"sample-api"/)
  fake.signal('SIGINT')
  t.equal(await ended, 0)
})

t.test('a template that is wrong is told with its places', async (t) => {
  const wrong = template.replace('GenerateSecret: true', 'GenerateSecret: perhaps')
  const folder = folderWith(t, { 't.yaml': wrong })
  const file = join(folder, 't.yaml')
  const { fake, ended } = await start(t, { template: file })
  t.equal(await ended, 3)
  t.match(fake.err(), new RegExp(`^scopegate: ${file}:\\d+:\\d+ .*GenerateSecret`))
  t.equal(fake.out(), '')
  const missing = await start(t, { template: join(folder, 'none.yaml') })
  t.equal(await missing.ended, 3)
  t.match(missing.fake.err(), /^scopegate: the template .*none\.yaml does not exist\n$/)
})

t.test('a port in use is a sentence, and everything that was begun is closed', async (t) => {
  const taken = await startRawUpstream(t)
  for (const [name, hint] of [
    ['issuer', '--issuer-port'],
    ['api', '--api-port'],
    ['inbound', '--inbound-port'],
    ['outbound', '--outbound-port'],
    ['admin', '--admin-port'],
  ] as const) {
    const { fake, ended } = await start(t, { ports: { ...anyPort, [name]: taken.port } })
    t.equal(await ended, 3, name)
    t.match(fake.err(), new RegExp(`^scopegate: .*${taken.port}.* in use.*${hint}.*\\n$`), name)
    t.notMatch(fake.err(), / at /, 'no stack')
    t.equal(fake.out(), '', name)
  }
})
