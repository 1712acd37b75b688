/** `scopegate test`: the command, its exit codes and the sample of this repository. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { dispatch } from '../../src/commands/dispatch.ts'
import type { TestCommand } from '../../src/cli/test.ts'
import { folderWith, repository } from '../support/command.ts'
import { yamlBlocks } from '../support/documents.ts'
import { fakeIo } from './support.ts'

const yaml = `version: 1
issuers: { app: { userPoolId: eu-central-1_a1B2c3D4e } }
inbound:
  listen: 127.0.0.1:8080
  upstream: http://127.0.0.1:3000
  routes: [{ path: /a, scopes: a }, { path: /b, scopes: b }]
`
const cases = 'version: 1\ncases: [{ request: /a, scopes: a, expect: allow }]\n'

type Files = { readonly config?: string | undefined; readonly cases?: string | undefined }

async function run(t: Test, files: Files, over: Partial<TestCommand> = {}) {
  const folder = folderWith(t, {
    'p.yaml': files.config ?? yaml,
    ...('cases' in files && files.cases === undefined ? {} : { 'c.yaml': files.cases ?? cases }),
  })
  const { io, out, err } = fakeIo(t)
  const command: TestCommand = {
    ...{ name: 'test', config: join(folder, 'p.yaml'), cases: join(folder, 'c.yaml') },
    ...{ format: 'text', minCoverage: undefined, ...over },
  }
  const code = await dispatch(command, io)
  const plain = (text: string) => text.replaceAll(`${folder}/`, '')
  return { code, out: plain(out()), err: plain(err()) }
}

t.test('cases that hold end with 0', async (t) => {
  t.strictSame(await run(t, {}), {
    ...{ code: 0, err: '' },
    out: 'c.yaml: 1 case, 1 passed, 0 failed\ncoverage: 1 of 2 routes, 50 %\n  no case  * /b (p.yaml:6)\n',
  })
})

t.test('a case that fails, or too little coverage, ends with 1', async (t) => {
  t.match(await run(t, { cases: cases.replace('allow', 'deny') }), {
    code: 1,
    out: /^not ok {2}\/a, deny \(c\.yaml:2\)\n/,
  })
  t.match(await run(t, {}, { minCoverage: 51 }), { code: 1, out: /less than 51 %/ })
  t.match(await run(t, {}, { minCoverage: 50 }), { code: 0 })
})

t.test('each format is printed whole', async (t) => {
  t.match(await run(t, {}, { format: 'tap' }), { code: 0, out: /^TAP version 14\n1\.\.1\nok 1 - / })
  t.match(await run(t, {}, { format: 'junit' }), { code: 0, out: /^<\?xml[^]*<\/testsuites>\n$/ })
  const { out } = await run(t, {}, { format: 'json' })
  t.match(JSON.parse(out), { ok: true, passed: 1 })
})

t.test('what cannot be read ends with 3, every problem with its place', async (t) => {
  const broken = await run(t, {
    cases: 'version: 1\ncases: [{ requst: /a }, { request: /a, expect: x }]\n',
  })
  t.match(broken, { code: 3, out: '' })
  t.strictSame(
    broken.err.split('\n').map((line) => line.split(' ')[0]),
    ['c.yaml:2:11', 'c.yaml:2:48', ''],
  )
  t.match(await run(t, { cases: undefined }), {
    code: 3,
    out: '',
    err: /the file c\.yaml does not exist/,
  })
  t.match(await run(t, { cases: 'version: 1\ncases: []\n' }), { code: 3, err: /has no case/ })
  t.match(await run(t, { config: 'version: 2\n' }), { code: 3, out: '', err: /^p\.yaml:1:/ })
  const outbound = `version: 1
clients: { w: { tokenEndpoint: "https://a.example/t", clientId: a, clientSecret: b } }
outbound: { listen: "127.0.0.1:8081", routes: [{ path: /a, upstream: "https://b.example" }] }
`
  t.match(await run(t, { config: outbound }), { code: 3, out: '', err: /has no inbound/ })
})

t.test('the sample cases hold for the sample configuration, and touch every route', async (t) => {
  const of = (file: string) => readFileSync(join(repository, file), 'utf8')
  const sample = { config: of('proxy.config.yaml'), cases: of('proxy.cases.yaml') }
  const { code, out } = await run(t, sample, { minCoverage: 100, format: 'json' })
  t.equal(code, 0, out)
})

t.test('the examples of docs/testing.md hold', async (t) => {
  const text = readFileSync(join(repository, 'docs/testing.md'), 'utf8')
  const [config, example] = yamlBlocks(text).map((block) => block.text)
  const { code, out } = await run(t, { config, cases: example })
  t.equal(code, 1)
  const shown = /```text\n\$ scopegate test\n([^]*?)```/.exec(text)?.[1]
  t.equal(
    out.replaceAll('p.yaml', 'proxy.config.yaml').replaceAll('c.yaml', 'proxy.cases.yaml'),
    shown,
  )
})

t.test('schema prints the JSON Schema of cases', async (t) => {
  const { io, out } = fakeIo(t)
  t.equal(await dispatch({ name: 'schema', of: 'cases' }, io), 0)
  t.match(JSON.parse(out()), { title: 'Scopegate cases', properties: { cases: {} } })
})
