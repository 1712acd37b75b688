/** Our upstream client on raw sockets: what it takes for a response, and what becomes of the connection. */
import type net from 'node:net'
import t, { type Test } from 'tap'
import type { UpstreamConfig } from '../../src/config/config.ts'
import { openHttp1Line } from '../../src/proxy/http1-line.ts'
import { createPool } from '../../src/proxy/upstream-pool.ts'
import type {
  BodySink,
  Upstream,
  UpstreamCall,
  UpstreamFailure,
  UpstreamRequest,
} from '../../src/proxy/upstream.ts'
import { milliseconds } from '../../src/units.ts'
import { configOf } from '../support/scene.ts'
import { answerOk, type RawUpstream, startRawUpstream } from '../support/wire.ts'
import { closed } from '../wire/support.ts'

type Heard = {
  readonly status: number | undefined
  readonly interims: readonly number[]
  readonly body: string
  readonly end: 'whole' | UpstreamFailure
}

/**
 * Sends a request; `data` may say that no more is wanted for now. Pieces are looked at as they come when the kernel
 * is said to take them, else at the end.
 */
function ask(
  upstream: Upstream,
  request: Partial<UpstreamRequest> = {},
  data: (call: UpstreamCall, piece: Buffer | string) => boolean = () => true,
  isTaken = false,
): Promise<Heard> {
  return new Promise((resolve) => {
    let status: number | undefined
    const interims: number[] = []
    const pieces: (Buffer | string)[] = []
    const finish = (end: Heard['end']): void => {
      const body = pieces.map((piece) => piece.toString('latin1')).join('')
      resolve({ status, interims, body, end })
    }
    const call = upstream.send(
      {
        ...{ method: 'GET', target: '/', headers: ['Host', 'a'], body: undefined, fresh: false },
        ...request,
      },
      {
        sending: () => undefined,
        interim: (one) => void interims.push(one),
        head(one) {
          status = one
          return true
        },
        isTaken: () => isTaken,
        data(piece) {
          pieces.push(isTaken ? piece.toString('latin1') : piece)
          return data(call, piece)
        },
        end: () => {
          finish('whole')
        },
        failed: finish,
      },
    )
  })
}

function upstreamOf(port: number, change: Partial<UpstreamConfig> = {}): Upstream {
  const yaml = `version: 1
issuers: { app: { userPoolId: eu-central-1_a1B2c3D4e } }
inbound:
  listen: 127.0.0.1:0
  upstream: { url: "http://127.0.0.1:${port}" }
  routes: [{ path: /a, authenticated: true }]
`
  return createPool({ ...configOf(yaml).inbound!.upstream, ...change }, openHttp1Line)
}

async function setUp(
  t: Test,
  answer?: (socket: net.Socket, text: string, index: number) => void,
  change: Partial<UpstreamConfig> = {},
): Promise<{ raw: RawUpstream; upstream: Upstream }> {
  const raw = await startRawUpstream(t, answer)
  const upstream = upstreamOf(raw.port, change)
  t.teardown(() => {
    upstream.close()
  })
  return { raw, upstream }
}

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const whole = { status: 200, body: 'ok', end: 'whole' } as const

t.test('interim answers are passed over, an unasked 100 too', async (t) => {
  const hints = 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'
  const { raw, upstream } = await setUp(t, answerOk(`HTTP/1.1 100 Continue\r\n\r\n${hints}${ok}`))
  for (let count = 0; count < 2; count += 1)
    t.match(await ask(upstream), { ...whole, interims: [103] })
  t.equal(raw.sockets.length, 1)
})

t.test('interim answers have an end', async (t) => {
  const { upstream } = await setUp(t, answerOk('HTTP/1.1 102 Processing\r\n\r\n'.repeat(40)))
  const { end } = await ask(upstream)
  t.match(end, { code: 'upstream_error', cause: 'too many interim responses' })
})

t.test('a 204 or 304 may state a length, and its connection serves on', async (t) => {
  for (const status of ['204 No Content', '304 Not Modified']) {
    const { raw, upstream } = await setUp(
      t,
      answerOk(`HTTP/1.1 ${status}\r\nContent-Length: 9\r\n\r\n`),
    )
    for (let count = 0; count < 2; count += 1)
      t.match(await ask(upstream), { body: '', end: 'whole' })
    t.equal(raw.sockets.length, 1, status)
  }
})

t.test('an answer may come byte by byte', async (t) => {
  const text =
    'HTTP/1.1 100 C\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n'
  const { upstream } = await setUp(t, (socket) => {
    const bytes = text.split('')
    const next = (): void => {
      const byte = bytes.shift()
      if (byte !== undefined) socket.write(byte, () => setImmediate(next))
    }
    next()
  })
  t.match(await ask(upstream), whole)
})

const refusals: readonly (readonly [why: string, text: string])[] = [
  ['too large', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(70_000)}`],
  ['too large', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(70_000)}\r\n\r\n`],
  ['not asked for', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n'],
  ['a chunk that is none', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxx\r\n'],
  ['status line', 'SSH-2.0-OpenSSH_9.2\r\n\r\n'],
]

t.test('what is no answer is refused, and its connection ends', async (t) => {
  for (const [why, text] of refusals) {
    const { raw, upstream } = await setUp(t, (socket) => socket.write(text))
    const { end } = await ask(upstream)
    t.match(end, { code: 'upstream_error', cause: new RegExp(why), staleConnection: false }, why)
    await closed(raw.sockets[0]!)
  }
})

t.test('bytes that nobody asked for end the connection', async (t) => {
  // not closed because it is idle
  const late = await setUp(t, answerOk(ok), { keepAliveTimeout: milliseconds(600_000) })
  t.match(await ask(late.upstream), whole)
  const [socket] = late.raw.sockets
  socket!.write(ok)
  await closed(socket!)
  t.match(await ask(late.upstream), whole)
  t.equal(late.raw.sockets.length, 2, 'behind an answer, later')

  const together = await setUp(t, answerOk(`${ok}x`))
  for (let count = 0; count < 2; count += 1) t.match(await ask(together.upstream), whole)
  t.equal(together.raw.sockets.length, 2, 'behind an answer, with it')

  const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\nx'
  const coded = await setUp(t, answerOk(chunked))
  for (let count = 0; count < 2; count += 1) t.match(await ask(coded.upstream), whole)
  t.equal(coded.raw.sockets.length, 2, 'behind the last chunk')
})

t.test('what comes before a request has left is no answer to it', async (t) => {
  const { raw, upstream } = await setUp(t, answerOk(ok))
  t.match(await ask(upstream), whole)
  // a request of this phase of the event loop leaves in the next round, after the sockets were read
  const { end } = await new Promise<Heard>((resolve) => {
    setImmediate(() => {
      raw.sockets[0]!.write(ok)
      void ask(upstream).then(resolve)
    })
  })
  t.same(end, {
    ...{ code: 'upstream_error', cause: 'bytes that nobody asked for', staleConnection: true },
  })
  t.equal(raw.received[0]?.match(/GET/g)?.length, 1, 'nor does it leave then')
})

t.test('an idle connection is closed before the upstream closes it', async (t) => {
  const limit = { keepAliveTimeout: milliseconds(20) }
  const { raw, upstream } = await setUp(t, answerOk(ok), limit)
  t.match(await ask(upstream), whole)
  await closed(raw.sockets[0]!)

  const promising = answerOk(
    'HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1\r\nContent-Length: 2\r\n\r\nok',
  )
  const hinted = await setUp(t, promising, { keepAliveTimeout: milliseconds(60_000) })
  for (let count = 0; count < 2; count += 1) t.match(await ask(hinted.upstream), whole)
  t.equal(hinted.raw.sockets.length, 1)
  await closed(hinted.raw.sockets[0]!)
})

t.test('a busy connection is not idle', async (t) => {
  const limit = { keepAliveTimeout: milliseconds(5) }
  const { upstream } = await setUp(t, (socket) => setTimeout(() => socket.write(ok), 50), limit)
  t.match(await ask(upstream), whole)
})

t.test('a reused connection that closes before any byte says so, another does not', async (t) => {
  let answered = 0
  const { raw, upstream } = await setUp(t, (socket) => {
    if (answered++ === 0) socket.write(ok)
    else socket.destroy()
  })
  t.match(await ask(upstream), whole)
  t.match((await ask(upstream)).end, { code: 'upstream_error', staleConnection: true })
  t.match((await ask(upstream)).end, { code: 'upstream_error', staleConnection: false })
  t.equal(raw.sockets.length, 2)
})

t.test('an answer without a length ends with its connection, and not with a reset', async (t) => {
  const begun = 'HTTP/1.1 200 OK\r\n\r\nall'
  const ended = await setUp(t, (socket) => socket.end(begun))
  t.match(await ask(ended.upstream), { status: 200, body: 'all', end: 'whole' })
  const reset = await setUp(t, (socket) => socket.write(begun))
  const { end } = await ask(reset.upstream, {}, () => {
    reset.raw.sockets[0]!.resetAndDestroy()
    return true
  })
  t.match(end, { cause: 'ECONNRESET' })
})

const large = Buffer.from(
  Array.from({ length: 125_000 }, (_, index) => String(index).padStart(8, '0')).join(''),
)
const inChunks = (size: number): string => {
  let text = ''
  for (let at = 0; at < large.length; at += size) {
    const piece = large.toString('latin1', at, at + size)
    text += `${piece.length.toString(16)}\r\n${piece}\r\n`
  }
  return `${text}0\r\n\r\n`
}
const bodies: readonly (readonly [string, string])[] = [
  ['of a length', `Content-Length: ${large.length}\r\n\r\n${large.toString('latin1')}`],
  ['in large chunks', `Transfer-Encoding: chunked\r\n\r\n${inChunks(100_000)}`],
  ['in small chunks', `Transfer-Encoding: chunked\r\n\r\n${inChunks(1000)}`],
]

for (const [what, text] of bodies)
  t.test(`a large body ${what} arrives whole, whatever pauses its reader makes`, async (t) => {
    const { raw, upstream } = await setUp(t, answerOk(`HTTP/1.1 200 OK\r\n${text}`))
    for (const everyOther of [false, true]) {
      let count = 0
      const { body, end } = await ask(upstream, {}, (call) => {
        count += 1
        if (!everyOther || count % 2 === 0) return true
        setImmediate(() => {
          call.resume()
          call.resume()
        })
        return false
      })
      t.equal(end, 'whole')
      t.ok(body === large.toString('latin1'), `${body.length} bytes`)
    }
    t.equal(raw.sockets.length, 1)
  })

t.test('memory that the kernel took is read into again, other memory is not', async (t) => {
  const { upstream } = await setUp(t, answerOk(`HTTP/1.1 200 OK\r\n${bodies[0]![1]}`))
  for (const isTaken of [true, false]) {
    const memories: ArrayBufferLike[] = []
    const { body } = await ask(
      upstream,
      {},
      (_call, piece) => {
        if (typeof piece !== 'string') memories.push(piece.buffer)
        return true
      },
      isTaken,
    )
    t.ok(body === large.toString('latin1'), `${body.length} bytes`)
    // the first large piece may be a copy out of the memory that all connections share
    if (isTaken)
      t.ok(new Set(memories).size <= 2, `${new Set(memories).size} of ${memories.length}`)
    else t.equal(new Set(memories).size, memories.length)
    t.ok(memories.length > 4, `${memories.length} pieces`)
  }
})

t.test('a call that is over can be given up and resumed without effect', async (t) => {
  const { raw, upstream } = await setUp(t, answerOk(ok))
  let call: UpstreamCall | undefined
  t.match(
    await ask(upstream, {}, (own) => {
      call = own
      return true
    }),
    whole,
  )
  call?.abort()
  call?.resume()
  t.match(await ask(upstream), whole)
  t.equal(raw.sockets.length, 1, 'its connection serves others')
})

t.test('a call that is given up ends its connection, at each stage', async (t) => {
  const silent = await setUp(t, () => undefined)
  const nothing = {
    ...{
      sending: () => undefined,
      interim: () => undefined,
      head: () => true,
      isTaken: () => true,
    },
    ...{ end: () => undefined, failed: () => undefined },
  }
  const request = {
    method: 'GET',
    target: '/',
    headers: ['Host', 'a'],
    body: undefined,
    fresh: true,
  }
  const connecting = silent.upstream.send(request, { ...nothing, data: () => true })
  connecting.abort()
  const waiting = silent.upstream.send(request, { ...nothing, data: () => true })
  while (!silent.raw.received.some((text) => text !== '')) await new Promise(setImmediate)
  waiting.abort()
  for (const socket of silent.raw.sockets) await closed(socket)

  const talking = await setUp(t, (socket) => socket.write(`HTTP/1.1 200 OK\r\n${bodies[2]![1]}`))
  let pieces = 0
  const call = talking.upstream.send(request, {
    ...nothing,
    data() {
      pieces += 1
      call.abort()
      return true
    },
  })
  while (talking.raw.sockets.length === 0) await new Promise(setImmediate)
  await closed(talking.raw.sockets[0]!)
  t.equal(pieces, 1)
  const held = talking.upstream.send(request, {
    ...nothing,
    head() {
      held.abort()
      return true
    },
    data: () => t.fail('nothing follows'),
  })
  while (talking.raw.sockets.length === 1) await new Promise(setImmediate)
  await closed(talking.raw.sockets[1]!)
})

t.test('an upstream that cannot be reached is told with the code of the error', async (t) => {
  const upstream = upstreamOf(1)
  t.match((await ask(upstream)).end, { code: 'upstream_unreachable', cause: 'ECONNREFUSED' })
})

t.test('a connection whose request was not sent whole serves no other', async (t) => {
  const { raw, upstream } = await setUp(t, (socket, text) => {
    if (text.endsWith('half') || !text.startsWith('POST')) socket.write(ok)
  })
  let sink: BodySink | undefined
  const half = {
    flow(to: BodySink) {
      sink = to
      to.piece(Buffer.from('half'))
    },
    resume: () => undefined,
  }
  const headers = ['Host', 'a', 'Content-Length', '8']
  t.match(await ask(upstream, { method: 'POST', headers, body: half }), whole)
  t.equal(sink?.piece(Buffer.from('late')), false, 'nothing more is taken')
  sink?.end()
  t.match(await ask(upstream), whole)
  t.equal(raw.sockets.length, 2)
})

t.test('a body that is held goes with its length, or as one chunk', async (t) => {
  const { raw, upstream } = await setUp(t, (socket, text) => {
    if (/body$|0\r\n\r\n$/.test(text)) socket.write(ok)
  })
  const post = { method: 'POST', body: Buffer.from('body') }
  t.match(await ask(upstream, { ...post, headers: ['Host', 'a', 'content-length', '4'] }), whole)
  t.match(await ask(upstream, post), whole)
  t.match(await ask(upstream, { ...post, body: Buffer.alloc(0) }), whole)
  const [text = ''] = raw.received
  t.match(text, /content-length: 4\r\n\r\nbodyPOST/)
  t.match(text, /Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\nPOST/)
  t.match(text, /Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n$/)
})

t.test('a call that waited for a connection is resumed like any other', async (t) => {
  const { raw, upstream } = await setUp(t, answerOk(ok), { connections: 1 })
  const slowly = (call: UpstreamCall): boolean => {
    setImmediate(() => {
      call.resume()
    })
    return false
  }
  for (const heard of await Promise.all([ask(upstream), ask(upstream, {}, slowly)]))
    t.match(heard, whole)
  await new Promise(setImmediate)
  t.equal(raw.sockets.length, 1)
})
