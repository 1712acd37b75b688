import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { AccessCommand } from '../../src/cli/access.ts'
import { access } from '../../src/commands/access.ts'
import { check } from '../../src/commands/check.ts'
import { dispatch } from '../../src/commands/dispatch.ts'
import { parseArguments } from '../../src/cli.ts'
import { folderWith, repository } from '../support/command.ts'
import { inboundWith } from '../support/config.ts'
import { machine, stackOf, templateWith } from '../review/templates.ts'
import { fakeIo } from './support.ts'

const template = join(repository, 'deploy/cloudformation/cognito.yaml')
const config = join(repository, 'proxy.config.yaml')
const plain: AccessCommand = {
  ...{ name: 'access', config, templates: [template], parameters: [], format: 'table' },
  ...{ client: undefined, route: undefined, scope: undefined },
}

async function told(t: Test, over: Partial<AccessCommand>) {
  const { io, out, err } = fakeIo(t)
  const exitCode = await dispatch({ ...plain, ...over }, io)
  return { exitCode, out: out(), err: err() }
}

t.test('access tells who can call what, in every format', async (t) => {
  const starts = {
    table: /^READ THIS FIRST\n/,
    markdown: /^# Who can call what\n\n## Read this first/,
    csv: /^who,issuer,path,/,
    json: /^\{\n/,
    html: /^<!doctype html>\n/,
  } as const
  for (const [format, start] of Object.entries(starts)) {
    const found = await told(t, { format: format as AccessCommand['format'] })
    t.match(found, { exitCode: 0, err: '', out: start }, format)
    t.match(found.out, /export-service/, format)
  }
  const json = JSON.parse((await told(t, { format: 'json' })).out) as object
  t.match(json, {
    config: { file: config, hash: /^[0-9a-f]{64}$/ },
    templates: [template],
    routes: [{ path: '/export/**' }, {}, {}, {}, {}],
    clients: [
      { name: 'export-service', grants: [{ path: '/export/**', unresolved: [] }, {}, {}] },
      {},
    ],
  })
  t.match(await told(t, { templates: [] }), { exitCode: 0, out: /SCOPES BY ROUTE/ })
  t.match(await told(t, { client: 'upload-service' }), {
    exitCode: 0,
    out: /^(?![^]*export-service)/,
  })
})

t.test('docs/access.md shows what is printed of the files of this repository', async (t) => {
  const document = readFileSync(join(repository, 'docs/access.md'), 'utf8')
  const here = { config: 'proxy.config.yaml', templates: ['deploy/cloudformation/cognito.yaml'] }
  const examples: readonly Partial<AccessCommand>[] = [
    ...[here, { ...here, templates: [] }, { ...here, route: '/files/7', format: 'csv' } as const],
  ]
  for (const example of examples) {
    const { out } = await told(t, example)
    t.ok(document.includes(`\n${out.trimEnd()}\n\`\`\`\n`), out)
  }
})

t.test('access says what it cannot do, and prints nothing then', async (t) => {
  const folder = folderWith(t, {
    'bad.yaml': 'version: 1\n',
    'out.yaml': `version: 1
clients: { worker: { tokenEndpoint: https://login.example.com/t, clientId: a, clientSecret: b } }
outbound: { listen: 127.0.0.1:0, routes: [{ path: /a, upstream: "https://a.example" }] }
`,
    'broken.yaml': 'Resources: [',
    'p.json': '[7]',
  })
  const at = (name: string) => join(folder, name)
  const cases: readonly (readonly [Partial<AccessCommand>, number, RegExp])[] = [
    [{ config: at('bad.yaml') }, 1, /bad\.yaml:1:1 at least one of inbound and outbound/],
    [{ config: at('out.yaml') }, 1, /has no inbound section/],
    [{ templates: [at('broken.yaml')] }, 3, /broken\.yaml:1:\d+ /],
    [{ templates: [at('none.yaml')] }, 3, /the file .*none\.yaml does not exist/],
    [{ parameters: [at('p.json')] }, 3, /p\.json:1:2 a parameter is/],
    [{ parameters: [at('none.json')] }, 3, /none\.json does not exist/],
    [{ templates: [], parameters: [at('p.json')] }, 2, /--parameters are for templates/],
    [{ client: 'export-servic' }, 2, /did you mean "export-service"/],
    [{ route: '/nowhere' }, 2, /no route has the path/],
  ]
  for (const [over, exitCode, err] of cases)
    t.match(await told(t, over), { exitCode, err, out: '' }, String(err))
  const { io } = fakeIo(t)
  t.equal(access({ ...plain, format: 'csv' }, io), 0)
})

t.test('check tells findings beside what it tells anyway', async (t) => {
  const folder = folderWith(t, {
    'c.yaml': inboundWith(
      '{ path: /a, scopes: app-api/exprt }, { path: /b, scopes: app-api/upload }',
    ),
    't.yaml': templateWith(['export', 'upload'], [machine('worker', 'app-api/upload')]),
    'stack.json': stackOf(1),
    'ignore.yaml':
      '- { finding: SG001, reason: not yet }\n- { finding: SG002, reason: another API }\n',
    'broken.yaml': '- text\n',
    'macro.yaml': 'Transform: Mine\nResources: {}\n',
    'bad.yaml': 'version: 1\n',
  })
  const at = (name: string) => join(folder, name)
  const run = async (...args: readonly string[]) => {
    const { io, out, err } = fakeIo(t)
    const parsed = parseArguments(['check', '-c', at('c.yaml'), ...args], '1.2.3')
    if (parsed.kind !== 'command' || parsed.command.name !== 'check')
      return { exitCode: 2, out: '', err: parsed.kind === 'ending' ? parsed.ending.err : '' }
    return { exitCode: await check(parsed.command, io), out: out(), err: err() }
  }
  t.match(await run(), { exitCode: 0, out: /is valid: 2 routes, 1 issuer, 0 clients\n$/ })
  t.match(await run('--lint'), {
    exitCode: 0,
    out: /\nfindings: 0 errors, 0 warnings, 0 notes, 0 ignored\n$/,
  })
  const found = await run('--template', at('t.yaml'))
  t.match(found, { exitCode: 1, err: '' })
  t.match(
    found.out,
    /c\.yaml:6:\d+ error SG001 no resource server defines app-api\/exprt; did you mean "app-api\/export"\?\n/,
  )
  t.match(found.out, /t\.yaml:\d+:\d+ warning SG002 no route uses app-api\/export\n/)
  t.match(found.out, /\nfindings: 1 error, 2 warnings, 0 notes, 0 ignored\n$/)
  const ignore = ['--template', at('t.yaml'), '--ignore', at('ignore.yaml')]
  t.match(await run(...ignore), {
    exitCode: 0,
    out: /findings: 0 errors, 1 warning, 0 notes, 2 ignored/,
  })
  t.match(await run(...ignore, '--fail-on', 'warning'), { exitCode: 1 })
  t.match(await run(...ignore, '--fail-on', 'note', '--parameters', at('stack.json')), {
    exitCode: 1,
  })
  const json = JSON.parse((await run(...ignore, '--format', 'json')).out) as object
  t.match(json, {
    ...{ ok: true, problems: [], warnings: [] },
    findings: [{ id: 'SG001', ignored: 'not yet', line: 6 }, { id: 'SG004' }, { id: 'SG002' }],
  })
  t.notOk('findings' in (JSON.parse((await run('--json')).out) as object))
  const sarif = JSON.parse((await run(...ignore, '--format', 'sarif')).out) as object
  t.match(sarif, { version: '2.1.0', runs: [{ results: [{ ruleId: 'SG001' }, {}, {}] }] })
  t.match(await run('--template', at('t.yaml'), at('macro.yaml')), {
    err: /macro\.yaml:1:12 Transform: what a macro makes .* \(note\)\n/,
  })

  t.match(await run('--template', at('broken.yaml')), {
    exitCode: 3,
    out: '',
    err: /no CloudFormation template/,
  })
  t.match(await run('--lint', '--ignore', at('broken.yaml')), {
    exitCode: 3,
    err: /broken\.yaml:1:3 an entry/,
  })
  t.match(await run('--lint', '--ignore', at('none.yaml')), {
    exitCode: 3,
    err: /none\.yaml does not exist/,
  })
  t.match(await run('-c', at('bad.yaml'), '--format', 'sarif'), {
    exitCode: 1,
    out: /"ruleId": "SG000",[^]*bad\.yaml[^]*"startLine": 1,/,
    err: '',
  })
  t.match(await run('--parameters', at('stack.json')), {
    exitCode: 2,
    err: /--parameters are for templates/,
  })
  t.match(await run('--fail-on', 'note'), {
    exitCode: 2,
    err: /--ignore and --fail-on are for findings/,
  })
  t.match(await run('--ignore', 'a'), { exitCode: 2, err: /are for findings/ })
  for (const flag of [
    ['--scope-prefix', 'a/'],
    ['--base-path', '/v1'],
  ])
    t.match(await run(...flag), { exitCode: 2, err: /are for a document; add --openapi/ })
})
