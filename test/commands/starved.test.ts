/**
 * What a process can be denied by the machine around it: descriptors, room for its log, its standard streams,
 * its ports. It must stay up and serve again, or say in one sentence why it cannot start (issue "Hostile
 * traffic" 9; R26 for what it says). A log that throws on ENOSPC, or an accept() that fails with EMFILE, has
 * ended other proxies.
 */
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import net from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { buildCommand, folderWith, start, startCommand } from '../support/command.ts'
import { answerOk, exchangeRaw, parseAnswer, readAll, startRawUpstream } from '../support/wire.ts'

const built = buildCommand(t)

const yamlFor = (upstream: number, inbound = '127.0.0.1:0', admin = '127.0.0.1:0'): string =>
  `version: 1
inbound:
  listen: ${inbound}
  upstream: http://127.0.0.1:${upstream}
  routes: [{ path: /a/**, methods: [GET], public: true }]
admin: { listen: ${admin} }
`

const get = `GET /a/1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`

async function connect(to: number | string): Promise<net.Socket | undefined> {
  const socket = typeof to === 'number' ? net.connect(to, '127.0.0.1') : net.connect(to)
  return new Promise((resolve) => {
    socket.once('connect', () => {
      resolve(socket.on('error', () => undefined))
    })
    socket.once('error', () => {
      resolve(undefined)
    })
  })
}

t.test('without descriptors the process stays up, and serves again when it has some', async (t) => {
  // a connection of its own for each request: that of a kept one needs no descriptor
  const closing = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok'
  const upstream = await startRawUpstream(t, answerOk(closing))
  const running = await startCommand(t, built, yamlFor(upstream.port))
  // modules are loaded with more of them than that
  execFileSync('prlimit', [`--pid=${String(running.child.pid)}`, '--nofile=48'])
  t.equal((await exchangeRaw(running.inbound, get)).status, 200)
  const sockets = Array.from({ length: 80 }, () => connect(running.inbound))
  const open = (await Promise.all(sockets)).filter((socket) => socket !== undefined)
  // one that could not be accepted is closed; the others may ask, and are told that nothing can be reached
  let closed = 0
  for (const socket of open)
    socket.resume().once('close', () => {
      closed += 1
      running.child.emit('closed')
    })
  while (closed === 0) await once(running.child, 'closed')
  t.ok(running.descriptors() < 60, 'the limit is in force')
  const kept = open.find((socket) => !socket.destroyed)
  kept?.write(get)
  const [answer] = (await once(kept as net.Socket, 'data')) as [Buffer]
  t.match(parseAnswer(answer.toString()), { status: 502, body: /"upstream_unreachable"/ })
  t.notMatch(answer.toString(), `127.0.0.1:${upstream.port}`)
  for (const socket of open) socket.destroy()
  let status = 0
  while (status !== 200) ({ status } = await exchangeRaw(running.inbound, get))
  t.equal((await exchangeRaw(running.admin, get.replace('/a/1', '/livez'))).status, 200)
  running.child.kill('SIGTERM')
  t.match(await running.ended, { code: 0, err: '' })
})

t.test('requests are served and the end is in order, wherever the log cannot go', async (t) => {
  const upstream = await startRawUpstream(t)
  const cases = {
    'a full disk': 'exec >/dev/full',
    'a closed stdout': 'exec >&-',
    'no standard stream at all': 'exec <&- >&- 2>&-',
  }
  for (const [name, shell] of Object.entries(cases)) {
    const folder = folderWith(t, {})
    const place = (file: string) => join(folder, file)
    const CONFIG = yamlFor(
      upstream.port,
      `{ socket: ${place('in')} }`,
      `{ socket: ${place('admin')} }`,
    )
    const running = start(t, built, ['run', '-c', 'env:CONFIG'], { env: { CONFIG }, shell })
    let ended = false
    void running.ended.then(() => (ended = true))
    const ask = async (path: string): Promise<number> => {
      let socket: net.Socket | undefined
      while (socket === undefined && !ended) {
        socket = await connect(place(path === '/a/1' ? 'in' : 'admin'))
        await new Promise((resolve) => setImmediate(resolve))
      }
      socket?.write(get.replace('/a/1', path))
      return socket === undefined ? 0 : parseAnswer(await readAll(socket)).status
    }
    t.equal(await ask('/livez'), 200, name)
    for (let count = 0; count < 50; count += 1) t.equal(await ask('/a/1'), 200)
    running.child.kill('SIGTERM')
    t.match(await running.ended, { code: 0, out: '', err: '' }, name)
  }
})

t.test(
  'a port that is taken is a sentence and exit code 3, whichever listener it is',
  async (t) => {
    const taken = await startRawUpstream(t)
    const busy = `127.0.0.1:${taken.port}`
    for (const [listener, CONFIG] of [
      ['inbound', yamlFor(1, busy)],
      ['admin', yamlFor(1, '127.0.0.1:0', busy)],
    ] as const)
      t.strictSame(await start(t, built, ['-c', 'env:CONFIG'], { env: { CONFIG } }).ended, {
        code: 3,
        out: '',
        err: `scopegate: ${listener}.listen: ${busy} is in use by another process: stop it, or choose another address\n`,
      })
  },
)

t.test(
  'descriptors are those that serve: after 300 requests there are no more than before',
  async (t) => {
    const upstream = await startRawUpstream(t)
    const running = await startCommand(t, built, yamlFor(upstream.port))
    const round = async (): Promise<number> => {
      for (let count = 0; count < 15; count += 1)
        await Promise.all(Array.from({ length: 10 }, () => exchangeRaw(running.inbound, get)))
      return running.descriptors()
    }
    const before = await round()
    const after = await round()
    t.ok(after <= before + 10, `${before}, then ${after}`)
  },
)
