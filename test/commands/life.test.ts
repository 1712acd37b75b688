import { once } from 'node:events'
import net from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { exchangeRaw, parseAnswer, readAll, startRawUpstream } from '../support/wire.ts'
import { buildCommand, type Options, portsIn, repository, start } from '../support/command.ts'
import { mountedFolder } from '../support/mounted.ts'

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

const built = buildCommand(t)

/** Each process runs what stands in the sources now: built here, or as it is, which is slower but measured. */
function scopegate(
  t: Test,
  args: readonly string[],
  { fromSource, ...options }: Options & { readonly fromSource?: true } = {},
) {
  return fromSource === true
    ? start(t, join(repository, 'src', 'main.ts'), args, { ...options, node: process.execArgv })
    : start(t, built, args, options)
}

const yamlFor = (upstream: number, path: string): string => `version: 1
issuers: { app: { userPoolId: eu-central-1_a1B2c3D4e, endpoint: "http://127.0.0.1:1", required: false } }
inbound:
  listen: 127.0.0.1:0
  upstream: http://127.0.0.1:${upstream}
  routes: [{ path: ${path}, methods: [GET], public: true }]
admin: { listen: 127.0.0.1:0 }
`

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`

// H15, R23: nobody heard SIGTERM, and 12 of 12 requests were lost
t.test(
  'SIGTERM loses none of 50 requests in flight; reloads, health and bugs before it',
  async (t) => {
    let arrived = 0
    const seen: (() => void)[] = []
    const upstream = await startRawUpstream(t, (socket, text) => {
      if (text.includes('GET /slow')) {
        arrived += 1
        if (arrived === 50) for (const tell of seen) tell()
      } else socket.write(ok)
    })
    const config = mountedFolder(t)
    config.swap({ 'a.yaml': yamlFor(upstream.port, '/first/**') })
    const imports = ["process.on('SIGUSR2', () => { throw new Error('a bug') })"]
    const running = scopegate(t, ['-c', join(config.folder, 'a.yaml')], { imports })
    const { inbound, admin } = portsIn(await running.said(/"msg":"started".*\n/))
    t.equal((await exchangeRaw(inbound, get('/first/a'))).status, 200)

    for (const path of ['/second', '/slow']) {
      config.swap({ 'a.yaml': yamlFor(upstream.port, `${path}/**`) })
      const hash = /"configHash":"([0-9a-f]+)","msg":"configuration reloaded"/g
      const count = path === '/second' ? 1 : 2
      const reloaded = new RegExp(`(?:configuration reloaded[^]*){${count}}`)
      t.equal(
        new Set([...(await running.said(reloaded)).matchAll(hash)].map(([, of]) => of)).size,
        count,
      )
    }
    t.equal((await exchangeRaw(inbound, get('/first/a'))).status, 401)
    running.child.kill('SIGHUP')
    await running.said(/(?:configuration reloaded[^]*){3}/)
    running.child.kill('SIGUSR2')
    await running.said(/"error":"Error: a bug/)

    const CONFIG = `admin: { listen: 127.0.0.1:${admin} }`
    const health = await scopegate(t, ['health', '-c', 'env:CONFIG'], {
      env: { CONFIG },
    }).ended
    t.strictSame(health, { code: 0, out: 'ready\n', err: '' })

    const all = new Promise<void>((resolve) => seen.push(resolve))
    const answers = Array.from({ length: 50 }, async () => {
      const socket = net.connect(inbound, '127.0.0.1')
      socket.write(get('/slow/a').replace('Connection: close\r\n', ''))
      return parseAnswer(await readAll(socket)).status
    })
    await all
    running.child.kill('SIGTERM')
    running.child.kill('SIGTERM')
    await running.said(/shutting down/)
    for (const socket of upstream.sockets) socket.write(ok)
    t.strictSame(
      await Promise.all(answers),
      Array.from({ length: 50 }, () => 200),
    )
    const { code, out, err } = await running.ended
    t.equal(code, 0)
    t.match(out, /"msg":"shut down"\}\n$/, 'the last line is not lost')
    t.equal(err, '')
  },
)

t.test(
  'a reader that stops reading, or goes away, delays neither requests nor the end',
  async (t) => {
    const upstream = await startRawUpstream(t)
    const env = { CONFIG: yamlFor(upstream.port, '/a/**') }
    const stuck = scopegate(t, ['run', '-c', 'env:CONFIG'], { env })
    const gone = scopegate(t, ['run', '-c', 'env:CONFIG'], { env })
    const readable = scopegate(t, ['run', '-c', 'env:CONFIG'], {
      env: { CONFIG: `${env.CONFIG}log: { format: text }\n` },
    })
    for (const [running, signal] of [
      [stuck, 'SIGTERM'],
      [gone, 'SIGINT'],
      [readable, 'SIGTERM'],
    ] as const) {
      const { inbound } = portsIn(await running.said(/(?:"msg":"|INFO: )started.*\n/))
      const { child } = running
      if (running !== gone) child.stdout?.pause()
      else child.stdout?.destroy()
      // more than pipes hold
      const long = `/a/${'a'.repeat(6000)}`
      for (let count = 0; count < 80; count++)
        t.equal((await exchangeRaw(inbound, get(long))).status, 200)
      child.kill(signal)
      const [code] = (await once(child, 'exit')) as [number]
      t.equal(code, 0)
      child.stdout?.resume()
    }
  },
)

/** The process gets this signal as soon as it listens for the last of those that it knows. */
const early = (signal: string): string => `
  const { on } = process
  process.on = function (name, ...rest) {
    on.call(this, name, ...rest)
    if (name === 'SIGHUP') process.kill(process.pid, '${signal}')
    return this
  }`

t.test(
  'a SIGHUP during the start is heard, a bug is logged, a second SIGINT ends at once',
  async (t) => {
    const upstream = await startRawUpstream(t, () => undefined)
    const env = { CONFIG: yamlFor(upstream.port, '/a') }
    const imports = [early('SIGHUP'), "process.once('SIGUSR2', () => { throw new Error('a bug') })"]
    const running = scopegate(t, ['-c', 'env:CONFIG'], { env, fromSource: true, imports })
    const { inbound } = portsIn(await running.said(/"msg":"started"[^]*configuration reloaded/))
    running.child.kill('SIGUSR2')
    await running.said(/"error":"Error: a bug/)
    const hanging = net.connect(inbound, '127.0.0.1')
    hanging.on('error', () => undefined)
    hanging.write(get('/a'))
    while (upstream.sockets.length === 0) await new Promise((resolve) => setImmediate(resolve))
    running.child.kill('SIGINT')
    await running.said(/shutting down/)
    running.child.kill('SIGINT')
    t.equal((await running.ended).code, 130)
  },
)

t.test('a SIGTERM during the start is heard: process 1 has no default action for it', async (t) => {
  const env = { CONFIG: yamlFor(1, '/a') }
  const running = scopegate(t, ['-c', 'env:CONFIG'], { env, imports: [early('SIGTERM')] })
  t.match(await running.ended, { code: 0, out: /"msg":"started"[^]*"msg":"shut down"/ })
})

t.test(
  'every command ends with its exit code, results on stdout, messages on stderr',
  async (t) => {
    const CONFIG = yamlFor(1, '/a').replace('public: true', 'publik: true').replace('0.1:0', '0.1')
    const env = { CONFIG, GOOD: yamlFor(1, '/a') }
    const started = (args: string, options: Options & { readonly fromSource?: true } = {}) =>
      scopegate(t, args.split(' '), { env, ...options }).ended
    const refused = await started('run -c env:CONFIG')
    t.match(refused, { code: 1, out: '' })
    t.match(refused.err, /^env:CONFIG:4:\d+ inbound\.listen[^]*\nenv:CONFIG:6:\d+ .*publik/)
    t.match(await started('chekc'), { code: 2, out: '', err: /did you mean "check"/ })
    t.match(await started('--version', { fromSource: true }), {
      code: 0,
      out: /^\d+\.\d+\.\d+\n$/,
      err: '',
    })
    t.match(await started('check -c env:GOOD'), { code: 0, out: /is valid/ })
    t.match(await started('token nobody -c env:GOOD'), {
      code: 2,
      out: '',
      err: /no client nobody/,
    })
    const piped = { fromSource: true, shell: 'exec 0<package.json' } as const
    t.match(await started('explain POST /a --token - -c env:GOOD', piped), {
      ...{ code: 1, err: '', out: /401 invalid_token[^]*it cannot be read/ },
    })
    t.match(await started('dev --template /nowhere'), { code: 3, out: '', err: /does not exist/ })
    const broken = "process.stdout.write = () => { throw new Error('no paper') }"
    t.match(await started('schema', { imports: [broken], fromSource: true }), {
      code: 3,
      err: /^scopegate: Error: no paper/,
    })
  },
)
