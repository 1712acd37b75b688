import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import net from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { Command } from '../../src/cli.ts'
import { check } from '../../src/commands/check.ts'
import { adminAddress } from '../../src/commands/ask-ready.ts'
import { health } from '../../src/commands/health.ts'
import { wait } from '../../src/commands/wait.ts'
import { dispatch } from '../../src/commands/dispatch.ts'
import { readableLines } from '../../src/commands/readable-log.ts'
import { run } from '../../src/commands/run.ts'
import { schema } from '../../src/commands/schema.ts'
import { token } from '../../src/commands/token.ts'
import type { DevIssuer } from '../../src/dev/issuer.ts'
import { clientNamed, startTestIssuer } from '../dev/support.ts'
import { serve as serveHttp } from '../support/issuer.ts'
import { exchangeRaw, startRawUpstream } from '../support/wire.ts'
import { folderWith, repository } from '../support/command.ts'
import { fakeIo } from './support.ts'
import { milliseconds } from '../../src/units.ts'

const invalid = `version: 1
issuers: { app: { userPoolId: eu-central-1_a1B2c3D4e } }
inbound:
  listen: nowhere
  upstream: http://127.0.0.1:3000
  routes:
    - { path: /a, skopes: app-api/export }
`

const valid = `version: 1
issuers: { app: { userPoolId: eu-central-1_a1B2c3D4e } }
inbound:
  listen: 127.0.0.1:0
  upstream: http://127.0.0.1:3000
  routes:
    - { path: /a, scopes: app-api/export, mode: report }
`

t.test('check tells everything that is wrong, with its place', async (t) => {
  const file = join(folderWith(t, { 'a.yaml': invalid }), 'a.yaml')
  const { io, out, err } = fakeIo(t)
  const command = { name: 'check', config: file, json: false, online: false } as const
  t.equal(await check(command, io), 1)
  const lines = out().trimEnd().split('\n')
  t.ok(lines.length >= 2)
  for (const line of lines) t.ok(line.startsWith(`${file}:`), line)
  t.match(out(), `${file}:4:11 inbound.listen: `)
  t.match(out(), /:7:\d+ inbound\.routes\[0\].*skopes.*did you mean "scopes"/)
  t.equal(err(), '')

  const json = fakeIo(t)
  t.equal(await check({ ...command, json: true }, json.io), 1)
  const result = JSON.parse(json.out()) as { problems: unknown[] }
  t.match(result, { ok: false, file, problems: [{ line: 4, column: 11, key: 'inbound.listen' }] })
  t.equal(result.problems.length, lines.length)

  const missing = fakeIo(t)
  t.equal(await check({ ...command, config: `${file}.none` }, missing.io), 1)
  t.equal(missing.out(), `${file}.none:1:1 the file does not exist\n`)
})

t.test('check says that a file is valid, and warns beside it', async (t) => {
  const { io, out, err } = fakeIo(t, { env: { CONFIG: valid } })
  const command = { name: 'check', config: 'env:CONFIG', json: false, online: false } as const
  t.equal(await check(command, io), 0)
  t.equal(out(), 'env:CONFIG is valid: 1 route, 1 issuer, 0 clients\n')
  t.match(err(), /^env:CONFIG:7:\d+ .*report.* \(warning\)\n$/)

  // nothing of outbound to ask
  const inboundOnly = valid.replace(
    'eu-central-1_a1B2c3D4e',
    'eu-central-1_a1B2c3D4e, endpoint: "http://127.0.0.1:1"',
  )
  const asked = fakeIo(t, { env: { CONFIG: inboundOnly } })
  t.equal(await check({ ...command, online: true }, asked.io), 1)
  t.match(asked.out(), /^no {2}keys of issuer app: /)
  t.match(asked.out(), /\nenv:CONFIG is valid, but 1 of 1 online check failed\n$/)

  const json = fakeIo(t, { env: { CONFIG: valid } })
  t.equal(await check({ ...command, json: true }, json.io), 0)
  t.match(JSON.parse(json.out()), {
    ...{ ok: true, file: 'env:CONFIG', hash: /^[0-9a-f]{64}$/, problems: [] },
    warnings: [{ line: 7 }],
  })
  t.notOk('online' in (JSON.parse(json.out()) as object))
})

/** Everything points to the development issuer. */
function yamlFor(issuer: Pick<DevIssuer, 'url' | 'tokenEndpoint' | 'pools' | 'clients'>): string {
  return `version: 1
issuers:
  app: { userPoolId: ${issuer.pools[0]?.id ?? ''}, endpoint: ${issuer.url}, jwksTimeout: 10s }
inbound:
  listen: 127.0.0.1:0
  upstream: http://127.0.0.1:3000
  routes: [{ path: /a, scopes: app-api/export }]
clients:
  worker: { tokenEndpoint: ${issuer.tokenEndpoint}, clientId: ${issuer.clients[0]?.id ?? ''}, clientSecret: { env: SECRET } }
outbound:
  listen: 127.0.0.1:0
  routes:
    - { path: /all, upstream: "http://127.0.0.1:3000" }
    - { path: /one, upstream: "http://127.0.0.1:3000", scopes: app-api/export }
    - { path: /again, upstream: "http://127.0.0.1:3000", scopes: app-api/export }
admin: { listen: 127.0.0.1:0 }
`
}

t.test('check --online asks issuers and token endpoints', async (t) => {
  const issuer = await startTestIssuer(t)
  const secret = clientNamed(issuer, 'export-service').secret.reveal()
  const command = { name: 'check', config: 'env:CONFIG', json: false, online: true } as const
  const io = (env: Readonly<Record<string, string>>) => {
    const made = fakeIo(t, { env: { CONFIG: yamlFor(issuer), ...env } })
    made.leaks.forbid(secret)
    return made
  }

  const good = io({ SECRET: secret })
  t.equal(await check(command, good.io), 0)
  t.match(good.out(), /^ok {2}keys of issuer app: 2 keys \(.+, .+\)$/m)
  t.match(good.out(), /^ok {2}token of client worker: ends \d{4}-/m)
  t.match(good.out(), /^ok {2}token of client worker \(app-api\/export\): ends \d{4}-/m)
  t.match(good.out(), /\nenv:CONFIG is valid: 4 routes, 1 issuer, 1 client\n$/)
  t.equal(issuer.counts.tokens, 2, 'one for every different grant')

  const partly = io({ SECRET: 'wrong' })
  t.equal(await check(command, partly.io), 1)
  t.match(partly.out(), /\nenv:CONFIG is valid, but 2 of 3 online checks failed\n$/)

  const wrong = io({ SECRET: 'wrong' })
  t.equal(await check({ ...command, json: true }, wrong.io), 1)
  t.match(JSON.parse(wrong.out()), {
    ok: false,
    problems: [],
    online: [
      { ok: true, what: 'keys of issuer app' },
      { ok: false, what: 'token of client worker', detail: /invalid_client/ },
      { ok: false },
    ],
  })

  await issuer.close()
  const down = io({ SECRET: secret })
  t.equal(await check(command, down.io), 1)
  t.match(down.out(), /^no {2}keys of issuer app: /m)
  t.match(down.out(), /^no {2}token of client worker: /m)
})

t.test('check --online finds the token endpoint of a client that names an issuer', async (t) => {
  const issuer = await startTestIssuer(t)
  const env = {
    CONFIG: yamlFor(issuer)
      .replace(/tokenEndpoint: [^,]+/, 'issuer: app')
      .replace(/^inbound:[^]*?^clients/m, 'clients'),
    SECRET: clientNamed(issuer, 'export-service').secret.reveal(),
  }
  const { io, out } = fakeIo(t, { env })
  const before = issuer.counts.discovery
  await check({ name: 'check', config: 'env:CONFIG', json: false, online: true }, io)
  t.equal(issuer.counts.discovery, before + 2, 'one for every different grant')
  t.match(out(), /^(ok|no) {2}token of client worker/m)
  t.match(out(), /^env:CONFIG is valid/m, 'outbound only')
})

t.test('token prints what a token says, and the token itself only when asked', async (t) => {
  const issuer = await startTestIssuer(t)
  const client = clientNamed(issuer, 'export-service')
  const env = { CONFIG: yamlFor(issuer), SECRET: client.secret.reveal() }
  const command = {
    name: 'token',
    config: 'env:CONFIG',
    client: 'worker',
    raw: false,
    scopes: [],
  } as const

  const shown = fakeIo(t, { env })
  shown.leaks.forbid(env.SECRET)
  t.equal(await token(command, shown.io), 0)
  t.match(JSON.parse(shown.out()), {
    header: { alg: 'RS256', kid: String },
    claims: { client_id: client.id, scope: 'app-api/export', token_use: 'access' },
  })
  t.notMatch(shown.out(), /eyJ/)

  const raw = fakeIo(t, { env })
  t.equal(await token({ ...command, raw: true }, raw.io), 0)
  t.match(raw.out(), /^eyJ[\w-]+\.[\w-]+\.[\w-]+\n$/)
  t.equal(raw.err(), '')

  const unknown = fakeIo(t, { env })
  t.equal(await token({ ...command, client: 'wroker' }, unknown.io), 2)
  t.equal(unknown.err(), 'scopegate: there is no client wroker; the configuration has: worker\n')
  t.equal(unknown.out(), '')
  const none = fakeIo(t, { env: { CONFIG: valid } })
  t.equal(await token(command, none.io), 2)
  t.match(none.err(), /the configuration has: none\n$/)

  const more = fakeIo(t, { env })
  t.equal(await token({ ...command, scopes: ['app-api/upload'] }, more.io), 1)
  t.match(more.err(), /^scopegate: no token for worker: invalid_/)
  t.equal(more.out(), '')

  const broken = fakeIo(t, { env: { CONFIG: invalid } })
  t.equal(await token(command, broken.io), 1)
  t.match(broken.err(), /^env:CONFIG:4:11 inbound\.listen/)
})

t.test('token says which scopes were not granted, and what is not a JWT', async (t) => {
  const { url } = await serveHttp(t, (_request, response) => {
    response.setHeader('content-type', 'application/json')
    const scope = 'app-api/export'
    response.end(JSON.stringify({ access_token: 'opaque', token_type: 'Bearer', scope }))
  })
  const yaml = yamlFor({ url, tokenEndpoint: `${url}/token`, pools: [], clients: [] })
    .replace(/userPoolId: ,/, 'userPoolId: eu-central-1_a1B2c3D4e,')
    .replace('clientId: ,', 'clientId: abc,')
  const { io, out, err } = fakeIo(t, { env: { CONFIG: yaml, SECRET: 'hush' } })
  const scopes = ['app-api/export', 'app-api/upload']
  const command = { name: 'token', config: 'env:CONFIG', client: 'worker', raw: false } as const
  t.equal(await token({ ...command, scopes }, io), 0)
  t.strictSame(JSON.parse(out()), { opaque: true, length: 6 })
  t.equal(err(), 'client worker: not granted: app-api/upload\n')
})

t.test('schema prints the JSON Schema that the package holds', (t) => {
  const { io, out } = fakeIo(t)
  t.equal(schema({ name: 'schema', of: 'config' }, io), 0)
  t.match(JSON.parse(out()), { type: 'object', properties: { version: {}, inbound: {} } })
  const file = join(repository, 'proxy.config.schema.json')
  if (existsSync(file)) t.equal(out(), readFileSync(file, 'utf8'))
  t.end()
})

async function startReadiness(t: Test, status: number, body: string, at?: string) {
  const server = http.createServer((request, response) => {
    response.writeHead(request.url === '/readyz' ? status : 404).end(body)
  })
  await new Promise<void>((resolve) => {
    if (at === undefined) server.listen(0, '127.0.0.1', resolve)
    else server.listen(at, resolve)
  })
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address() as net.AddressInfo | string
  return typeof address === 'string' ? 0 : address.port
}

t.test('health asks /readyz where admin.listen says', async (t) => {
  const folder = folderWith(t, {})
  const ready = await startReadiness(t, 200, '{"ready":true}')
  const waiting = await startReadiness(t, 503, '{"ready":false,"missing":["x"]}')
  await startReadiness(t, 200, '{"ready":true}', join(folder, 'a.sock'))
  const ask = async (admin: string, json = false, env: Record<string, string> = {}) => {
    const { io, out, err } = fakeIo(t, { env: { CONFIG: admin, ...env } })
    const code = await health({ name: 'health', config: 'env:CONFIG', json }, io)
    return [code, out(), err()]
  }
  const well = [0, 'ready\n', '']
  t.strictSame(await ask(`admin: { listen: 127.0.0.1:${ready} }`), well)
  t.strictSame(await ask(`admin: { listen: "localhost:${ready}" }`), well)
  t.strictSame(await ask(`admin: { listen: "0.0.0.0:${ready}" }`), well)
  t.strictSame(await ask(`admin: { listen: { host: 127.0.0.1, port: ${ready} } }`), well)
  t.strictSame(await ask(`admin: { listen: { socket: ${join(folder, 'a.sock')} } }`), well)
  // variables, as the proxy itself reads them
  const env = { PORT: String(ready) }
  t.strictSame(await ask('admin: { listen: "127.0.0.1:${PORT}" }', false, env), well)
  t.strictSame(
    await ask('admin: { listen: { host: 127.0.0.1, port: "${PORT}" } }', false, env),
    well,
  )
  // a file that has become invalid, even as YAML, still says where the process listens
  t.strictSame(await ask(`admin: { listen: 127.0.0.1:${ready} }\ninbound: [broken\n  }`), well)

  const not = '{"ready":false,"missing":["x"]}\n'
  t.strictSame(await ask(`admin: { listen: 127.0.0.1:${waiting} }`), [1, `not ready: ${not}`, ''])
  t.strictSame(await ask(`admin: { listen: 127.0.0.1:${waiting} }`, true), [1, not, ''])
  t.strictSame(await ask(`admin: { listen: 127.0.0.1:${ready} }`, true), [
    0,
    '{"ready":true}\n',
    '',
  ])
})

t.test('health says when nobody answers', async (t) => {
  const cut = await startRawUpstream(t, (socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{')
    socket.end()
  })
  const cases = [
    ['127.0.0.1:1', 'http://127.0.0.1:1/readyz'],
    ['"[::]:1"', 'http://[::1]:1/readyz'],
    ['{ socket: /nowhere/a.sock }', '/readyz of /nowhere/a.sock'],
    [`127.0.0.1:${cut.port}`, `http://127.0.0.1:${cut.port}/readyz`],
  ]
  for (const [listen = '', where = ''] of cases)
    for (const json of [false, true]) {
      const { io, out, err } = fakeIo(t, { env: { CONFIG: `admin: { listen: ${listen} }` } })
      t.equal(await health({ name: 'health', config: 'env:CONFIG', json }, io), 3, listen)
      t.equal(err(), `scopegate: nothing answers at ${where} (admin.listen)\n`)
      if (json)
        t.strictSame(JSON.parse(out()), { ready: false, missing: [`an answer of ${where}`] })
      else t.equal(out(), '')
    }
})

t.test('what cannot be an address stands for the default', (t) => {
  const standard = { host: '127.0.0.1', port: 9901 }
  for (const yaml of [
    ...['', 'a', '[]', 'admin:', 'admin: { listen: }', 'admin: { listen: 7 }', '{{{', '*nobody'],
    ...['admin: { listen: "127.0.0.1:99999" }', 'admin: { listen: {} }', 'admin: { listen: [a] }'],
    'admin: { listen: "127.0.0.1:${UNSET}1" }',
  ])
    t.strictSame(adminAddress(yaml, {}), standard, yaml)
  t.strictSame(adminAddress('admin: { listen: "[::]:1" }', {}), { host: '::1', port: 1 })
  t.strictSame(adminAddress('admin: { listen: "[::1]:1" }', {}), { host: '::1', port: 1 })
  t.strictSame(adminAddress('admin: { listen: { socket: "${A:-/b}" } }', {}), { socketPath: '/b' })
  t.end()
})

t.test('health reads the file that the process reads', async (t) => {
  let asked = ''
  const admin = await startRawUpstream(t, (socket, text) => {
    asked = text
    socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}')
  })
  const text = `admin: { listen: 127.0.0.1:${admin.port} }`
  const file = join(folderWith(t, { 'a.yaml': text }), 'a.yaml')
  t.equal(await health({ name: 'health', config: file, json: false }, fakeIo(t).io), 0)
  t.match(asked, /^GET \/readyz HTTP/)
})

t.test('health without a configuration says so, and asks nobody', async (t) => {
  const cases = [
    ['/nowhere/a.yaml', '/nowhere/a.yaml does not exist'],
    ['env:UNSET', 'the environment variable UNSET is missing or empty'],
    ['env:EMPTY', 'the environment variable EMPTY is missing or empty'],
  ]
  for (const [config = '', because = ''] of cases) {
    const { io, out, err } = fakeIo(t, { env: { EMPTY: '' } })
    t.equal(await health({ name: 'health', config, json: false }, io), 3)
    t.equal(err(), `scopegate: ${because}; admin.listen is read from it\n`)
    t.equal(out(), '')
  }
})

t.test('wait ends when the proxy is ready', async (t) => {
  let asked = 0
  const server = http.createServer((_, response) => {
    asked += 1
    response.writeHead(asked < 3 ? 503 : 200).end('{"ready":false,"missing":["x"]}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as net.AddressInfo
  const ask = (config: string, timeout: number, env: Record<string, string> = {}) => {
    const fake = fakeIo(t, { env })
    const command = { name: 'wait', config, timeout: milliseconds(timeout) } as const
    return wait(command, fake.io).then((code) => [code, fake.err()])
  }
  const at = (there: number) => ({ CONFIG: `admin: { listen: 127.0.0.1:${there} }` })
  t.strictSame(await ask('env:CONFIG', 60_000, at(port)), [0, ''])
  t.equal(asked, 3)

  asked = -1000
  t.strictSame(await ask('env:CONFIG', 1, at(port)), [
    ...[1, 'scopegate: not ready after 1 ms: {"ready":false,"missing":["x"]}\n'],
  ])
  const gone = await startReadiness(t, 200, '')
  const where = `http://127.0.0.1:${gone}/readyz`
  t.strictSame(await ask('env:CONFIG', 1, at(gone)), [0, ''])
  t.strictSame(await ask('env:CONFIG', 1, at(1)), [
    ...[3, `scopegate: nothing answers at ${where.replace(String(gone), '1')} after 1 ms\n`],
  ])
  t.strictSame(await ask('/nowhere/a.yaml', 1), [
    ...[3, 'scopegate: /nowhere/a.yaml does not exist; admin.listen is read from it\n'],
  ])
})

t.test('run serves until it is told to end', async (t) => {
  const upstream = await startRawUpstream(t)
  const yaml = (path: string) => `version: 1
inbound:
  listen: 127.0.0.1:0
  upstream: http://127.0.0.1:${upstream.port}
  routes:
    - { path: ${path}, methods: [GET], public: true }
    - { path: /loud, methods: [GET], public: true, mode: report }
admin: { listen: 127.0.0.1:0, allowShutdown: true }
issuers: { app: { userPoolId: eu-central-1_a1B2c3D4e, endpoint: "http://127.0.0.1:1", required: false } }
`
  const folder = folderWith(t, { 'a.yaml': yaml('/open') })
  const fake = fakeIo(t)
  const ended = run({ name: 'run', config: join(folder, 'a.yaml') }, fake.io)
  await fake.said(/"msg":"started"/)
  const started = fake.log.find(({ msg }) => msg === 'started')
  t.match(started, { version: '0.0.0-test', configHash: /^[0-9a-f]{64}$/, outbound: undefined })
  await fake.said(/"msg":"configuration","|"msg":"configuration"/)
  t.match(
    fake.log.find(({ msg }) => msg === 'configuration'),
    { level: 'warn', line: 7, because: /report/ },
  )
  const port = (name: string) => Number(new URL(String(started?.[name])).port)
  const ask = async (path: string) =>
    (
      await exchangeRaw(
        port('inbound'),
        `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`,
      )
    ).status
  t.equal(await ask('/open'), 200)

  // SIGHUP and a change of the file
  fake.signal('SIGHUP')
  await fake.said(/"msg":"configuration reloaded"/)
  const warned = fake.log.filter(({ msg }) => msg === 'configuration')
  t.strictSame(
    warned.map(({ line }) => line),
    [7, 9, 7, 9],
    'warnings are told again by the reload',
  )
  writeFileSync(join(folder, 'b.yaml'), yaml('/other'))
  const hash = String(started?.['configHash'])
  renameSync(join(folder, 'b.yaml'), join(folder, 'a.yaml'))
  await fake.said(
    new RegExp(`"configHash":"(?!${hash})[0-9a-f]{64}","msg":"configuration reloaded"`),
  )
  t.equal(await ask('/open'), 401)
  t.equal(await ask('/other'), 200)
  writeFileSync(join(folder, 'a.yaml'), invalid)
  await fake.said(/configuration refused/)
  t.equal(await ask('/other'), 200)

  // an exception that nothing caught
  fake.uncaught(new Error('a bug'))
  await fake.said(/an exception was not caught.*|"error":"Error: a bug/)
  t.equal(await ask('/other'), 200)

  const shutdown = 'POST /shutdown HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'
  const reload = shutdown.replace('/shutdown', '/reload')
  t.equal((await exchangeRaw(port('admin'), reload)).status, 422)
  t.equal((await exchangeRaw(port('admin'), shutdown)).status, 202)
  t.equal(await ended, 0)
  t.equal(fake.log.at(-1)?.['msg'], 'shut down')
  t.strictSame([fake.out(), fake.err()], ['', ''])
})

t.test(
  'one SIGINT drains, the second ends at once; a second SIGTERM changes nothing',
  async (t) => {
    const upstream = await startRawUpstream(t, () => undefined)
    const fake = fakeIo(t, {
      env: {
        CONFIG: `version: 1
inbound:
  listen: 127.0.0.1:0
  upstream: http://127.0.0.1:${upstream.port}
  routes: [{ path: /open, methods: [GET], public: true }]
admin: { listen: 127.0.0.1:0 }
issuers: { app: { userPoolId: eu-central-1_a1B2c3D4e, endpoint: "http://127.0.0.1:1", required: false } }
`,
      },
    })
    const ended = run({ name: 'run', config: 'env:CONFIG' }, fake.io)
    await fake.said(/"msg":"started"/)
    const { port } = new URL(String(fake.log.find(({ msg }) => msg === 'started')?.['inbound']))
    const hanging = net.connect(Number(port), '127.0.0.1')
    hanging.write('GET /open HTTP/1.1\r\nHost: a\r\n\r\n')
    const seen = async () => {
      while (upstream.sockets.length === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    await seen()
    fake.signal('SIGTERM')
    fake.signal('SIGTERM')
    fake.signal('SIGINT')
    t.strictSame(fake.exits, [])
    fake.signal('SIGINT')
    t.strictSame(fake.exits, [130])
    hanging.destroy()
    t.equal(await ended, 0)
    t.equal(fake.log.filter(({ msg }) => msg === 'shutting down').length, 1)
  },
)

t.test('run writes for people on a terminal, or where it is told to', async (t) => {
  const cases = [
    [true, 'auto', /^\[[\d:]+\] INFO: started /m],
    [false, 'text', /^\[[\d:]+\] INFO: started /m],
    [true, 'json', undefined],
    [false, 'auto', undefined],
  ] as const
  for (const [isTerminal, format, text] of cases) {
    const yaml = `version: 1
inbound:
  listen: 127.0.0.1:0
  upstream: http://127.0.0.1:9
  routes: [{ path: /open, methods: [GET], public: true }]
admin: { listen: 127.0.0.1:0 }
log: { format: ${format} }
`
    const fake = fakeIo(t, { isTerminal, env: { CONFIG: yaml, NO_COLOR: '1' } })
    const ended = run({ name: 'run', config: 'env:CONFIG' }, fake.io)
    await fake.said(/started/)
    await new Promise((resolve) => setImmediate(resolve))
    fake.signal('SIGTERM')
    t.equal(await ended, 0)
    const what = `${String(isTerminal)} ${format}`
    t.equal(fake.out(), '', 'what may block is not written to')
    if (text === undefined) {
      t.equal(fake.readable(), '', what)
      t.ok(fake.log.length > 0, what)
    } else {
      t.match(fake.readable(), text, what)
      t.equal(fake.log.length, 0, what)
    }
  }
})

t.test('tracing ends with the command, and with a start that failed', async (t) => {
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' }
  const yaml = (port: number): string => `version: 1
inbound:
  listen: 127.0.0.1:${port}
  upstream: http://127.0.0.1:9
  routes: [{ path: /open, methods: [GET], public: true }]
admin: { listen: 127.0.0.1:0 }
`
  const fake = fakeIo(t, { env: { ...env, CONFIG: yaml(0) } })
  const ended = run({ name: 'run', config: 'env:CONFIG' }, fake.io)
  await fake.said(/"msg":"started"/)
  await new Promise((resolve) => setImmediate(resolve))
  fake.signal('SIGTERM')
  t.equal(await ended, 0)
  const taken = await startRawUpstream(t)
  const busy = fakeIo(t, { env: { ...env, CONFIG: yaml(taken.port) } })
  t.equal(await run({ name: 'run', config: 'env:CONFIG' }, busy.io), 3)
})

t.test('run says what it cannot do', async (t) => {
  const bad = fakeIo(t, { env: { CONFIG: invalid } })
  t.equal(await run({ name: 'run', config: 'env:CONFIG' }, bad.io), 1)
  t.match(bad.err(), /^env:CONFIG:4:11 inbound\.listen.*\nenv:CONFIG:7:\d+ /)
  t.equal(bad.log.length, 0)
  const taken = await startRawUpstream(t)
  const yaml = valid.replace('127.0.0.1:0', `127.0.0.1:${taken.port}`)
  const busy = fakeIo(t, { env: { CONFIG: yaml } })
  t.equal(await run({ name: 'run', config: 'env:CONFIG' }, busy.io), 3)
  t.equal(
    busy.err(),
    `scopegate: inbound.listen: 127.0.0.1:${taken.port} is in use by another process: stop it, or choose another address\n`,
  )
  // who is served while the rest starts must not end the process
  busy.uncaught(new Error('of a first caller'))
  t.match(busy.log.at(-1), { error: /of a first caller/ })
})

t.test('each command is the function that bears its name', async (t) => {
  const folder = folderWith(t, { 'a.yaml': invalid })
  const config = join(folder, 'a.yaml')
  const cases = [
    [{ name: 'run', config }, 1, /inbound\.listen/],
    [{ name: 'check', config, json: false, online: false }, 1, /inbound\.listen/],
    [{ name: 'wait', config: 'env:UNSET', timeout: milliseconds(1) }, 3, /UNSET is missing/],
    [{ name: 'token', config, client: 'a', raw: false, scopes: [] }, 1, /inbound\.listen/],
    [{ name: 'health', config: join(folder, 'no'), json: false }, 3, /does not exist/],
    [{ name: 'schema', of: 'config' }, 0, /"\$schema"/],
    [
      {
        ...{ name: 'dev', template: join(folder, 'no'), issuer: 'own' },
        ports: { issuer: 0, api: 0, inbound: 0, outbound: 0, admin: 0 },
      },
      ...[3, /does not exist/],
    ],
  ] as const
  for (const [command, code, said] of cases) {
    const { io, out, err } = fakeIo(t)
    t.equal(await dispatch(command as Command, io), code, command.name)
    t.match(out() + err(), said)
  }
})

t.test('log lines for people are short, and hold nothing that a terminal would obey', (t) => {
  const { io } = fakeIo(t, { isTerminal: true, env: { NO_COLOR: '1' } })
  const readable = readableLines(io, new Set(['started']))
  const line = (fields: object) =>
    readable(JSON.stringify({ level: 'info', time: '2026-01-01T00:00:00.000Z', ...fields }))
  const request = { msg: 'request', direction: 'inbound', method: 'GET', path: '/a\u009b31m' }
  t.match(
    line({ ...request, status: 200, durationMs: 1.5, requestId: 'r', clientId: 'c' }),
    /^\[\d\d:\d\d:\d\d\] INFO: inbound GET \/a\?31m -> 200 client c \(1\.5 ms\)\n$/,
  )
  t.match(
    line({ ...request, status: 401, reason: 'missing_token' }),
    /-> 401 missing_token \( ms\)/,
  )
  t.match(
    line({ ...request, status: 403, reason: 'no_route', route: 'GET /a', routeLine: 9 }),
    /-> 403 no_route line 9 \( ms\)/,
  )
  t.match(line({ msg: 'keys fetched', issuer: 'app' }), /INFO: keys fetched \{"issuer":"app"\}/)
  t.equal(line({ msg: 'started' }), '')
  t.match(line({ msg: 'shut down' }), /INFO: shut down\n$/)
  const colour = readableLines({ isTerminal: true, env: {} })
  t.match(colour(JSON.stringify({ level: 'info', msg: 'keys fetched' })), /\u001b\[/)
  t.end()
})
