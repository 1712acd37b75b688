import t from 'tap'
import { milliseconds } from '../../src/units.ts'
import type { AccessCommand } from '../../src/cli/access.ts'
import { commandNames, type Command, parseArguments } from '../../src/cli.ts'

const config = 'proxy.config.yaml'
const ports = { issuer: 9229, api: 3000, inbound: 8080, outbound: 8081, admin: 9901 }
const explain = { name: 'explain', config, json: false } as const
const dev: Command = { name: 'dev', template: undefined, issuer: 'own', ports }

function accessTo(over: Partial<AccessCommand>): Command {
  const files = { config, templates: [], parameters: [] }
  const filter = { client: undefined, route: undefined, scope: undefined }
  return { name: 'access', ...files, format: 'table', ...filter, ...over }
}

const parse = (text: string) =>
  parseArguments(
    text.split(' ').filter((word) => word !== ''),
    '1.2.3',
  )

t.test('arguments become commands, complete with defaults', (t) => {
  const cases: Readonly<Record<string, Command>> = {
    '': { name: 'run', config },
    run: { name: 'run', config },
    '-c other.yaml': { name: 'run', config: 'other.yaml' },
    'run --config env:CONFIG': { name: 'run', config: 'env:CONFIG' },
    check: { name: 'check', config, json: false, online: false },
    'explain /a': { ...explain, request: '/a', token: { kind: 'none' } },
    'explain GET /a --json --token - -c x': {
      ...{ ...explain, request: 'GET /a', config: 'x', json: true, token: { kind: 'stdin' } },
    },
    'explain /a --client c --scopes a/b --issuer app': {
      ...{ ...explain, request: '/a' },
      token: { kind: 'parts', clientId: 'c', scopes: ['a/b'], issuer: 'app' },
    },
    'explain /a --claims {}': {
      ...{ ...explain, request: '/a', token: { kind: 'claims', json: '{}', issuer: undefined } },
    },
    'check --json --online -c a': { name: 'check', config: 'a', json: true, online: true },
    'diff a HEAD~1:b': {
      ...{ name: 'diff', before: 'a', after: 'HEAD~1:b', format: 'text', failOnWidened: false },
      ...{ templates: { before: [], after: [] }, parameters: [] },
    },
    'diff a b --format json --fail-on widened --template-old c d --template-new e --parameters f': {
      ...{ name: 'diff', before: 'a', after: 'b', format: 'json', failOnWidened: true },
      ...{ templates: { before: ['c', 'd'], after: ['e'] }, parameters: ['f'] },
    },
    'check --openapi a.yaml --base-path / -c a': {
      ...{ name: 'check', config: 'a', json: false, online: false },
      openapi: { file: 'a.yaml', scopePrefix: '', basePath: '/' },
    },
    'import openapi a.yaml': {
      ...{ name: 'import', kind: 'openapi', file: 'a.yaml', json: false },
      ...{ scopePrefix: '', basePath: undefined },
    },
    'import openapi a.yaml --json --scope-prefix app-api/ --base-path /v1': {
      ...{ name: 'import', kind: 'openapi', file: 'a.yaml', json: true },
      ...{ scopePrefix: 'app-api/', basePath: '/v1' },
    },
    'learn a.log -': {
      ...{ name: 'learn', logs: ['a.log', '-'], config: undefined, json: false },
      ...{ minCount: 1, mostNames: 30, unused: undefined },
    },
    'learn a.log -c c.yaml --json --min-count 5 --most-names 9 --unused 30': {
      ...{ name: 'learn', logs: ['a.log'], config: 'c.yaml', json: true },
      ...{ minCount: 5, mostNames: 9, unused: 30 },
    },
    'token worker': { name: 'token', config, client: 'worker', raw: false, scopes: [] },
    'token worker --raw --scopes a/b -c x': {
      ...{ name: 'token', config: 'x', client: 'worker', raw: true, scopes: ['a/b'] },
    },
    access: accessTo({}),
    'access --template a.yaml b.yaml --template c.yaml --parameters p.json --format csv': accessTo({
      ...{ templates: ['a.yaml', 'b.yaml', 'c.yaml'], parameters: ['p.json'], format: 'csv' },
    }),
    'access -c a --client w --route /a --scope a/b': accessTo({
      ...{ config: 'a', client: 'w', route: '/a', scope: 'a/b' },
    }),
    health: { name: 'health', config, json: false },
    'health --json': { name: 'health', config, json: true },
    wait: { name: 'wait', config, timeout: milliseconds(60_000) },
    'wait -c a --timeout 1.5s': { name: 'wait', config: 'a', timeout: milliseconds(1500) },
    schema: { name: 'schema', of: 'config' },
    'schema cases': { name: 'schema', of: 'cases' },
    test: {
      name: 'test',
      config,
      cases: 'proxy.cases.yaml',
      format: 'text',
      minCoverage: undefined,
    },
    'test a.yaml -c b --format tap --min-coverage 80': {
      ...{ name: 'test', config: 'b', cases: 'a.yaml', format: 'tap', minCoverage: 80 },
    },
    'test --json': {
      ...{
        name: 'test',
        config,
        cases: 'proxy.cases.yaml',
        format: 'json',
        minCoverage: undefined,
      },
    },
    dev,
    'dev --issuer aws --template t.yaml': { ...dev, issuer: 'aws', template: 't.yaml' },
    'dev --issuer-port 0 --api-port 1 --inbound-port 2 --outbound-port 3 --admin-port 65535': {
      ...dev,
      ports: { issuer: 0, api: 1, inbound: 2, outbound: 3, admin: 65535 },
    },
  }
  for (const [text, command] of Object.entries(cases))
    t.strictSame(parse(text), { kind: 'command', command }, text)
  t.strictSame(parseArguments(['token', 'w', '--scopes', ' a/b  c/d '], '1'), {
    kind: 'command',
    command: { name: 'token', config, client: 'w', raw: false, scopes: ['a/b', 'c/d'] },
  })
  t.end()
})

t.test('help and version go to stdout and are well', (t) => {
  for (const name of commandNames) {
    const parsed = parse(`${name} --help`)
    t.match(parsed, { kind: 'ending', ending: { exitCode: 0, err: '' } }, name)
    t.match(parsed, { ending: { out: `Usage: scopegate ${name} ` } }, name)
  }
  for (const text of ['--help', '-h', 'help']) {
    const parsed = parse(text)
    t.match(parsed, { kind: 'ending', ending: { exitCode: 0, err: '' } }, text)
    for (const name of commandNames)
      t.match(parsed, { ending: { out: new RegExp(`^ {2}${name}\\b`, 'm') } }, `${text} ${name}`)
    t.match(parsed, { ending: { out: /Exit codes: 0 well, 1 the answer is no/ } })
  }
  t.strictSame(parse('--version'), {
    kind: 'ending',
    ending: { exitCode: 0, out: '1.2.3\n', err: '' },
  })
  t.end()
})

t.test('wrong usage is said on stderr with exit code 2, and what was meant', (t) => {
  const cases: Readonly<Record<string, RegExp>> = {
    chekc: /there is no command "chekc"; did you mean "check"\?/,
    tokn: /did you mean "token"/,
    xyzzy: /^error: there is no command "xyzzy"\n$/,
    'check --jsno': /unknown option '--jsno'[^]*--json/,
    '--confg a': /unknown option '--confg'[^]*--config/,
    token: /missing required argument 'client'/,
    explain: /missing required argument 'method-or-path'/,
    'test --format xml': /Allowed choices are text, tap, junit, json/,
    'test --format tap --json': /cannot be used with option/,
    'test --min-coverage 101': /'101' is invalid\. A percentage is a whole number from 0 to 100/,
    'schema caces': /Allowed choices are config, cases/,
    'explain /a --token x': /error: write --token - and give the token on standard input/,
    'explain /a --token - --client c': /cannot be used with option/,
    'import openapi': /missing required argument 'file'/,
    'import openapi a --scope-prefix "': /'"' is invalid\. A prefix has no blanks/,
    'import openapi a --base-path v1': /'v1' is invalid\. A base path begins with \//,
    learn: /missing required argument 'log'/,
    'learn a --min-count 0': /'0' is invalid\. A number from 1 to 999999/,
    'learn a --unused 30': /--unused is about a configuration: name it with -c/,
    'token a b': /too many arguments/,
    'run more': /too many arguments/,
    'diff a': /missing required argument 'new'/,
    'diff a b --fail-on narrowed': /'narrowed' is invalid/,
    'diff a b --format yaml': /Allowed choices are text, markdown, json/,
    '-c': /argument missing/,
    'access --format pdf': /Allowed choices are table, markdown, csv, json, html/,
    'dev --issuer google': /'google' is invalid\. Allowed choices are own, aws/,
    'dev --api-port 65536': /'65536' is invalid\. A port is a number from 0 to 65535/,
    'dev --api-port x': /'x' is invalid/,
    'wait --timeout 5': /'5' is invalid\. A duration is a number and ms, s, m or h/,
    'wait --timeout 9999h': /'9999h' is invalid/,
  }
  for (const [text, err] of Object.entries(cases))
    t.match(parse(text), { kind: 'ending', ending: { exitCode: 2, out: '', err } }, text)
  t.end()
})
