/** `scopegate learn`: from report mode to rules. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { writeFileSync } from 'node:fs'
import t from 'tap'
import type { Command } from '../../src/cli.ts'
import { dispatch } from '../../src/commands/dispatch.ts'
import { clientNamed, startTestIssuer } from '../dev/support.ts'
import { buildCommand, folderWith, repository, start } from '../support/command.ts'
import { startScene } from '../support/scene.ts'
import { exchangeRaw, startRawUpstream } from '../support/wire.ts'
import { lineOf } from '../review/learn.ts'
import { fakeIo } from './support.ts'

type LearnCommand = Extract<Command, { name: 'learn' }>

const command = (logs: readonly string[], over: Partial<LearnCommand> = {}): LearnCommand => ({
  ...{ name: 'learn', logs, config: undefined, json: false, minCount: 1, mostNames: 30 },
  ...{ unused: undefined, ...over },
})

const log = `${lineOf('GET /export/1', 'worker', 'app-api/export')}
${lineOf('GET /status', undefined, undefined)}
{"level":"info","time":"2026-11-20T10:00:00.000Z","msg":"started"}
`

const outboundLog = `${lineOf('GET /a', undefined, undefined, { direction: 'outbound' })}\n`

const routes = `# Proposed from 2 requests, 2026-11-20T10:00:00.000Z to 2026-11-20T10:00:00.000Z. Nothing is applied: review each route.
# Not looked at: 1 line about something else than a request.
inbound:
  listen: 0.0.0.0:8080
  upstream: http://127.0.0.1:3000
  routes:
    # 1 call at 2026-11-20T10:00:00.000Z such as /export/1 by worker
    - { path: "/export/{id}", methods: [GET], scopes: app-api/export } # taken by * /**
    # WITHOUT A VALID TOKEN: public, or refused? That is yours to say:
    #   GET /status: 1 call at 2026-11-20T10:00:00.000Z such as /status
`

t.test('files, packed files and standard input are read alike, several as one log', async (t) => {
  const folder = folderWith(t, { 'a.log': log })
  writeFileSync(join(folder, 'a.log.gz'), gzipSync(log))
  writeFileSync(join(folder, 'marked.log'), `\uFEFF${log}`)
  for (const name of [
    ...['a.log', 'a.log.gz', 'marked.log'].map((one) => join(folder, one)),
    '-',
  ]) {
    const { io, out, err } = fakeIo(t, { openStdin: () => Readable.from([Buffer.from(log)]) })
    t.equal(await dispatch(command([name]), io), 0, name)
    t.equal(out(), routes)
    t.equal(
      err(),
      '1 call without a valid token: no route is proposed as public for them\n' +
        '1 line about something else than a request\n',
    )
  }
  const json = fakeIo(t)
  const both = [join(folder, 'a.log'), join(folder, 'a.log.gz')]
  t.equal(await dispatch(command(both, { json: true }), json.io), 0)
  t.match(JSON.parse(json.out()), {
    requests: 4,
    skipped: { events: 2, rare: 0, unlisted: 0, overflow: 0 },
    routes: [{ path: '/export/{id}', evidence: { count: 2 } }],
    anonymous: [{ method: 'GET', path: '/status', count: 2 }],
  })
})

t.test(
  'what is no log, or has no request, is told with its place and proposes nothing',
  async (t) => {
    const folder = folderWith(t, {
      empty: '',
      events: '{"level":"info","time":"2026-11-20T10:00:00.000Z","msg":"started"}\n',
      'text.log': '[10:00:00] INFO: inbound GET /a -> 200 (1 ms)\n',
      'other.log': '127.0.0.1 - - [20/Nov/2026] "GET / HTTP/1.1" 200\n'.repeat(100_000),
      'bad.gz': 'no gzip',
      'out.log': outboundLog,
    })
    writeFileSync(join(folder, 'cut.gz'), gzipSync(log).subarray(0, 40))
    const cure = 'JSON lines are read, as `log.format: json` writes them'
    const cases: Readonly<Record<string, string>> = {
      empty: `there is no request in ${folder}/empty`,
      events: `there is no request in ${folder}/events`,
      'text.log': `${folder}/text.log:1:1 this is the log as text: ${cure}`,
      'other.log': `${folder}/other.log:1:1 this is no line of the log: ${cure}`,
      'out.log': `every request in ${folder}/out.log is outbound: routes come of what the inbound proxy was asked`,
      'bad.gz': `${folder}/bad.gz: the file is damaged, or no gzip`,
      'cut.gz': `${folder}/cut.gz: the file ends in the middle`,
      none: `${folder}/none: the file does not exist`,
      'none.gz': `${folder}/none.gz: the file does not exist`,
    }
    for (const [name, message] of Object.entries(cases)) {
      const { io, out, err } = fakeIo(t)
      t.equal(await dispatch(command([join(folder, name)]), io), 3, name)
      t.equal(out(), '')
      t.equal(err(), `${message}\n`)
    }
  },
)

t.test('with a configuration, what was not in use is told', async (t) => {
  const folder = folderWith(t, {
    'a.log': log,
    'out.log': outboundLog,
    'c.yaml': `version: 1
issuers: { app: { userPoolId: eu-central-1_a1B2c3D4e } }
inbound:
  listen: 127.0.0.1:0
  upstream: http://127.0.0.1:3000
  mode: report
  routes:
    - { path: /**, authenticated: true }
    - { path: /old, scopes: app-api/old }
`,
    'bad.yaml': 'version: 1\n',
  })
  const config = join(folder, 'c.yaml')
  const told = fakeIo(t)
  t.equal(await dispatch(command([join(folder, 'a.log')], { config, unused: 30 }), told.io), 0)
  t.match(
    told.out(),
    `# The log covers 0 days only, not 30.
# Routes of the configuration that allowed no call since 2026-10-21T10:00:00.000Z (30 days):
#   inbound * /old (line 9): nowhere in the log
# Scopes that only such routes ask for: app-api/old
`,
  )
  // which routes are not in use can be asked of an outbound proxy, too
  const outbound = fakeIo(t)
  const asked = command([join(folder, 'out.log')], { config, unused: 30 })
  t.equal(await dispatch(asked, outbound.io), 0)
  t.match(outbound.out(), '#   inbound * /** (line 8): nowhere in the log')
  const json = fakeIo(t)
  t.equal(
    await dispatch(command([join(folder, 'a.log')], { config, unused: 30, json: true }), json.io),
    0,
  )
  t.match(JSON.parse(json.out()), { unused: { days: 30, routes: [{ id: '* /old', line: 9 }] } })
  const without = fakeIo(t)
  t.equal(await dispatch(command([join(folder, 'a.log')], { config }), without.io), 0)
  t.equal(without.out(), routes)
  const bad = fakeIo(t)
  t.equal(await dispatch(command(['-'], { config: join(folder, 'bad.yaml') }), bad.io), 3)
  t.match(bad.err(), /bad\.yaml:1:1 /)
})

t.test(
  'the routes that are proposed allow what was called in report mode, and no more',
  async (t) => {
    const issuer = await startTestIssuer(t)
    const upstream = await startRawUpstream(t)
    const [pool] = issuer.pools
    const yaml = (inbound: string): string => `version: 1
issuers: { app: { userPoolId: ${pool?.id ?? ''}, endpoint: "${issuer.url}" } }
${inbound.replace(/listen: .*/, 'listen: 127.0.0.1:0').replace(/upstream: .*/, `upstream: http://127.0.0.1:${upstream.port}`)}
admin: { listen: 127.0.0.1:0 }
`
    const token = (scope: string): string =>
      `Authorization: Bearer ${issuer.sign({ ...issuer.claims(clientNamed(issuer, 'export-service').id), scope })}\r\n`
    const call = async (port: number, request: string, headers: string): Promise<number> => {
      const sent = `${request} HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n${headers}\r\n`
      return (await exchangeRaw(port, sent)).status
    }
    const report = await startScene(
      t,
      yaml('inbound:\n  listen: a\n  upstream: b\n  mode: report\n  routes: []'),
    )
    for (const [request, headers] of [
      ['GET /export/1', token('app-api/export app-api/upload')],
      ['GET /export/2?secret=1', token('app-api/export')],
      ['PUT /export/2', token('app-api/upload')],
      ['GET /status', ''],
      ['GET /status', 'Authorization: Bearer abc\r\n'],
    ] as const)
      t.equal(await call(report.inbound, request, headers), 200)
    await report.logged(({ reason }) => reason === 'invalid_token')
    const lines = report.log.map((line) => `${JSON.stringify(line)}\n`)
    t.strictSame(
      report.log.flatMap(({ msg, scopes }) => (msg === 'request' ? [scopes] : [])),
      ['app-api/export app-api/upload', 'app-api/export', 'app-api/upload', undefined, undefined],
    )

    const { io, out } = fakeIo(t, { openStdin: () => Readable.from([Buffer.from(lines.join(''))]) })
    t.equal(await dispatch(command(['-']), io), 0)
    const ruled = await startScene(t, yaml(out()))
    const answers: Readonly<Record<string, readonly [string, number]>> = {
      'GET /export/3': [token('app-api/export'), 200],
      'PUT /export/3': [token('app-api/upload'), 200],
      'GET /export/4': [token('app-api/upload'), 403],
      'DELETE /export/3': [token('app-api/export app-api/upload'), 403],
      'GET /status': ['', 401],
      'GET /export': [token('app-api/export'), 403],
    }
    for (const [request, [headers, status]] of Object.entries(answers))
      t.equal(await call(ruled.inbound, request, headers), status, request)
    await ruled.logged(({ status }) => status === 401)
    t.ok(
      ruled.log.every((line) => !('scopes' in line)),
      'enforced decisions tell no scopes',
    )
  },
)

t.test('a log of 40 MB is read in a heap of 40 MB', async (t) => {
  const folder = folderWith(t, {})
  const file = join(folder, 'a.log')
  const stream = createWriteStream(file)
  const block = Array.from({ length: 1000 }, (_, at) =>
    lineOf(`GET /NAME/${at}/name${at % 7}`, `client-${at % 90}`, 'app-api/export app-api/upload', {
      userAgent: 'x'.repeat(100),
    }),
  ).join('\n')
  for (let at = 0; at < 100; at += 1)
    if (!stream.write(`${block.replaceAll('NAME', `p${at}q`)}\n`)) await once(stream, 'drain')
  stream.end()
  await once(stream, 'close')
  const main = buildCommand(t)
  const began = performance.now()
  const ended = start(t, main, ['learn', file], { node: ['--max-old-space-size=40'] }).ended
  const { code, out } = await ended
  t.comment(`${Math.round(performance.now() - began)} ms`)
  t.equal(code, 0)
  t.match(out, /^# Proposed from 100000 requests/)
  t.match(out, 'path: "/{id}/{id2}/name0"')

  // and from standard input
  const child = spawn(process.execPath, [main, 'learn', '-'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  let printed = ''
  child.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()))
  child.stdin.end(log)
  await once(child, 'close')
  t.equal(printed, routes)
})

t.test('docs/learn.md shows what is printed', async (t) => {
  const text = readFileSync(join(repository, 'docs/learn.md'), 'utf8')
  const blocks = [...text.matchAll(/^```\w*\n([^]*?)^```$/gm)].map(([, block = '']) => block)
  const lines = blocks.find((block) => block.startsWith('{"level"')) ?? ''
  const printed = blocks.find((block) => block.startsWith('# Proposed')) ?? ''
  t.ok(lines.length > 0 && printed.length > 0)
  const { io, out } = fakeIo(t, { openStdin: () => Readable.from([Buffer.from(lines)]) })
  t.equal(await dispatch(command(['-']), io), 0)
  t.equal(out(), printed)
})
