import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { createLog } from '../../src/ops/log.ts'
import { createMetrics } from '../../src/ops/metrics.ts'
import type { Wait } from '../../src/proxy/drain.ts'
import { createProxy } from '../../src/proxy/proxy.ts'
import { restartNeeded, takeEffect } from '../../src/proxy/reload.ts'
import { logTokenEvent } from '../../src/proxy/reports.ts'
import { systemClock } from '../../src/units.ts'
import { clientNamed, startTestIssuer } from '../dev/support.ts'
import { configOf, startScene } from '../support/scene.ts'
import {
  answerOk,
  exchangeRaw,
  parseAnswer,
  type RawUpstream,
  readAll,
  startRawUpstream,
} from '../support/wire.ts'
import { logConfig } from '../support/log.ts'

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

type Options = { shutdown?: string; routes?: string; more?: string }

const inboundYaml = (port: number, { shutdown, routes, more }: Options = {}): string => `version: 1
issuers: { app: { userPoolId: eu-central-1_a1B2c3D4e, endpoint: "http://127.0.0.1:1", required: false } }
inbound:
  listen: 127.0.0.1:0
  upstream: http://127.0.0.1:${port}
  routes:
    - { path: /open/**, methods: [GET, POST], public: true }
${routes ?? ''}
admin: { listen: 127.0.0.1:0 }
shutdown: ${shutdown ?? '{ timeout: 25s }'}
${more ?? ''}
`

/** An upstream that answers when it is told to. */
async function startSlow(
  t: Test,
): Promise<RawUpstream & { arrived(count: number): Promise<void> }> {
  let seen = 0
  let told: () => void = () => undefined
  const upstream = await startRawUpstream(t, () => {
    seen += 1
    told()
  })
  return {
    ...upstream,
    arrived: (count) =>
      new Promise((resolve) => {
        told = () => {
          if (seen >= count) resolve()
        }
        told()
      }),
  }
}

const get = (path: string, more = '') => `GET ${path} HTTP/1.1\r\nHost: api.example\r\n${more}\r\n`

/** Milliseconds until a start looks whether somebody is being served. */
const startLook = 10

/** Time in the hands of a test: each wait but the start's lasts until it is let go. */
function makeWait() {
  const waits: { time: number; letGo: () => void }[] = []
  let told: () => void = () => undefined
  const wait: Wait = async (time, signal) =>
    time === startLook
      ? undefined
      : new Promise((resolve) => {
          signal?.addEventListener('abort', () => {
            resolve()
          })
          waits.push({ time, letGo: resolve })
          told()
        })
  return {
    wait,
    waits,
    /** Resolves when this many waits were begun. */
    begun: (count: number) =>
      new Promise<void>((resolve) => {
        told = () => {
          if (waits.length >= count) resolve()
        }
        told()
      }),
  }
}

async function connect(port: number, text = ''): Promise<net.Socket> {
  const socket = net.connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  if (text !== '') socket.write(text)
  return socket
}

/** Resolves when nobody listens there any more. */
async function refused(port: number): Promise<void> {
  for (;;) {
    const socket = net.connect(port, '127.0.0.1')
    const error = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
      socket.once('connect', () => {
        resolve(undefined)
      })
      socket.once('error', resolve)
    })
    socket.destroy()
    if (error?.code === 'ECONNREFUSED') return
  }
}

/** But for that of an issuer that is not there, which comes when it will. */
const warningsOf = (log: readonly Readonly<Record<string, unknown>>[]): readonly unknown[] =>
  log
    .filter(({ level, msg }) => level === 'warn' && msg !== 'keys could not be fetched')
    .map(({ msg }) => msg)

t.test(
  'nothing that is in flight is lost, nothing new is accepted, nothing idle delays the end',
  async (t) => {
    const upstream = await startSlow(t)
    const scene = await startScene(t, inboundYaml(upstream.port), { keepRunning: true })
    const silent = await connect(scene.inbound)
    const half = await connect(scene.inbound, 'GET /open/half HTTP/1.1\r\nHo')
    const answers = Array.from({ length: 50 }, (_, index) =>
      connect(scene.inbound, get(`/open/${index}`)).then(readAll),
    )
    await upstream.arrived(50)
    const stopped = scene.proxy.stop()
    t.equal(scene.proxy.stop(), stopped, 'asked again, it is the same end')
    await refused(scene.inbound)
    await Promise.all([once(silent.resume(), 'close'), once(half.resume(), 'close')])
    for (const socket of upstream.sockets) socket.write(ok)
    for (const text of await Promise.all(answers)) {
      const answer = parseAnswer(text)
      t.match(answer, { status: 200, body: 'ok', headers: { connection: 'close' } })
    }
    await stopped
    t.notOk(scene.log.some(({ msg }) => /timeout/.test(String(msg))))
    t.equal(scene.log.at(-1)?.['msg'], 'shut down')
  },
)

t.test(
  'during shutdown.delay requests are served, each on its last connection, and readiness says no',
  async (t) => {
    const upstream = await startRawUpstream(t)
    const time = makeWait()
    const yaml = inboundYaml(upstream.port, { shutdown: '{ delay: 5s, timeout: 1s }' })
    const scene = await startScene(t, yaml, { keepRunning: true, wait: time.wait })
    const ask = (path: string) => exchangeRaw(scene.admin, get(path, 'Connection: close\r\n'))
    t.equal((await ask('/readyz')).status, 200)
    const idle = await connect(scene.inbound, get('/open/1'))
    const [first] = (await once(idle, 'data')) as [Buffer]
    t.notMatch(first.toString(), /connection: close/i)
    const stopped = scene.proxy.stop()
    const readiness = await ask('/readyz')
    t.equal(readiness.status, 503)
    t.strictSame(JSON.parse(readiness.body), { ready: false, missing: ['shutting down'] })
    t.equal((await ask('/livez')).status, 200)
    idle.write(get('/open/2'))
    t.match(parseAnswer(await readAll(idle)), { status: 200, headers: { connection: 'close' } })
    const fresh = await connect(scene.inbound, get('/open/3'))
    t.match(parseAnswer(await readAll(fresh)), { status: 200, headers: { connection: 'close' } })
    t.strictSame(scene.reload(yaml), {
      ok: false,
      problem: [
        { line: 1, column: 1, key: '', message: 'was not read: the proxy is shutting down' },
      ],
    })
    t.equal(time.waits[0]?.time, 5000)
    time.waits[0]?.letGo()
    await stopped
    await refused(scene.inbound)
    await refused(scene.admin)
  },
)

t.test('shutdown.timeout answers what hangs', async (t) => {
  const upstream = await startSlow(t)
  const time = makeWait()
  const yaml = inboundYaml(upstream.port, {
    more: `clients: { w: { tokenEndpoint: "http://127.0.0.1:1", clientId: a, clientSecret: hush, prefetch: false } }
outbound:
  listen: 127.0.0.1:0
  routes: [{ path: /, upstream: "http://127.0.0.1:${upstream.port}", onAuthorization: keep }]`,
  })
  const scene = await startScene(t, yaml, { keepRunning: true, wait: time.wait })
  const hanging = await connect(scene.inbound, get('/open/1'))
  await upstream.arrived(1)
  const stopped = scene.proxy.stop()
  await time.begun(1)
  t.equal(time.waits[0]?.time, 25_000)
  // outbound accepts while an inbound request is in flight: serving that may need it
  const head = `GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer own\r\n\r\n`
  const beside = await connect(scene.outbound, head)
  await upstream.arrived(2)
  upstream.sockets[1]?.write(ok)
  t.match(parseAnswer(await readAll(beside)), { status: 200, headers: { connection: 'close' } })
  // one that hangs too
  const late = await connect(scene.outbound, head)
  await upstream.arrived(3)
  time.waits[0]?.letGo()
  await time.begun(2)
  time.waits[1]?.letGo()
  for (const socket of [hanging, late]) {
    const told = parseAnswer(await readAll(socket))
    t.match(told, { status: 503, headers: { 'retry-after': '1', connection: 'close' } })
    t.match(told.body, '"code":"shutting_down"')
  }
  await stopped
  t.ok(scene.log.some(({ msg }) => msg === 'shutdown.timeout is over: what is left is cut'))
  await refused(scene.outbound)
})

t.test('20 reloads under load fail no request', async (t) => {
  const upstream = await startRawUpstream(t, answerOk())
  const scene = await startScene(t, inboundYaml(upstream.port))
  let asking = true
  let answered = 0
  const callers = Array.from({ length: 8 }, async () => {
    while (asking) {
      const answer = await exchangeRaw(scene.inbound, get('/open/1', 'Connection: close\r\n'))
      t.equal(answer.status, 200)
      answered += 1
    }
  })
  for (let count = 0; count < 20; count++) {
    const goal = answered + 5
    while (answered < goal) await new Promise((resolve) => setImmediate(resolve))
    // another upstream client each time: connections of the one before are closed
    const yaml = inboundYaml(upstream.port).replace(
      /upstream: (.*)/,
      `upstream: { url: "$1", connections: ${100 + count} }`,
    )
    t.match(scene.reload(yaml), { ok: true })
  }
  asking = false
  await Promise.all(callers)
})

t.test('a request keeps the configuration that it began with', async (t) => {
  const upstream = await startSlow(t)
  const scene = await startScene(t, inboundYaml(upstream.port))
  const answer = connect(scene.inbound, get('/open/1', 'Connection: close\r\n')).then(readAll)
  await upstream.arrived(1)
  t.match(scene.reload(inboundYaml(1).replace('/open/**', '/other/**')), { ok: true })
  upstream.sockets[0]?.write(ok)
  t.equal(parseAnswer(await answer).status, 200)
  const next = await exchangeRaw(scene.inbound, get('/open/1', 'Connection: close\r\n'))
  t.equal(next.status, 401)
})

t.test('a bad configuration changes nothing; log, metric and status tell', async (t) => {
  const upstream = await startRawUpstream(t)
  const good = inboundYaml(upstream.port)
  const scene = await startScene(t, good)
  const hash = configOf(good).hash
  const bad = good.replace('public: true', 'publik: true')
  t.match(scene.reload(bad), { ok: false })
  const line = await scene.logged(({ level }) => level === 'error')
  t.match(line, {
    msg: 'configuration refused, the last good one keeps serving',
    problems: [{ line: 7, key: /publik/, message: /did you mean "public"/ }],
  })
  const answer = await exchangeRaw(scene.inbound, get('/open/1', 'Connection: close\r\n'))
  t.equal(answer.status, 200)
  const { text } = await scene.metrics.render(undefined)
  t.match(text, /scopegate_config_reloads_total\{result="failed"\} 1/)
  t.match(text, new RegExp(`config_info{hash="${hash}"} 1`))
  t.match(scene.proxy.status(), {
    config: { hash, lastReload: { ok: false, problems: [{ line: 7 }] } },
  })
  t.match(scene.reload(good), { ok: true, value: hash })
  t.match(scene.proxy.status(), { config: { lastReload: { ok: true, problems: [] } } })
})

const outboundSection = (port: number): string => `clients:
  w: { tokenEndpoint: "http://127.0.0.1:1", clientId: a, clientSecret: hush, prefetch: false }
outbound:
  listen: 127.0.0.1:0
  routes: [{ path: /, upstream: "http://127.0.0.1:${port}", onAuthorization: keep }]
admin: { listen: 127.0.0.1:0 }
`

t.test('a section that a reload takes away is served as before until a restart', async (t) => {
  const upstream = await startRawUpstream(t)
  const scene = await startScene(t, inboundYaml(upstream.port))
  const only = `version: 1\n${outboundSection(upstream.port)}`
  t.match(scene.reload(only), { ok: true })
  const warnings = warningsOf(scene.log)
  t.strictSame(warnings, [
    'inbound is gone: it is served as before until a restart',
    'outbound is new: it is served after a restart',
    'configuration',
  ])
  const answer = await exchangeRaw(scene.inbound, get('/open/1', 'Connection: close\r\n'))
  t.equal(answer.status, 200)
  // the issuers are gone: no token is accepted any more
  const denied = await exchangeRaw(
    scene.inbound,
    get('/closed', 'Authorization: Bearer a.b.c\r\nConnection: close\r\n'),
  )
  t.equal(denied.status, 401)
  t.match(scene.proxy.status(), { inbound: { routes: [{ allowed: 1 }] }, outbound: undefined })
  // said again as long as it is so
  const before = scene.log.length
  t.match(scene.reload(only), { ok: true })
  t.equal(scene.log.slice(before).filter(({ level }) => level === 'warn').length, 3)

  const second = await startScene(t, only)
  t.match(second.reload(inboundYaml(upstream.port)), { ok: true })
  const head = 'Authorization: Bearer own\r\nConnection: close\r\n'
  const kept = await exchangeRaw(
    second.outbound,
    get('/', head).replace('api.example', 'localhost'),
  )
  t.equal(kept.status, 200)
  t.match(second.proxy.status(), { inbound: undefined, outbound: { routes: [{ id: '/' }] } })
})

t.test('a malformed request is told in the log, and serves nobody', async (t) => {
  const upstream = await startRawUpstream(t)
  const scene = await startScene(t, inboundYaml(upstream.port))
  const answer = await exchangeRaw(scene.inbound, 'GARBAGE\r\n\r\n')
  t.equal(answer.status, 400)
  t.match(await scene.logged(({ msg }) => msg === 'malformed request refused'), {
    ...{ level: 'warn', direction: 'inbound', reason: 'invalid_request' },
  })
  // a handshake is judged like any request
  const upgrade = 'Connection: Upgrade\r\nUpgrade: websocket\r\n'
  t.equal((await exchangeRaw(scene.inbound, get('/closed', upgrade))).status, 401)
})

t.test('a listener stays where it is until a restart', async (t) => {
  const upstream = await startRawUpstream(t)
  const yaml = inboundYaml(upstream.port)
  const scene = await startScene(t, yaml)
  t.match(scene.reload(yaml.replace('listen: 127.0.0.1:0\n', 'listen: 127.0.0.1:1\n')), {
    ok: true,
  })
  t.match(scene.reload(yaml.replace('admin: { listen: 127.0.0.1:0 }', '')), { ok: true })
  const warnings = warningsOf(scene.log)
  t.strictSame(warnings, [
    'inbound.listen changed: this takes effect after a restart',
    'configuration',
    'admin.listen changed: this takes effect after a restart',
    'configuration',
  ])
  // back again: of the listeners nothing is left to say
  const before = scene.log.length
  t.match(scene.reload(yaml), { ok: true })
  t.strictSame(
    scene.log.slice(before).map(({ msg }) => msg),
    ['configuration reloaded', 'configuration'],
  )
})

t.test('what a socket allows does not hold for the TCP listener that is still there', (t) => {
  const bound = configOf(`version: 1\n${outboundSection(3000)}`)
  const next = configOf(
    `version: 1\n${outboundSection(3000).replace('127.0.0.1:0', '{ socket: /run/a.sock }')}`,
  )
  t.equal(next.outbound?.listen.kind, 'socket')
  t.equal(takeEffect(bound, bound, next).outbound?.listen.kind, 'tcp')
  t.strictSame(restartNeeded(next, next), [])
  t.match(restartNeeded(bound, next), [/^outbound\.listen changed/])
  t.end()
})

t.test(
  'readiness waits for keys and tokens once, and for nothing that a reload adds',
  async (t) => {
    const issuer = await startTestIssuer(t)
    let letGo: () => void = () => undefined
    const until = new Promise<void>((resolve) => {
      letGo = resolve
    })
    issuer.faults.jwks({ kind: 'slow', until })
    issuer.faults.tokenEndpoint({ kind: 'slow', until })
    const client = clientNamed(issuer, 'export-service')
    const secret = client.secret.reveal()
    const upstream = await startRawUpstream(t)
    const yaml = (extra = '') => `version: 1
issuers:
  app: { userPoolId: ${issuer.pools[0]?.id ?? ''}, endpoint: ${issuer.url} }${extra}
inbound:
  listen: 127.0.0.1:0
  upstream: http://127.0.0.1:${upstream.port}
  issuers: [app]
  routes:
    - { path: /export/**, methods: [GET], scopes: app-api/export }
    - { path: /report, authenticated: true, mode: report }
clients:
  worker: { tokenEndpoint: ${issuer.tokenEndpoint}, clientId: ${client.id}, clientSecret: "\${SECRET}" }
outbound:
  listen: 127.0.0.1:0
  routes: [{ path: /api, upstream: "http://127.0.0.1:${upstream.port}", scopes: app-api/export }]
admin: { listen: 127.0.0.1:0 }
`
    const scene = await startScene(t, yaml(), { env: { SECRET: secret } })
    scene.leaks.forbid(secret)
    const ask = async (path: string) => {
      const answer = await exchangeRaw(scene.admin, get(path, 'Connection: close\r\n'))
      scene.leaks.saw(answer.text)
      return { status: answer.status, body: JSON.parse(answer.body) as Record<string, unknown> }
    }
    t.equal(
      (await exchangeRaw(scene.admin, get('/status', 'Connection: close\r\n'))).status,
      403,
      'a name that is not ours',
    )
    t.strictSame(await ask('/readyz'), {
      status: 503,
      body: { ready: false, missing: ['keys of issuer app', 'token of client worker'] },
    })
    letGo()
    await scene.logged(({ msg }) => msg === 'keys fetched')
    await scene.logged(({ msg }) => msg === 'token obtained')
    // nobody has asked yet: what was there counts all the same
    const down = yaml(`
  down: { issuer: "https://127.0.0.1:1", jwksUri: "https://127.0.0.1:1/keys", audience: any }`)
    t.match(scene.reload(down), { ok: true })
    t.strictSame((await ask('/readyz')).body, { ready: true, missing: [] })

    const token = issuer.sign(issuer.claims(client.id))
    scene.leaks.forbid(token)
    const bearer = `Authorization: Bearer ${token}\r\nConnection: close\r\n`
    t.equal((await exchangeRaw(scene.inbound, get('/export/1?secret=query', bearer))).status, 200)
    t.equal(
      (await exchangeRaw(scene.inbound, get('/export/1', 'Connection: close\r\n'))).status,
      401,
    )
    const calling = get('/api/x', 'Connection: close\r\n').replace('api.example', 'localhost')
    t.equal((await exchangeRaw(scene.outbound, calling)).status, 200)
    scene.leaks.forbid('secret=query')

    const status = await exchangeRaw(
      scene.admin,
      'GET /status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
    )
    scene.leaks.saw(status.text)
    const iso = /^\d{4}-\d\d-\d\dT/
    const shown = JSON.parse(status.body) as Record<string, unknown>
    t.match(shown, {
      version: '0.0.0-test',
      uptimeSeconds: Number,
      readiness: { ready: true, missing: [] },
      config: {
        file: 'env:TEST_CONFIG',
        hash: /^[0-9a-f]{64}$/,
        lastReload: { at: iso, ok: true, problems: [] },
      },
      inbound: {
        mode: 'enforce',
        routes: [
          { id: /export/, line: 10, scopes: ['app-api/export'], allowed: 1, denied: 1 },
          { access: 'authenticated', mode: 'report' },
        ],
      },
      outbound: { routes: [{ client: 'worker', scopes: ['app-api/export'], allowed: 1 }] },
      reportModeRoutes: [/report/],
      issuers: [
        { name: 'app', keyIds: [String, String], fetchedAt: iso, ageSeconds: Number },
        { name: 'down' },
      ],
      clients: [{ client: 'worker', expiresAt: iso, obtainedAt: iso, obtained: 1, failures: 0 }],
    })
    t.notMatch(status.body, /eyJ/, 'no token')
  },
)

t.test('what happens behind the requests is told in the log, once', (t) => {
  const lines: Record<string, unknown>[] = []
  const log = createLog({
    config: logConfig({ level: 'debug' }),
    random: () => 0.5,
    destination: { write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>) },
  })
  logTokenEvent(log, { kind: 'keys_failed', issuer: 'app', because: 'status 503' })
  logTokenEvent(log, { kind: 'key_skipped', issuer: 'app', because: 'too short' })
  const failed = { kind: 'token_failed', client: 'worker', code: 'invalid_client' } as const
  logTokenEvent(log, { ...failed, because: 'look at the secret', first: true })
  logTokenEvent(log, { ...failed, because: 'look at the secret', first: false })
  logTokenEvent(log, { kind: 'scopes_not_granted', client: 'worker', missing: ['a'] })
  logTokenEvent(log, { kind: 'verified_token_cache', result: 'hit' })
  t.match(lines, [
    { level: 'warn', msg: 'keys could not be fetched', issuer: 'app', because: 'status 503' },
    { level: 'warn', msg: 'a key is not usable', issuer: 'app', because: 'too short' },
    { level: 'error', client: 'worker', code: 'invalid_client', because: 'look at the secret' },
    { level: 'debug', client: 'worker' },
    { level: 'warn', client: 'worker', missing: ['a'] },
  ])
  t.equal(lines.length, 5)
  t.end()
})

t.test('a bug in one request is logged and answered; the process goes on', async (t) => {
  const upstream = await startRawUpstream(t)
  const config = configOf(inboundYaml(upstream.port))
  const lines: string[] = []
  const bugs: unknown[] = [new Error('a bug'), 'no error at all']
  const proxy = createProxy(config, {
    ...{ version: '0', clock: systemClock, random: () => 0.5 },
    metrics: {
      ...createMetrics('0'),
      tokenEvent(event) {
        // called while a token is verified
        if (event.kind === 'verified_token_cache') throw bugs.shift()
      },
    },
    log: createLog({
      config: config.log,
      random: () => 0.5,
      destination: { write: (line) => lines.push(line) },
    }),
    load: () => ({ ok: true, value: config }),
    shutdown: () => undefined,
  })
  const started = await proxy.start()
  t.teardown(() => proxy.stop())
  const port = Number(new URL(started.ok ? (started.value.inbound ?? '') : '').port)
  const bearer = 'Authorization: Bearer a.b.c\r\nConnection: close\r\n'
  for (const said of ['Error: a bug\\n    at ', '"error":"unknown"']) {
    const answer = await exchangeRaw(port, get('/closed', bearer))
    t.equal(answer.status, 500)
    t.notMatch(answer.text, /a bug/)
    t.ok(lines.some((line) => line.includes(said)))
  }
  const next = await exchangeRaw(port, get('/open/1', 'Connection: close\r\n'))
  t.equal(next.status, 200)
})

t.test('a start that fails half way leaves nothing behind', async (t) => {
  const taken = await startRawUpstream(t)
  const upstream = await startRawUpstream(t)
  const folder = mkdtempSync(join(tmpdir(), 'scopegate-'))
  t.teardown(() => {
    rmSync(folder, { recursive: true })
  })
  const socket = join(folder, 'in.sock')
  const yaml = (outbound: string, admin: string) =>
    inboundYaml(upstream.port)
      .replace('listen: 127.0.0.1:0\n', `listen: { socket: ${socket} }\n`)
      .replace('admin: { listen: 127.0.0.1:0 }\n', '') +
    outboundSection(upstream.port)
      .replace('127.0.0.1:0', outbound)
      .replace('admin: { listen: 127.0.0.1:0', `admin: { listen: ${admin}`)
  const busy = `127.0.0.1:${taken.port}`
  const cases = [
    ['outbound.listen', yaml(busy, '127.0.0.1:0')],
    ['admin.listen', yaml('127.0.0.1:0', busy)],
  ] as const
  for (const [key, text] of cases) {
    const waits: number[] = []
    const proxy = createProxy(configOf(text), {
      ...{ version: '0', clock: systemClock, random: () => 0.5, metrics: createMetrics('0') },
      wait: (time) => Promise.resolve(void waits.push(time)),
      log: createLog({
        config: configOf(text).log,
        random: () => 0.5,
        destination: { write() {} },
      }),
      load: () => ({ ok: true, value: configOf(text) }),
      shutdown: () => undefined,
    })
    t.strictSame(await proxy.start(), {
      ok: false,
      problem: `${key}: ${busy} is in use by another process: stop it, or choose another address`,
    })
    t.strictSame(waits, key === 'admin.listen' ? [startLook] : [], 'first callers, then the rest')
    t.ok(existsSync(socket))
    await proxy.abandon()
    t.notOk(existsSync(socket))
  }
})
