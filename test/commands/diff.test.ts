/** `scopegate diff`: what it reads, what it prints, how it ends. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Test } from 'tap'
import { dispatch } from '../../src/commands/dispatch.ts'
import { readRevisionText } from '../../src/commands/read-revision-text.ts'
import { parseArguments } from '../../src/cli.ts'
import type { Io } from '../../src/commands/io.ts'
import { folderWith } from '../support/command.ts'
import { inboundWith } from '../support/config.ts'
import { fakeIo } from './support.ts'

const scoped = inboundWith('{ path: /a, methods: [GET], scopes: api/a }')
const open = inboundWith('{ path: /a, methods: [GET], public: true }')

/** Runs `diff` with these arguments. */
async function run(t: Test, args: readonly string[], env: Io['env'] = {}) {
  const fake = fakeIo(t, { env })
  const parsed = parseArguments(['diff', ...args], '1')
  if (parsed.kind !== 'command') throw new Error(parsed.ending.err)
  const code = await dispatch(parsed.command, fake.io)
  return { code, out: fake.out(), err: fake.err() }
}

/** A repository in which the configuration of the first commit is `before`, and the working directory. */
function repositoryWith(t: Test, before: string): string {
  const folder = folderWith(t, { 'c.yaml': before, big: 'x'.repeat(1024 * 1024 + 1) })
  writeFileSync(join(folder, 'latin'), Buffer.from([0xe4]))
  mkdirSync(join(folder, 'inner'))
  writeFileSync(join(folder, 'inner', 'd.yaml'), before)
  const git = (...args: readonly string[]) => execFileSync('git', args, { cwd: folder })
  git('init', '-q', '-b', 'main')
  git('add', '-A')
  git('-c', 'user.name=a', '-c', 'user.email=a@example.com', 'commit', '-qm', 'one')
  return folder
}

/** The command reads revisions of the working directory. */
function within(t: Test, folder: string): void {
  const before = process.cwd()
  process.chdir(folder)
  t.teardown(() => {
    process.chdir(before)
  })
}

t.test('exit code 1 with --fail-on widened, when somebody can call more', async (t) => {
  const env = { SCOPED: scoped, OPEN: open }
  const cases = [
    [['env:SCOPED', 'env:OPEN'], 0],
    [['env:SCOPED', 'env:OPEN', '--fail-on', 'widened'], 1],
    [['env:OPEN', 'env:SCOPED', '--fail-on', 'widened'], 0],
    [['env:OPEN', 'env:OPEN', '--fail-on', 'widened'], 0],
  ] as const
  for (const [args, code] of cases) t.equal((await run(t, args, env)).code, code, args.join(' '))
  await t.rejects(
    run(t, ['a', 'b', '--parameters', 'p.json']),
    /--parameters are for templates; add --template-new/,
  )
})

t.test('the formats', async (t) => {
  const env = { SCOPED: scoped, OPEN: open }
  const text = await run(t, ['env:SCOPED', 'env:OPEN'], env)
  t.equal(
    text.out,
    [
      'env:SCOPED -> env:OPEN: widened: 1 open to everyone now',
      '',
      'Open to everyone now, without a token',
      '  GET  /a  everyone, without a token (before: scope api/a)',
      '',
    ].join('\n'),
  )
  const markdown = await run(t, ['env:SCOPED', 'env:OPEN', '--format', 'markdown'], env)
  t.match(markdown.out, '**Access: widened: 1 open to everyone now**\n')
  const json = await run(t, ['env:SCOPED', 'env:OPEN', '--format', 'json'], env)
  t.match(JSON.parse(json.out), { isWidened: true, rows: [{ path: '/a' }] })
  for (const { err } of [text, markdown, json]) t.equal(err, '')
})

t.test('a revision of git is read as git has it, beside a file', async (t) => {
  const folder = repositoryWith(t, scoped)
  within(t, folder)
  writeFileSync(join(folder, 'c.yaml'), open)
  const { out, code } = await run(t, ['HEAD:c.yaml', 'c.yaml'])
  t.match(out, 'HEAD:c.yaml -> c.yaml: widened: 1 open to everyone now')
  t.equal(code, 0)
  t.match((await run(t, ['main:inner/d.yaml', 'HEAD:c.yaml'])).out, 'no change of access')
  // who proposes a change could add a file of this very name
  writeFileSync(join(folder, 'HEAD:c.yaml'), open)
  t.match((await run(t, ['HEAD:c.yaml', 'c.yaml'])).out, ': widened: 1 open to everyone now')
  t.match((await run(t, ['./HEAD:c.yaml', 'c.yaml'])).out, 'no change of access')
})

t.test('what cannot be read is told for both sides, with exit code 3', async (t) => {
  const folder = repositoryWith(t, scoped)
  within(t, folder)
  writeFileSync(join(folder, 'broken.yaml'), 'version: 2\ninbuond: {}\n')
  const { code, out, err } = await run(t, ['broken.yaml', 'HEAD:gone.yaml'])
  t.equal(code, 3)
  t.equal(out, '')
  t.match(err, /^broken\.yaml:1:10 version: /m)
  t.match(err, /^broken\.yaml:2:1 inbuond: this key is not known here; did you mean "inbound"/m)
  t.match(
    err,
    /^HEAD:gone\.yaml: git has no such file \(path 'gone\.yaml' does not exist in 'HEAD'\)/m,
  )

  const problems: Readonly<Record<string, RegExp>> = {
    'gone.yaml': /^gone\.yaml: the file does not exist\n$/,
    'env:NONE': /^env:NONE: the environment variable is missing or empty/,
    'nowhere:c.yaml': /^nowhere:c\.yaml: git has no such file/,
    // a folder is no configuration, though git would list it
    'HEAD:inner': /^HEAD:inner: git has no such file/,
    'HEAD:big': /^HEAD:big: is larger than 1 MiB/,
    'HEAD:latin': /^HEAD:latin: is not UTF-8 text/,
  }
  for (const [argument, problem] of Object.entries(problems)) {
    const ended = await run(t, [argument, 'HEAD:c.yaml'], { NONE: '' })
    t.equal(ended.code, 3, argument)
    t.match(ended.err, problem)
  }
})

t.test('a revision is never an option of git, nor a command of a shell', async (t) => {
  const folder = repositoryWith(t, scoped)
  within(t, folder)
  t.match(await readRevisionText('--batch:x', { env: {} }), {
    ok: false,
    problem: 'a revision does not begin with -',
  })
  t.match(await readRevisionText('HEAD:$(touch x);touch y', { env: {} }), { ok: false })
  t.throws(() => execFileSync('ls', ['x', 'y'], { cwd: folder, stdio: 'pipe' }))
})

t.test('without git a revision is said to be no file', async (t) => {
  const path = process.env['PATH']
  t.teardown(() => {
    process.env['PATH'] = path
  })
  process.env['PATH'] = '/nowhere'
  t.match(await readRevisionText('HEAD:c.yaml', { env: {} }), {
    problem: 'git is not installed, and there is no such file',
  })
})

t.test('what is not here is told by its own name, and no stand-in is shown', async (t) => {
  const text = scoped.replace('api/a', '"${SCOPE}"')
  const env = { A: text, B: text.replace('SCOPE', 'OTHER') }
  const { out } = await run(t, ['env:A', 'env:B'], env)
  t.match(out, 'GET  /a  scope ${OTHER} (before: scope ${SCOPE})\n')
  t.match(out, 'GET  /a  scope ${SCOPE} (still: scope ${OTHER})\n')
  t.match(out, 'note: ${SCOPE} (inbound.routes[0].scopes) is not set here: compared by its name\n')
  t.notMatch(out, 'unset')
})

t.test('a comparison that would take too long is refused', async (t) => {
  const pairs = Array.from({ length: 11 }, (_, at) => `{ anyOf: [a${at}, b${at}] }`).join(', ')
  const env = { A: scoped, B: scoped.replace('api/a', `{ allOf: [${pairs}] }`) }
  const { code, err } = await run(t, ['env:A', 'env:B'], env)
  t.equal(code, 3)
  t.match(
    err,
    /cannot be compared: the scopes and claims of a route can be combined in more than 1,024 ways/,
  )
})

t.test('templates of one side count for both, parameters for all', async (t) => {
  const template = (scope: string) => `Parameters: { Scope: { Type: String } }
Resources:
  Pool: { Type: AWS::Cognito::UserPool }
  Server: { Type: AWS::Cognito::UserPoolResourceServer, Properties: { UserPoolId: !Ref Pool, Identifier: api, Scopes: [{ ScopeName: a }] } }
  Worker: { Type: AWS::Cognito::UserPoolClient, Properties: { UserPoolId: !Ref Pool, AllowedOAuthFlowsUserPoolClient: true, AllowedOAuthFlows: [client_credentials], AllowedOAuthScopes: [${scope}] } }
`
  const folder = folderWith(t, {
    'old.yaml': scoped,
    'new.yaml': inboundWith('{ path: /b, methods: [GET], scopes: api/a }'),
    't.yaml': template('!Ref Scope'),
    'none.yaml': template(''),
    'p.json': '{ "Scope": "api/a" }',
    'x.yaml': 'a: [',
  })
  within(t, folder)
  const parameters = ['--parameters', 'p.json']
  const one = await run(t, ['old.yaml', 'new.yaml', '--template-new', 't.yaml', ...parameters])
  t.match(one.out, '1 no longer callable, 1 client of the templates')
  t.match(one.out, /can newly call +GET +\/b +Worker\n +can no longer call +GET +\/a +Worker\n/)
  const same = await run(t, ['old.yaml', 'new.yaml', '--template-old', 't.yaml', ...parameters])
  t.equal(same.out, one.out)
  const both = ['--template-old', 'none.yaml', '--template-new', 't.yaml', ...parameters]
  const gained = await run(t, ['old.yaml', 'old.yaml', '--fail-on', 'widened', ...both])
  t.equal(gained.code, 1)
  t.match(gained.out, 'widened: 1 client of the templates')
  const broken = await run(t, ['old.yaml', 'old.yaml', '--template-old', 'x.yaml', 'gone.yaml'])
  t.equal(broken.code, 3)
  t.match(broken.err, /^x\.yaml:/m)
  t.match(broken.err, /gone\.yaml does not exist/)
})
