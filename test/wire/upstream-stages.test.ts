/**
 * What an upstream can do wrong at each stage of an answer (R21, H7, H11, U1): what the downstream sees of it is an
 * answer of the upstream, whole; or one that is seen to be cut; or 502 or 504 without internals. A POST goes once.
 */
import type net from 'node:net'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { seed } from '../support/seed.ts'
import { headsOf, startRawUpstream } from '../support/wire.ts'
import { closed, startInbound } from './support.ts'

const codeOf = (text: string) => /"code":"(\w+)"/.exec(text)?.[1]
const get = (path = '/open/1', method = 'GET') =>
  `${method} ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`
const post = (body: string, length = body.length) =>
  `POST /open/1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: ${length}\r\n\r\n${body}`
const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

const limited = `  routes:
    - { path: /open/**, methods: [GET, HEAD, POST], public: true, timeouts: { headers: 150ms, body: 150ms } }
`

async function started(t: Test, answer: Parameters<typeof startRawUpstream>[1]) {
  const upstream = await startRawUpstream(t, answer)
  const scene = await startInbound(t, upstream.port, limited)
  scene.leaks.forbid(`127.0.0.1:${upstream.port}`)
  return { upstream, scene }
}

/** What the operator's log may name, and no answer. */
const internals = /ECONN|UND_ERR|HPE_|internal-name|127\.0\.0\.1/

/** Answers that stop before their head is whole. */
const beginnings = ['', 'HTTP', 'HTTP/1.1 200 OK\r\n', 'HTTP/1.1 200 OK\r\nX: internal-name\r\n']

for (const method of ['GET', 'POST'])
  for (const begin of beginnings)
    t.test(`${method}: an upstream that stops at ${JSON.stringify(begin)}`, async (t) => {
      const fates = {
        reset: (socket: net.Socket) => socket.resetAndDestroy(),
        end: (socket: net.Socket) => socket.end(),
        hang: () => undefined,
      } as const
      for (const [fate, then] of Object.entries(fates)) {
        const { upstream, scene } = await started(t, (socket) => {
          if (begin === '') then(socket)
          else socket.write(begin, () => then(socket))
        })
        const answer = await scene.send(method === 'GET' ? get() : post('hello'))
        t.equal(answer.status, fate === 'hang' ? 504 : 502, fate)
        t.equal(codeOf(answer.body), fate === 'hang' ? 'upstream_timeout' : 'upstream_error')
        t.notMatch(answer.text, internals)
        t.equal(headsOf(upstream.received).length, 1, 'it goes once')
        await closed(upstream.sockets[0]!)
      }
    })

t.test('an upload that is reset while it is sent is 502, and goes once', async (t) => {
  const { upstream, scene } = await started(t, (socket, text) => {
    if (text.endsWith('part')) socket.resetAndDestroy()
  })
  const answer = await scene.send(post('part', 1_000_000))
  t.match(answer, { status: 502, headers: { connection: 'close' } })
  t.equal(codeOf(answer.body), 'upstream_error')
  t.notMatch(answer.text, internals)
  t.equal(upstream.sockets.length, 1)
})

t.test(
  'a refusal before a reset reaches the downstream, or it is 502; never silence',
  async (t) => {
    for (const refuse of ['end', 'resetAndDestroy'] as const) {
      const { upstream, scene } = await started(t, (socket, text) => {
        if (!text.includes('part')) return
        socket.write('HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 3\r\n\r\nbig')
        setImmediate(() => socket[refuse]())
      })
      const answer = await scene.send(post(`part${'x'.repeat(200_000)}`, 1_000_000))
      t.ok([413, 502].includes(answer.status), `${refuse}: ${answer.status}`)
      t.equal(upstream.sockets.length, 1)
    }
  },
)

for (const [what, method, head] of [
  ['an answer to HEAD', 'HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n'],
  ['a chunked answer to HEAD', 'HEAD', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'],
  ['a 204', 'GET', 'HTTP/1.1 204 No Content\r\n\r\n'],
  ['a 204 with a length', 'GET', 'HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\n'],
  ['a 304', 'GET', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\n'],
] as const)
  t.test(`${what} that brings a body all the same shows none, to nobody`, async (t) => {
    const evil = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil'
    const { scene } = await started(t, (socket, text) => {
      socket.write(text.includes('/open/odd') ? `${head}evil${evil}` : ok)
    })
    const first = await scene.send(get('/open/odd', method))
    t.ok([200, 204, 304, 502].includes(first.status), `${first.status}`)
    if (first.status !== 502) t.equal(first.body, '')
    for (let i = 0; i < 3; i += 1)
      t.match(await scene.send(get()), { status: 200, body: 'ok' }, 'the next one has its own')
  })

t.test('what an upstream says unasked is an answer to nobody', async (t) => {
  const { upstream, scene } = await started(t, (socket) => socket.write(ok))
  t.equal((await scene.send(get())).body, 'ok')
  const [first] = upstream.sockets
  first!.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil')
  await closed(first!)
  t.equal((await scene.send(get())).body, 'ok')
  t.equal(upstream.sockets.length, 2)
})

t.test('interim answers for ever are cut by the limit of the head', async (t) => {
  const { upstream, scene } = await started(t, (socket) => {
    const drip = setInterval(() => socket.write('HTTP/1.1 102 Processing\r\n\r\n'), 10)
    socket.on('close', () => {
      clearInterval(drip)
    })
  })
  t.equal((await scene.send(get())).status, 504)
  await closed(upstream.sockets[0]!)
})

/** An upstream with nerves: at each request a fate is drawn. */
const fates = [
  (socket: net.Socket) => socket.write(ok),
  (socket: net.Socket) => socket.end(ok),
  (socket: net.Socket) => {
    socket.write(ok)
    setTimeout(() => socket.destroy(), 1)
  },
  (socket: net.Socket) => socket.end(),
  (socket: net.Socket) => socket.resetAndDestroy(),
  (socket: net.Socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Le'),
  (socket: net.Socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nno'),
] as const

t.test('a POST never goes twice, a GET at most twice, whatever the upstream does', async (t) => {
  t.comment(`seed ${seed}`)
  const drawn = fc.sample(fc.nat({ max: fates.length - 1 }), { seed, numRuns: 1000 })
  let count = 0
  const upstream = await startRawUpstream(t, (socket, text) => {
    if (!text.endsWith('\r\n\r\n') && !text.endsWith('body')) return
    fates[drawn[count++ % drawn.length]!]!(socket)
  })
  const scene = await startInbound(t, upstream.port)
  const statuses = new Map<number, number>()
  const send = async (i: number): Promise<void> => {
    const request =
      i % 2 === 0 ? get(`/open/get-${i}-`) : post('body').replace('/open/1', `/open/post-${i}-`)
    const { status } = await scene.send(request)
    statuses.set(status, (statuses.get(status) ?? 0) + 1)
  }
  await inTurns(400, 4, send)
  const all = upstream.received.join('')
  for (let i = 0; i < 400; i += 1) {
    const path = i % 2 === 0 ? `/open/get-${i}-` : `/open/post-${i}-`
    const times = all.split(`${path} `).length - 1
    t.ok(times <= (i % 2 === 0 ? 2 : 1), `${path} went ${times} times`)
  }
  t.same([...statuses.keys()].sort(), [200, 502])
})

t.test('an upstream that closes idle connections is never noticed by a GET (H12)', async (t) => {
  const upstream = await startRawUpstream(t, (socket) => {
    socket.write(ok)
    setTimeout(() => socket.end(), 3)
  })
  const scene = await startInbound(t, upstream.port)
  await inTurns(200, 2, async (i) => {
    t.equal((await scene.send(get(`/open/${i}`))).status, 200)
  })
  t.ok(upstream.sockets.length > 1)
})

/** So many calls, of which some run at a time. */
async function inTurns(count: number, width: number, call: (i: number) => Promise<void>) {
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < count) await call(next++)
  }
  await Promise.all(Array.from({ length: width }, worker))
}
