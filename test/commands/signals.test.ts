/**
 * Signals under load, to the real command: nothing that was begun is lost, whatever kind of connection it is
 * on, and whatever signal comes upon another (SPEC 6, issue "Hostile traffic" 9).
 */
import { once } from 'node:events'
import net from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import WebSocket from 'ws'
import { buildCommand, folderWith, type Served, served, start } from '../support/command.ts'
import { startEcho } from '../support/echo.ts'
import { exchangeRaw, parseAnswer, readAll } from '../support/wire.ts'

const built = buildCommand(t)
/** Long enough for a slow machine to ask before it is over. */
const delay = 2000

const yamlFor = (port: number): string => `version: 1
inbound:
  listen: 127.0.0.1:0
  upstream: http://127.0.0.1:${port}
  routes:
    - { path: /socket, methods: [GET], public: true, websocket: true }
    - { path: /**, methods: [GET], public: true }
clients:
  w: { tokenEndpoint: "http://127.0.0.1:1", clientId: a, clientSecret: hush, prefetch: false }
outbound:
  listen: 127.0.0.1:0
  routes: [{ path: /, upstream: "http://127.0.0.1:${port}", onAuthorization: keep }]
admin: { listen: 127.0.0.1:0 }
shutdown: { delay: ${delay}ms, timeout: 60s }
`

/** An upstream that answers at once, holds what asks for `/slow` until it is let go, and echoes WebSockets. */
async function startUpstream(t: Test) {
  const held: (() => void)[] = []
  let told = (): void => undefined
  const port = await startEcho(t, (req, res) => {
    if (req.url !== '/slow') return res.end('ok')
    held.push(() => res.end('ok'))
    told()
  })
  return {
    port,
    held: (count: number) =>
      new Promise<void>((resolve) => {
        told = () => {
          if (held.length >= count) resolve()
        }
        told()
      }),
    letGo: () => {
      for (const end of held.splice(0)) end()
    },
  }
}

const request = (path: string, close = true): string =>
  `GET ${path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer own\r\n${close ? 'Connection: close\r\n' : ''}\r\n`

const many = <Value>(count: number, make: () => Value): Value[] =>
  Array.from({ length: count }, make)

async function startServing(t: Test, upstream: { readonly port: number }): Promise<Served> {
  const folder = folderWith(t, { 'c.yaml': yamlFor(upstream.port) })
  return served(start(t, built, ['-c', join(folder, 'c.yaml')]))
}

const ok = { status: 200, body: 'ok' }

/** Asks on a connection of its own; undefined when that was not accepted. */
async function askFresh(port: number): Promise<ReturnType<typeof parseAnswer> | undefined> {
  const socket = net.connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  socket.write(request('/fresh'))
  const text = await readAll(socket)
  return text === '' ? undefined : parseAnswer(text)
}

t.test('through shutdown.delay and the drain not one request is lost', async (t) => {
  const upstream = await startUpstream(t)
  const running = await startServing(t, upstream)
  const slow = many(60, () => exchangeRaw(running.inbound, request('/slow')))
  const outbound = many(10, () => exchangeRaw(running.outbound, request('/slow')))
  await upstream.held(70)
  const idle = await Promise.all(
    many(20, async () => {
      const socket = net.connect(running.inbound, '127.0.0.1')
      socket.write(request('/kept', false))
      await once(socket, 'data')
      return socket
    }),
  )
  const tunnel = new WebSocket(`ws://127.0.0.1:${running.inbound}/socket`)
  await once(tunnel, 'open')
  const echo = async (text: string): Promise<void> => {
    tunnel.send(text)
    const [data] = (await once(tunnel, 'message')) as [Buffer]
    t.equal(data.toString(), text, 'the WebSocket lives')
  }
  await echo('before')

  const from = performance.now()
  running.child.kill('SIGTERM')
  await running.said(/shutting down/)
  for (const socket of idle) socket.write(request('/kept', false))
  const kept = await Promise.all(idle.map(async (socket) => parseAnswer(await readAll(socket))))
  for (const answer of kept) t.match(answer, { ...ok, headers: { connection: 'close' } })
  await echo('during the delay')
  let count = 0
  for (;;) {
    const answer = await askFresh(running.inbound)
    if (answer === undefined) break
    count += 1
    t.match(answer, { ...ok, headers: { connection: 'close' } }, 'a new connection is served')
  }
  t.ok(count > 0 && performance.now() - from >= delay, 'until the delay is over')
  // outbound serves what inbound still has to finish
  t.match(await askFresh(running.outbound), ok)
  await echo('during the drain')
  upstream.letGo()
  for (const answer of await Promise.all([...slow, ...outbound])) t.match(answer, ok)
  tunnel.close()
  await once(tunnel, 'close')
  const { code, out, err } = await running.ended
  t.strictSame([code, err], [0, ''])
  t.notMatch(out, /shutdown\.timeout is over/)
})

t.test(
  'reloads in the middle of everything lose nothing, also when SIGTERM comes upon them',
  async (t) => {
    const upstream = await startUpstream(t)
    const running = await startServing(t, upstream)
    const slow = many(50, () => exchangeRaw(running.inbound, request('/slow')))
    await upstream.held(50)
    let asking = true
    let served = 0
    const callers = many(5, async () => {
      while (asking) {
        t.match(await exchangeRaw(running.inbound, request('/fast')), ok)
        served += 1
      }
    })
    for (let round = 1; round <= 20; round += 1) {
      running.child.kill('SIGHUP')
      while (running.printed().split('configuration reloaded').length <= round)
        await once(running.child, 'said')
    }
    asking = false
    await Promise.all(callers)
    t.ok(served > 0)
    for (const signal of ['SIGHUP', 'SIGTERM', 'SIGHUP', 'SIGTERM'] as const)
      running.child.kill(signal)
    await running.said(/shutting down/)
    upstream.letGo()
    for (const answer of await Promise.all(slow)) t.match(answer, ok)
    t.match(await running.ended, { code: 0, err: '' })
  },
)

t.test('SIGINT drains like SIGTERM, and SIGTERM upon it changes nothing', async (t) => {
  const upstream = await startUpstream(t)
  const running = await startServing(t, upstream)
  const slow = many(50, () => exchangeRaw(running.inbound, request('/slow')))
  await upstream.held(50)
  running.child.kill('SIGINT')
  await running.said(/shutting down/)
  running.child.kill('SIGTERM')
  upstream.letGo()
  for (const answer of await Promise.all(slow)) t.match(answer, ok)
  t.match(await running.ended, { code: 0, err: '' })
})
