/**
 * A downstream can tell a cut answer from a whole one, whatever cut it and however it was framed (R21, R22; H7 for
 * what it is told meanwhile). What was wrong: to an HTTP/1.0 peer the end of the connection is the end of the
 * answer, and a cut one ended in the same way as a whole one.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { answerOk, headsOf, startRawUpstream } from '../support/wire.ts'
import { startScene } from '../support/scene.ts'
import { closed, dial, listen, startInbound } from './support.ts'

type Seen = { readonly text: string; readonly ending: 'end' | 'reset' }

/** Everything that arrives, and whether the connection ended or was reset; `then` is called at `begun`. */
async function readToTheEnd(
  address: number | string,
  request: string,
  then: () => void = () => undefined,
): Promise<Seen> {
  const socket = typeof address === 'number' ? dial(address) : net.connect(address)
  const seen = listen(socket)
  let ending: Seen['ending'] = 'reset'
  socket.on('end', () => (ending = 'end'))
  socket.write(request)
  void seen.until((text) => text.includes('begun')).then(then)
  await closed(socket)
  return { text: seen.text(), ending }
}

/** Is the answer whole, for a peer that knows RFC 9112 §6.3 and §8? */
function isWhole({ text, ending }: Seen): boolean {
  const [head = '', ...rest] = text.split('\r\n\r\n')
  const body = rest.join('\r\n\r\n')
  const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1]
  if (length !== undefined) return body.length === Number(length)
  if (/\r\ntransfer-encoding: chunked/i.test(head)) return text.endsWith('0\r\n\r\n')
  return ending === 'end'
}

/** How upstreams frame an answer: its begin, and its end. */
const framings = {
  'with its length': ['HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nbegun', 'ended'],
  'in chunks': [
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbegun\r\n',
    '5\r\nended\r\n0\r\n\r\n',
  ],
  'until it closes': ['HTTP/1.1 200 OK\r\n\r\nbegun', 'ended'],
} as const

/** What cuts it, once the downstream has the begin. */
const cuts = {
  'a reset': (socket: net.Socket) => socket.resetAndDestroy(),
  'an early end': (socket: net.Socket) => socket.end(),
  'a pause': () => undefined,
  'bytes that are no chunk': (socket: net.Socket) => socket.end('zz\r\n'),
} as const

/** An early end is the regular one there. */
const isRegular = (framing: string, cut: string) =>
  framing === 'until it closes' && (cut === 'an early end' || cut === 'bytes that are no chunk')

const routes =
  '  routes:\n    - { path: /open/**, methods: [GET], public: true, timeouts: { body: 150ms } }\n'
const get = (version: string) =>
  `GET /open/1 HTTP/${version}\r\nHost: a\r\nConnection: close\r\n\r\n`

for (const version of ['1.1', '1.0'])
  for (const [framing, [begin, end]] of Object.entries(framings))
    t.test(`an answer ${framing} is whole or seen to be cut, to HTTP/${version}`, async (t) => {
      let isCut = false
      const upstream = await startRawUpstream(t, (socket) => {
        if (isCut) socket.write(begin)
        else socket.end(begin + end)
      })
      const scene = await startInbound(t, upstream.port, routes)
      const whole = await readToTheEnd(scene.inbound, get(version))
      t.ok(isWhole(whole), `the whole one: ${JSON.stringify(whole)}`)
      t.match(whole.text, /begun[^]*ended/)

      isCut = true
      for (const [what, cut] of Object.entries(cuts)) {
        if (isRegular(framing, what)) continue
        const seen = await readToTheEnd(scene.inbound, get(version), () => {
          cut(upstream.sockets.at(-1)!)
        })
        t.notOk(isWhole(seen), `${what}: ${JSON.stringify(seen)}`)
      }
    })

t.test('an answer that the shutdown cuts is seen to be cut', async (t) => {
  for (const version of ['1.1', '1.0']) {
    const upstream = await startRawUpstream(t, (socket) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\nbegun')
    })
    const scene = await startInbound(t, upstream.port, '', { keepRunning: true })
    scene.reload(`${scene.yaml()}shutdown: { timeout: 100ms }\n`)
    const seen = await readToTheEnd(scene.inbound, get(version), () => void scene.proxy.stop())
    t.notOk(isWhole(seen), version)
    await scene.proxy.stop()
  }
})

t.test('a Unix socket knows no reset: what is cut there just ends', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'scopegate-'))
  t.teardown(() => {
    rmSync(folder, { recursive: true })
  })
  const path = join(folder, 'in')
  const upstream = await startRawUpstream(t, (socket) => {
    socket.write('HTTP/1.1 200 OK\r\n\r\nbegun')
  })
  await startScene(
    t,
    `version: 1
inbound:
  listen: { socket: ${path} }
  upstream: http://127.0.0.1:${upstream.port}
${routes}admin: { listen: 127.0.0.1:0 }
`,
  )
  const seen = await readToTheEnd(path, get('1.0'), () => upstream.sockets[0]!.resetAndDestroy())
  t.match(seen, { text: /^HTTP\/1.1 200 OK[^]*begun$/, ending: 'end' })
})

for (const [what, path] of [
  ['refusals', '/read/1'],
  ['whole answers', '/open/1'],
] as const)
  t.test(`a downstream that takes nothing more of ${what} is cut`, async (t) => {
    const answer = `HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n${'x'.repeat(9999)}`
    const upstream = await startRawUpstream(t, (socket) => socket.write(answer))
    const scene = await startInbound(t, upstream.port, '  limits: { bodyIdleTimeout: 100ms }\n')
    const socket = dial(scene.inbound)
    socket.pause()
    const requests = `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`
    let written = 0
    let idle = 0
    let isHeld = false
    const timer = setInterval(() => {
      const unanswered = written - scene.log.length
      idle = unanswered > 40 ? idle + 1 : 0
      // when nothing is answered any more, one more now and then shows whether somebody is still there
      const more = idle === 0 ? 50 : idle % 50 === 0 ? 1 : 0
      written += more
      socket.write(requests.repeat(more))
      isHeld = unanswered > 95
      if (isHeld) socket.destroy()
    }, 2)
    await closed(socket)
    clearInterval(timer)
    t.notOk(isHeld, 'it was not held for ever')
    t.ok(scene.log.length > 100, `${scene.log.length} were taken by the kernels`)
  })

t.test(
  '100 requests may be sent ahead; who sends more is cut, and none of them is served',
  async (t) => {
    const upstream = await startRawUpstream(t, (socket, text) => {
      if (!text.includes('/open/hang')) answerAll(socket, text)
    })
    const answerAll = answerOk()
    const scene = await startInbound(t, upstream.port)
    const ahead = (first: string, count: number): string =>
      [first, ...Array.from({ length: count }, (_, i) => `/open/${i}`)]
        .map((path) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`)
        .join('')
    const patient = dial(scene.inbound)
    const seen = listen(patient)
    patient.write(ahead('/open/first', 100))
    await seen.until((text) => text.split('HTTP/1.1 200').length - 1 === 101)
    patient.destroy()

    const count = headsOf(upstream.received).length
    const greedy = dial(scene.inbound)
    greedy.write(ahead('/open/hang', 300))
    await closed(greedy.resume())
    const after = headsOf(upstream.received).slice(count)
    t.ok(after.length <= 1, 'at most the first went up')
  },
)
