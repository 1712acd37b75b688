/** The workflow that comments on pull requests: its shell runs for real, in a repository of git made here. */
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Test } from 'tap'
import { parse } from 'yaml'
import { buildCommand, folderWith, repository } from '../support/command.ts'
import { inboundWith } from '../support/config.ts'

type Step = {
  readonly name?: string
  readonly uses?: string
  readonly if?: string
  readonly run?: string
  readonly env?: Readonly<Record<string, string>>
  readonly with?: Readonly<Record<string, unknown>>
}
type Workflow = {
  readonly on: { readonly pull_request: { readonly types: readonly string[] } }
  readonly permissions: Readonly<Record<string, string>>
  readonly jobs: { readonly diff: { readonly env: object; readonly steps: readonly Step[] } }
}

const text = readFileSync(join(repository, 'deploy/github/access-review.yaml'), 'utf8')
const document = readFileSync(join(repository, 'docs/review.md'), 'utf8')
const workflow = parse(text) as Workflow
const { steps } = workflow.jobs.diff
const stepNamed = (name: string) => steps.find((step) => step.name === name) ?? {}

const scoped = inboundWith('{ path: /export/**, methods: [GET], scopes: app-api/export }')
const opened = inboundWith('{ path: /export/**, methods: [GET], public: true }')

/** A repository with a merge commit, as a pull request is checked out; git of this machine has no say. */
function merged(t: Test, before: string | undefined, after: string): string {
  const folder = folderWith(t, {})
  const git = (...args: readonly string[]) =>
    execFileSync('git', [...args], { cwd: folder, env: gitEnv, stdio: 'pipe' })
  git('init', '-q', '-b', 'main')
  writeFileSync(join(folder, 'README.md'), 'x\n')
  if (before !== undefined) writeFileSync(join(folder, 'proxy.config.yaml'), before)
  git('add', '-A')
  git('commit', '-qm', 'one')
  git('checkout', '-qb', 'change')
  writeFileSync(join(folder, 'proxy.config.yaml'), after)
  git('add', '-A')
  git('commit', '-qm', 'two', '--allow-empty')
  git('checkout', '-q', 'main')
  git('merge', '-q', '--no-ff', '-m', 'merge', 'change')
  return folder
}

const gitEnv = {
  ...process.env,
  ...{ GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' },
  ...{ GIT_AUTHOR_NAME: 'a', GIT_AUTHOR_EMAIL: 'a@example.com' },
  ...{ GIT_COMMITTER_NAME: 'a', GIT_COMMITTER_EMAIL: 'a@example.com' },
  // the built command is no source whose coverage is measured
  NODE_OPTIONS: '',
}

/** The step's script as the runner starts it: `bash -e -o pipefail`, with these programs in front of all others. */
function runStep(folder: string, name: string, programs: Readonly<Record<string, string>>) {
  const bin = join(folder, 'bin')
  mkdirSync(bin, { recursive: true })
  for (const [program, script] of Object.entries(programs)) {
    writeFileSync(join(bin, program), `#!/bin/sh\n${script}\n`)
    chmodSync(join(bin, program), 0o755)
  }
  const env = {
    ...gitEnv,
    ...{ PATH: `${bin}:${String(process.env['PATH'])}`, CONFIG: 'proxy.config.yaml' },
    SCOPEGATE: 'https://packages.example.com/scopegate-0.1.0.tgz',
    ...{ GITHUB_STEP_SUMMARY: join(folder, 'summary'), GITHUB_OUTPUT: join(folder, 'output') },
    ...{ GITHUB_REPOSITORY: 'o/r', PULL_REQUEST: '7', GH_TOKEN: 'x' },
  }
  const script = stepNamed(name).run ?? 'exit 99'
  const ended = spawnSync('bash', ['-e', '-o', 'pipefail', '-c', script], { cwd: folder, env })
  const read = (file: string) => readFileSync(join(folder, file), 'utf8')
  return { code: ended.status, err: String(ended.stderr), read }
}

t.test('the workflow asks for little: to read the code and to write the comment', (t) => {
  t.same(workflow.permissions, { contents: 'read', 'pull-requests': 'write' })
  t.same(Object.keys(workflow.on), ['pull_request'])
  t.ok(workflow.on.pull_request.types.includes('labeled'))
  t.notMatch(text, /secrets\./)
  const actions = steps.flatMap(({ uses }) => (uses === undefined ? [] : [uses]))
  t.ok(actions.length > 0)
  for (const action of actions) t.match(action, /^actions\/[a-z-]+@v\d+$/)
  t.equal(steps[0]?.with?.['fetch-depth'], 0)
  t.equal(steps[0]?.with?.['persist-credentials'], false)
  t.match(stepNamed('comment').if, 'head.repo.full_name == github.repository')
  t.match(stepNamed('ask for the label').if, "steps.compare.outputs.widened == '1'")
  t.end()
})

t.test('nothing of the pull request is put into a script: it could be a command', (t) => {
  for (const { run = '' } of steps) t.notMatch(run, '${{')
  t.end()
})

t.test('docs/review.md has the workflow as it is', (t) => {
  const block = /<!-- workflow -->\s*```yaml\n([^]*?)```/.exec(document)?.[1]
  t.equal(block, text)
  t.end()
})

t.test('its comparison, in a merge commit', (t) => {
  const main = buildCommand(t)
  const npx = `shift 4; exec "${process.execPath}" "${main}" "$@"`
  const widened = merged(t, scoped, opened)
  const run = runStep(widened, 'compare', { npx })
  t.equal(run.err, '')
  t.equal(run.code, 0)
  t.match(run.read('access.md'), /^\*\*Access: widened: 1 open to everyone now\*\*\n/)
  t.match(run.read('summary'), '`/export/**`')
  t.equal(run.read('output'), 'widened=1\n')

  const narrowed = runStep(merged(t, opened, scoped), 'compare', { npx })
  t.match(narrowed.read('access.md'), 'Access: narrowed: 1 no longer callable')
  t.equal(narrowed.read('output'), 'widened=0\n')

  const same = runStep(merged(t, scoped, scoped), 'compare', { npx })
  t.match(same.read('access.md'), 'Access: no change of access')

  const first = runStep(merged(t, undefined, scoped), 'compare', { npx })
  t.equal(first.code, 0)
  t.match(first.read('access.md'), 'proxy.config.yaml is new')

  const broken = runStep(merged(t, scoped, 'version: 2\n'), 'compare', { npx })
  t.equal(broken.code, 3)
  t.match(broken.err, /HEAD:proxy\.config\.yaml:1:10 version: /)

  // npx itself ends with 1 when there is no such package: nothing was compared then
  const missing = runStep(merged(t, scoped, opened), 'compare', { npx: 'exit 1' })
  t.equal(missing.code, 3)
  t.end()
})

t.test('its comment is made once, and changed from then on', (t) => {
  const folder = merged(t, scoped, opened)
  writeFileSync(join(folder, 'access.md'), '**Access: widened**\n')
  const gh = (id: string) => `echo "$@" >> asked\ncase "$*" in *--paginate*) echo "${id}";; esac`
  const made = runStep(folder, 'comment', { gh: gh('') })
  t.equal(made.code, 0, made.err)
  t.match(
    made.read('asked').split('\n').at(-2),
    /^api --silent repos\/o\/r\/issues\/7\/comments -F body=@comment\.md$/,
  )
  t.equal(made.read('comment.md'), '<!-- scopegate diff -->\n**Access: widened**\n')
  t.equal(runStep(folder, 'comment', { gh: gh('42') }).code, 0)
  t.match(
    made.read('asked').split('\n').at(-2),
    'api --silent -X PATCH repos/o/r/issues/comments/42 -F body=@comment.md',
  )
  t.end()
})

t.test('the recipe leads from the hash of a log line to the commit', (t) => {
  const folder = merged(t, scoped, opened)
  const recipe = /<!-- recipe -->\s*```sh\n([^]*?)```/.exec(document)?.[1] ?? ''
  const hash = createHash('sha256').update(opened).digest('hex')
  const script = recipe.replace(/hash=\S+/, `hash=${hash}`)
  t.not(script, recipe)
  const said = execFileSync('bash', ['-c', `${script}:`], { cwd: folder, env: gitEnv }).toString()
  const commit = execFileSync('git', ['rev-parse', 'change'], { cwd: folder }).toString()
  t.equal(said, commit)
  t.end()
})
