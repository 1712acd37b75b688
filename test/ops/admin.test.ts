import { once } from 'node:events'
import { mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { AdminConfig, ConfigProblem, ListenAddress } from '../../src/config/config.ts'
import { createAdmin } from '../../src/ops/admin.ts'
import { adminRefusal, type AdminRequest } from '../../src/ops/admin-guard.ts'
import { bind, bindRefusal } from '../../src/ops/bind.ts'
import { createMetrics } from '../../src/ops/metrics.ts'
import { no, ok, type NonEmpty, type Result } from '../../src/units.ts'
import { exampleStatus } from '../support/status.ts'
import { exchangeRaw } from '../support/wire.ts'

const local: AdminRequest = {
  method: 'GET',
  target: '/status',
  peer: '127.0.0.1',
  host: '127.0.0.1:9901',
  origin: undefined,
  fetchSite: undefined,
}
const remote = { ...local, peer: '10.1.2.3' }
const strict = { allowRemoteStatus: false, hosts: [] }

t.test('who may ask the admin listener what', (t) => {
  const open: readonly Partial<AdminRequest>[] = [
    {},
    { peer: '127.9.9.9' },
    { peer: '::1', host: '[::1]:9901' },
    { peer: '::ffff:127.0.0.1' },
    { peer: 'socket', host: 'localhost' },
    { host: 'localhost' },
    { host: 'LocalHost:1' },
    { host: '[::1]' },
    { method: 'POST', target: '/reload' },
    { fetchSite: 'none' },
    { fetchSite: 'same-origin', origin: 'http://127.0.0.1:9901' },
    // what probes and scrapers ask, from anywhere, by any name
    ...['/livez', '/readyz', '/metrics', '/metrics?name=a'].map((target) => ({
      target,
      peer: '10.1.2.3',
      host: 'pod.example',
      origin: 'https://evil.example',
    })),
    { method: 'HEAD', target: '/readyz', peer: '10.1.2.3', host: undefined },
  ]
  for (const request of open)
    t.equal(adminRefusal({ ...local, ...request }, strict), undefined, JSON.stringify(request))

  const refused: readonly (readonly [Partial<AdminRequest>, RegExp])[] = [
    [{ peer: '10.1.2.3' }, /other machines/],
    [{ peer: '::ffff:10.1.2.3' }, /other machines/],
    [{ peer: 'fe80::1' }, /other machines/],
    // a peer that reset its connection could be anybody
    [{ peer: undefined }, /other machines/],
    [{ peer: '10.1.2.3', method: 'POST', target: '/livez' }, /other machines/],
    [{ peer: '10.1.2.3', target: '/livez/../status' }, /other machines/],
    [{ peer: '10.1.2.3', target: '/%6civez' }, /other machines/],
    [{ host: undefined }, /Host/],
    [{ host: 'evil.example' }, /Host/],
    [{ host: 'evil.example:9901' }, /Host/],
    [{ host: '127.0.0.1.evil.example' }, /Host/],
    [{ host: 'localhost.evil.example' }, /Host/],
    [{ host: '' }, /Host/],
    [{ origin: 'https://evil.example' }, /web pages/],
    [{ origin: 'null' }, /web pages/],
    [{ origin: 'http://127.0.0.1:3000' }, /web pages/],
    [{ fetchSite: 'cross-site' }, /web pages/],
    [{ fetchSite: 'same-site' }, /web pages/],
    [{ fetchSite: '' }, /web pages/],
  ]
  for (const [request, because] of refused)
    t.match(adminRefusal({ ...local, ...request }, strict), because, JSON.stringify(request))
  t.end()
})

t.test('allowRemoteStatus opens reading, never the two POSTs, and never to rebound names', (t) => {
  const relaxed = { allowRemoteStatus: true, hosts: ['pod.example'] }
  t.equal(adminRefusal(remote, relaxed), undefined)
  t.equal(adminRefusal({ ...remote, host: 'Pod.Example:9901' }, relaxed), undefined)
  t.match(adminRefusal({ ...remote, host: 'evil.example' }, relaxed), /Host/)
  for (const target of ['/reload', '/shutdown'])
    t.match(adminRefusal({ ...remote, method: 'POST', target }, relaxed), /other machines/)
  t.end()
})

type Play = {
  config: AdminConfig
  ready: boolean
  reload: Result<string, NonEmpty<ConfigProblem>>
  shutdowns: number
  told: () => void
}

async function start(t: Test, listen: ListenAddress = { kind: 'tcp', host: '127.0.0.1', port: 0 }) {
  const play: Play = {
    config: { listen, allowRemoteStatus: false, allowShutdown: false, hosts: [], tokenPrices: [] },
    ready: true,
    reload: ok('abc'),
    shutdowns: 0,
    told: () => undefined,
  }
  const admin = createAdmin({
    config: () => play.config,
    metrics: createMetrics('1.2.3'),
    readiness: () => ({ ready: play.ready, missing: play.ready ? [] : ['keys of issuer app'] }),
    status: () => exampleStatus,
    explain: () => undefined,
    reload: () => play.reload,
    shutdown: () => {
      play.shutdowns += 1
      play.told()
    },
  })
  const started = await admin.start(listen)
  t.teardown(() => admin.stop())
  return { play, admin, started }
}

const ask = (port: number, method: string, path: string, more = '') =>
  exchangeRaw(
    port,
    `${method} ${path} HTTP/1.1\r\nHost: localhost:${port}\r\n${more}Connection: close\r\n\r\n`,
  )

const portOf = (started: Result<string, string>): number =>
  started.ok ? Number(new URL(started.value).port) : 0

t.test('every answer is closed to browsers and caches', async (t) => {
  const { started } = await start(t)
  const port = portOf(started)
  for (const [path, status] of [
    ['/livez', 200],
    ['/readyz', 200],
    ['/metrics', 200],
    ['/status', 200],
    ['/nothing', 404],
    ['/%', 400],
  ] as const) {
    const answer = await ask(port, 'GET', path)
    t.equal(answer.status, status, path)
    t.match(answer.headers, {
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    })
  }
  const refused = await ask(port, 'GET', '/status', 'Sec-Fetch-Site: cross-site\r\n')
  t.equal(refused.status, 403)
  t.match(refused.headers['content-type'], /^application\/problem\+json/)
  t.equal(refused.headers['cache-control'], 'no-store')
  t.match(refused.body, /web pages/)
  const rebound = await exchangeRaw(
    port,
    'GET /status HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n',
  )
  t.equal(rebound.status, 403)
  t.equal((await ask(port, 'GET', '/status', 'Origin: https://evil.example\r\n')).status, 403)
  t.equal((await ask(port, 'HEAD', '/livez')).status, 200)
})

t.test('readiness is told with what is missing', async (t) => {
  const { play, started } = await start(t)
  const ready = await ask(portOf(started), 'GET', '/readyz')
  t.strictSame(JSON.parse(ready.body), { ready: true, missing: [] })
  play.ready = false
  const waiting = await ask(portOf(started), 'GET', '/readyz')
  t.equal(waiting.status, 503)
  t.strictSame(JSON.parse(waiting.body), { ready: false, missing: ['keys of issuer app'] })
})

t.test(
  'POST /reload answers with the new hash or every problem, whatever body comes along',
  async (t) => {
    const { play, started } = await start(t)
    const port = portOf(started)
    const good = await ask(port, 'POST', '/reload')
    t.equal(good.status, 200)
    t.strictSame(JSON.parse(good.body), { ok: true, hash: 'abc' })
    const body = 'Content-Type: application/json\r\nContent-Length: 1\r\n'
    t.equal((await ask(port, 'POST', '/reload', body.replace('1\r\n', '0\r\n'))).status, 200)
    const garbage = await exchangeRaw(
      port,
      `POST /reload HTTP/1.1\r\nHost: localhost\r\n${body}Connection: close\r\n\r\n{`,
    )
    t.equal(garbage.status, 200)
    const problem = { line: 3, column: 5, key: 'inbound', message: 'is wrong' }
    play.reload = no([problem])
    const bad = await ask(port, 'POST', '/reload')
    t.equal(bad.status, 422)
    t.strictSame(JSON.parse(bad.body), { ok: false, problems: [problem] })
    t.equal((await ask(port, 'GET', '/reload')).status, 404)
  },
)

t.test('POST /shutdown ends the process only where the configuration says so', async (t) => {
  const { play, started } = await start(t)
  const refused = await ask(portOf(started), 'POST', '/shutdown')
  t.equal(refused.status, 403)
  t.match(refused.body, /allowShutdown: true/)
  t.equal(play.shutdowns, 0)
  play.config = { ...play.config, allowShutdown: true }
  const told = new Promise<void>((resolve) => {
    play.told = resolve
  })
  t.equal((await ask(portOf(started), 'POST', '/shutdown')).status, 202)
  await told
  t.equal(play.shutdowns, 1)
})

t.test('metrics come as Prometheus text, or as OpenMetrics when that is accepted', async (t) => {
  const { started } = await start(t)
  const plain = await ask(portOf(started), 'GET', '/metrics')
  t.equal(plain.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8')
  const accept = 'Accept: application/openmetrics-text; version=1.0.0,text/plain;q=0.5\r\n'
  const open = await ask(portOf(started), 'GET', '/metrics', accept)
  t.match(open.headers['content-type'], /^application\/openmetrics-text; version=1\.0\.0/)
  t.ok(open.body.endsWith('# EOF\n'))
})

t.test('the end does not wait for connections', async (t) => {
  const { admin, started } = await start(t)
  const idle = net.connect(portOf(started), '127.0.0.1')
  await once(idle, 'connect')
  idle.write('GET /livez HTTP/1.1\r\nHost: a\r\n\r\n')
  await once(idle, 'data')
  await Promise.all([admin.stop(), once(idle.resume(), 'close')])
})

t.test('an address that cannot be bound is told in a sentence', async (t) => {
  const { started } = await start(t)
  const port = portOf(started)
  const second = await start(t, { kind: 'tcp', host: '127.0.0.1', port })
  t.strictSame(
    second.started,
    no(`127.0.0.1:${port} is in use by another process: stop it, or choose another address`),
  )
  const elsewhere = await start(t, { kind: 'tcp', host: '192.0.2.1', port: 0 })
  t.strictSame(elsewhere.started, no('192.0.2.1:0 is no address of this machine'))
  const error = (code?: string) => Object.assign(new Error(), { code })
  const tcp: ListenAddress = { kind: 'tcp', host: '::1', port: 80 }
  t.match(bindRefusal(error('EACCES'), tcp), /^\[::1\]:80 may not be bound by this user/)
  t.match(bindRefusal(error('ENOTFOUND'), tcp), /no address of this machine/)
  t.equal(bindRefusal(error('EMFILE'), tcp), '[::1]:80 cannot be bound (EMFILE)')
  t.equal(bindRefusal(error(), tcp), '[::1]:80 cannot be bound (unknown error)')
})

t.test(
  'a Unix socket has its mode from the first moment, and only a stale one is replaced',
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'scopegate-'))
    t.teardown(() => rmSync(folder, { recursive: true }))
    const path = join(folder, 'admin.sock')
    const listen: ListenAddress = { kind: 'socket', path, mode: 0o640 }
    const first = await start(t, listen)
    t.strictSame(first.started, ok(path))
    t.equal(statSync(path).mode & 0o777, 0o640)
    const answer = await new Promise<http.IncomingMessage>((resolve) => {
      http.get({ socketPath: path, path: '/status', agent: false }, resolve)
    })
    t.equal(answer.statusCode, 200)
    answer.resume()
    t.match((await start(t, listen)).started, { ok: false, problem: /in use/ })

    // a process that was killed leaves its socket behind
    const stale = join(folder, 'stale.sock')
    const server = net.createServer()
    await new Promise<void>((resolve) => server.listen(stale, resolve))
    // node:net removes the name that it bound; under another one the file stays
    const left = join(folder, 'left.sock')
    renameSync(stale, left)
    await new Promise((resolve) => server.close(resolve))
    t.ok(statSync(left).isSocket())
    t.strictSame((await start(t, { kind: 'socket', path: left, mode: 0o600 })).started, ok(left))

    // connecting to a plain file is refused too: it must not be taken for a stale socket
    const file = join(folder, 'data.db')
    writeFileSync(file, 'precious')
    t.match((await start(t, { kind: 'socket', path: file, mode: 0o600 })).started, { ok: false })
    t.equal(readFileSync(file, 'utf8'), 'precious')

    const nowhere = join(folder, 'none', 'a.sock')
    t.strictSame(
      (await start(t, { kind: 'socket', path: nowhere, mode: 0o600 })).started,
      no(`${nowhere} cannot be made: its folder does not exist, or this user may not write there`),
    )
  },
)

t.test('an IPv6 address is written in brackets', async (t) => {
  const server = http.createServer()
  const bound = await bind(server, { kind: 'tcp', host: '::1', port: 0 })
  t.teardown(() => server.close())
  t.match(bound, bound.ok ? { value: /^http:\/\/\[::1\]:\d+$/ } : { problem: /no address/ })
})

t.test(
  'who looks at the status page may do so until a reload takes the permission back',
  async (t) => {
    const { play, started } = await start(t)
    play.config = { ...play.config, hosts: ['pod.example'] }
    const port = started.ok ? Number(new URL(started.value).port) : 0
    const socket = net.connect(port, '127.0.0.1')
    socket.write('GET /events HTTP/1.1\r\nHost: pod.example\r\n\r\n')
    const [first] = (await once(socket, 'data')) as [Buffer]
    t.match(first.toString(), /^HTTP\/1.1 200/)
    const ended = new Promise<void>((resolve) => {
      let text = ''
      socket.on('data', (piece: Buffer) => {
        text += piece.toString()
        if (text.endsWith('0\r\n\r\n')) resolve()
      })
    })
    play.config = { ...play.config, hosts: [] }
    await ended
    socket.destroy()
  },
)
