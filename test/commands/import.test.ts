/** `scopegate import openapi` and `scopegate check --openapi`. */
import { join } from 'node:path'
import { readFileSync, writeFileSync } from 'node:fs'
import t from 'tap'
import type { Command } from '../../src/cli.ts'
import { check } from '../../src/commands/check.ts'
import { dispatch } from '../../src/commands/dispatch.ts'
import { documentWith } from '../review/openapi.ts'
import { buildCommand, folderWith, repository, start } from '../support/command.ts'
import { fakeIo } from './support.ts'

const command = (file: string, json = false): Extract<Command, { name: 'import' }> => ({
  ...{ name: 'import', kind: 'openapi', file, json, scopePrefix: '', basePath: undefined },
})

const document = documentWith(`
/export/{id}: { get: { operationId: getExport, security: [{ app: [read] }] } }
/status: { get: { security: [] } }`)

const configuration = `version: 1
issuers: { app: { userPoolId: eu-central-1_a1B2c3D4e } }
inbound:
  listen: 127.0.0.1:0
  upstream: http://127.0.0.1:3000
  routes:
    - { path: "/export/{id}", methods: [GET], scopes: read }
`

t.test('routes come on standard output, what is to be looked at on standard error', async (t) => {
  const folder = folderWith(t, {
    'api.yaml': document,
    'partial.yaml': documentWith('/{a}.{b}: { get: {} }'),
    'old.json': '{ "swagger": "2.0\u001b[31m" }',
  })
  const [file, partial, old] = ['api.yaml', 'partial.yaml', 'old.json'].map((name) =>
    join(folder, name),
  )
  const good = fakeIo(t)
  t.equal(await dispatch(command(file ?? ''), good.io), 0)
  t.equal(
    good.out(),
    `# From ${file}: 2 operations, 2 routes.
# 1 of them public, 0 operations left out. Review them, then set listen and upstream.
inbound:
  listen: 0.0.0.0:8080
  upstream: http://127.0.0.1:3000
  routes:
    - { path: "/export/{id}", methods: [GET], scopes: read } # getExport, line 3
    # PUBLIC, no token needed: \`security: []\`
    - { path: /status, methods: [GET], public: true } # GET /status, line 4
`,
  )
  t.equal(
    good.err(),
    `${file}:4:14 paths."/status".get: GET /status: PUBLIC, no token needed: \`security: []\` (warning)\n`,
  )

  const json = fakeIo(t)
  t.equal(await dispatch(command(file ?? '', true), json.io), 0)
  t.match(JSON.parse(json.out()), {
    file,
    operations: 2,
    findings: [{ line: 4, isProblem: false }],
  })

  const left = fakeIo(t)
  t.equal(await dispatch(command(partial ?? ''), left.io), 1)
  t.match(left.err(), `${partial}:3:15 paths."/{a}.{b}".get: has no route: `)

  const unread = fakeIo(t)
  t.equal(await dispatch(command(old ?? ''), unread.io), 3)
  t.equal(unread.out(), '')
  t.match(unread.err(), `${old}:1:3 this is Swagger 2.0, which is not read`)
  const missing = fakeIo(t)
  t.equal(await dispatch(command(join(folder, 'none.yaml')), missing.io), 3)
  t.match(missing.err(), /none\.yaml: the file does not exist\n$/)
})

t.test('check tells where the configuration and a document differ, and says no', async (t) => {
  const folder = folderWith(t, { 'api.yaml': document, 'c.yaml': configuration, 'o.yaml': 'a: 1' })
  const config = join(folder, 'c.yaml')
  const openapi = { file: join(folder, 'api.yaml'), scopePrefix: '', basePath: undefined }
  const asked = { name: 'check', config, json: false, online: false, openapi } as const
  const drift = fakeIo(t)
  t.equal(await check(asked, drift.io), 1)
  t.equal(
    drift.out(),
    `${openapi.file}:4:14 GET /status: no route has this path\n` +
      `${openapi.file} and ${config}: 1 difference\n` +
      `${config} is valid: 1 route, 1 issuer, 0 clients\n`,
  )
  const sarif = fakeIo(t)
  const lint = { templates: [], parameters: [], ignore: undefined, sarif: true }
  t.equal(await check({ ...asked, lint: { ...lint, failOn: 'error' } }, sarif.io), 1)
  t.match(JSON.parse(sarif.out()), { version: '2.1.0', runs: [{ results: [] }] })
  t.match(sarif.err(), /GET \/status: no route has this path\n.*: 1 difference\n$/)
  const json = fakeIo(t)
  t.equal(await check({ ...asked, json: true }, json.io), 1)
  t.match(JSON.parse(json.out()), {
    ok: false,
    drift: [{ kind: 'no_route', in: 'document', line: 4 }],
  })

  const more = `${configuration}    - { path: /status, methods: [GET], public: true }\n`
  writeFileSync(config, more)
  const extra = fakeIo(t, { env: { C: `${more}    - { path: /none, scopes: read }\n` } })
  t.equal(await check({ ...asked, config: 'env:C' }, extra.io), 1)
  t.match(extra.out(), /^env:C:9:7 \/none: the document has no operation here\n/)
  const same = fakeIo(t)
  t.equal(await check(asked, same.io), 0)
  t.match(same.out(), ': 0 differences\n')
  writeFileSync(openapi.file, document.replace('/status:', '/{a}.{b}: { trace: {} }\n  /status:'))
  const partial = fakeIo(t)
  t.equal(await check(asked, partial.io), 0)
  t.match(partial.err(), /TRACE is always refused \(not compared\)\n$/)

  const unread = fakeIo(t)
  t.equal(
    await check({ ...asked, openapi: { ...openapi, file: join(folder, 'o.yaml') } }, unread.io),
    3,
  )
  t.match(unread.err(), /o\.yaml:1:1 this is no OpenAPI document/)
  const outbound = `version: 1
clients: { a: { tokenEndpoint: https://a.example/t, clientId: a, clientSecret: { env: S } } }
outbound: { listen: 127.0.0.1:0, routes: [{ path: /, upstream: https://b.example }] }
`
  const none = fakeIo(t, { env: { C: outbound, S: 's' } })
  t.equal(await check({ ...asked, config: 'env:C' }, none.io), 3)
  t.equal(none.err(), 'the configuration has no inbound that the document could be held against\n')
})

t.test(
  'a document of 2000 operations is imported in about two seconds by the built command',
  async (t) => {
    const paths = Array.from({ length: 1000 }, (_, at) => {
      const security = `[{ app: [scope-${at % 40}] }]`
      return `/a${at % 50}/b${at}/{id}: { get: { security: ${security} }, put: { security: ${security} } }`
    })
    const folder = folderWith(t, { 'api.yaml': documentWith(paths.join('\n')) })
    const main = buildCommand(t)
    // what it computes, so that other processes do not count
    const tell = "process.on('exit', () => console.error(JSON.stringify(process.cpuUsage())))"
    const args = ['import', 'openapi', join(folder, 'api.yaml')]
    const { code, out, err } = await start(t, main, args, { imports: [tell] }).ended
    const used = JSON.parse(err.trim().split('\n').at(-1) ?? '') as NodeJS.CpuUsage
    const took = (used.user + used.system) / 1000
    t.comment(`${Math.round(took)} ms`)
    t.equal(code, 0)
    t.match(out, '2000 operations, 2000 routes')
    t.ok(took < 4000, `${took} ms, of all threads: twice what it is`)
    t.ok(readFileSync(join(folder, 'api.yaml')).length > 100_000)
  },
)

t.test('docs/openapi.md shows what is printed', async (t) => {
  const text = readFileSync(join(repository, 'docs/openapi.md'), 'utf8')
  const [example = '', printed = ''] = [...text.matchAll(/^```\w*\n([^]*?)^```$/gm)].map(
    ([, block]) => block,
  )
  const folder = folderWith(t, { 'petstore.yaml': example })
  const { io, out, err } = fakeIo(t)
  const file = join(folder, 'petstore.yaml')
  t.equal(await dispatch({ ...command(file), scopePrefix: 'app-api/' }, io), 1)
  const [, told, routes] = /^\$ scopegate import .*\n([^]*)\$ cat .*\n([^]*)$/.exec(printed) ?? []
  t.equal(err().replaceAll(file, 'petstore.yaml'), told)
  t.equal(out().replaceAll(file, 'petstore.yaml'), routes)
})
