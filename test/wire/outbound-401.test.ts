/** What a 401 of the upstream costs: one renewal that all share, one replay, and no storm (R13, HAZARDS T1). */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import http from 'node:http'
import net from 'node:net'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import type { Test } from 'tap'
import { seconds } from '../../src/units.ts'
import { answers } from '../tokens/endpoint.ts'
import { headsOf, parseAnswer, readAll, startRawUpstream } from '../support/wire.ts'
import {
  call,
  counted,
  outboundYaml,
  startOutbound,
  startTokens,
  tokenOf,
} from './outbound-support.ts'

const kib64 = 64 * 1024
const challenge = 'Bearer realm="api", error="invalid_token"'

type Seen = {
  readonly start: string
  readonly headers: readonly string[]
  readonly token: string
  readonly body: Buffer
}
type Answer = { readonly status: number; readonly headers?: string[]; readonly body?: string }

/** An API that answers once it has read everything. */
async function startApi(t: Test, judge: (seen: Seen, count: number) => Answer) {
  const seen: Seen[] = []
  const server = http.createServer((req, res) => {
    const pieces: Buffer[] = []
    req.on('data', (piece: Buffer) => pieces.push(piece))
    req.on('end', () => {
      const one = {
        start: `${req.method ?? ''} ${req.url ?? ''}`,
        headers: req.rawHeaders,
        token: req.headers.authorization?.replace('Bearer ', '') ?? '',
        body: Buffer.concat(pieces),
      }
      seen.push(one)
      const { status, headers = [], body = 'ok' } = judge(one, seen.length)
      res.writeHead(status, headers)
      res.end(body)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { seen, port: (server.address() as AddressInfo).port }
}

const rejected: Answer = {
  status: 401,
  headers: ['WWW-Authenticate', challenge, 'X-Kept', 'yes', 'Connection', 'X-Hop', 'X-Hop', '1'],
  body: 'the token is not good',
}
/** Rejects the first token and takes all others. */
const rejectsFirst = ({ token }: Seen): Answer =>
  token === tokenOf(1) ? rejected : { status: 200 }

async function setUp(
  t: Test,
  judge: (seen: Seen, count: number) => Answer,
  renewOn401 = 'invalid_token',
) {
  const tokens = await startTokens(t)
  const api = await startApi(t, judge)
  const time = { now: 1_800_000_000 }
  const route = `{ path: /a, upstream: "http://127.0.0.1:${api.port}", renewOn401: ${renewOn401} }`
  const scene = await startOutbound(t, outboundYaml(tokens.url, [route]), {
    clock: () => seconds(time.now),
  })
  return { tokens, api, scene, time }
}

const tokensOf = (seen: readonly Seen[]) => seen.map(({ token }) => token)
const chunked = (...pieces: readonly Buffer[]): string =>
  [...pieces, Buffer.alloc(0)]
    .map((piece) => `${piece.length.toString(16)}\r\n${piece.toString('latin1')}\r\n`)
    .join('')

t.test('a rejected token costs one renewal and one retry, which is the same request', async (t) => {
  for (const method of ['GET', 'HEAD', 'DELETE', 'OPTIONS']) {
    const { tokens, api, scene } = await setUp(t, rejectsFirst)
    const answer = await call(scene, `${method} /a/x?q`, ['X-Own: 1', 'Authorization: Bearer own'])
    t.equal(answer.status, 200, method)
    t.equal(tokens.seen.length, 2)
    t.strictSame(tokensOf(api.seen), [tokenOf(1), tokenOf(2)])
    const [first, second] = api.seen
    t.equal(second?.start, `${method} /x?q`)
    t.strictSame(
      second?.headers,
      first?.headers.map((part) => part.replace(tokenOf(1), tokenOf(2))),
    )
    t.match(
      scene.log.filter(({ msg }) => msg === 'request'),
      [{ status: 200, decision: 'allow' }],
      'one line for both',
    )
    t.equal((await call(scene, 'GET /a')).status, 200)
    t.equal(tokens.seen.length, 2)
  }
})

t.test('a body up to 64 KiB is sent again byte for byte', async (t) => {
  for (const body of [Buffer.from('short'), randomBytes(kib64), Buffer.alloc(0)]) {
    const { tokens, api, scene } = await setUp(t, rejectsFirst)
    const length = `Content-Length: ${body.length}`
    const sized = await call(scene, 'POST /a', [length], body.toString('latin1'))
    t.equal(sized.status, 200)
    t.strictSame(tokensOf(api.seen), [tokenOf(1), tokenOf(2)])
    for (const { body: arrived } of api.seen) t.ok(arrived.equals(body), `${body.length} bytes`)
    t.equal(tokens.seen.length, 2)
  }
  const pieces = [randomBytes(1), randomBytes(30_000), randomBytes(kib64 - 30_001)]
  const { api, scene } = await setUp(t, rejectsFirst)
  const answer = await call(scene, 'PUT /a', ['Transfer-Encoding: chunked'], chunked(...pieces))
  t.equal(answer.status, 200)
  t.strictSame(tokensOf(api.seen), [tokenOf(1), tokenOf(2)])
  for (const { body } of api.seen) t.ok(body.equals(Buffer.concat(pieces)), 'chunked')
})

t.test('the body is asked for once, however often it goes upstream', async (t) => {
  const { api, scene } = await setUp(t, rejectsFirst)
  const headers = ['Content-Length: 4', 'Expect: 100-continue']
  const answer = await call(scene, 'POST /a', headers, 'body')
  t.equal(answer.status, 200)
  t.equal(answer.text.split('100 Continue').length, 2)
  t.strictSame(
    api.seen.map(({ body }) => String(body)),
    ['body', 'body'],
  )
})

t.test('a larger body is not sent again, but the next call has a new token', async (t) => {
  for (const headers of [[`Content-Length: ${kib64 + 1}`], ['Transfer-Encoding: chunked']]) {
    const { tokens, api, scene } = await setUp(t, rejectsFirst)
    const body = randomBytes(kib64 + 1)
    const sent = headers[0]?.startsWith('T') ? chunked(body) : body.toString('latin1')
    t.match(await call(scene, 'POST /a', headers, sent), { status: 401, body: rejected.body })
    t.equal(api.seen.length, 1)
    t.ok(api.seen[0]?.body.equals(body))
    t.equal((await call(scene, 'GET /a')).status, 200)
    t.strictSame(tokensOf(api.seen), [tokenOf(1), tokenOf(2)])
    t.equal(tokens.seen.length, 2)
  }
})

t.test('renewOn401 says which 401 it is', async (t) => {
  const says = (...values: readonly string[]): Answer => ({
    status: 401,
    headers: values.flatMap((value) => ['WWW-Authenticate', value]),
  })
  for (const [how, answer, renews] of [
    ['invalid_token', says(challenge), true],
    ['invalid_token', says('Basic realm="x"', `Negotiate, ${challenge}`), true],
    ['invalid_token', says(), false],
    ['invalid_token', says('Bearer realm="api"'), false],
    ['invalid_token', { ...says(challenge), status: 403 }, false],
    ['always', says(), true],
    ['always', { ...says(), status: 403 }, false],
    ['never', says(challenge), false],
  ] as const) {
    const judge = (seen: Seen) => (seen.token === tokenOf(1) ? answer : { status: 200 })
    const { tokens, api, scene } = await setUp(t, judge, how)
    const { status } = await call(scene, 'POST /a', ['Content-Length: 1'], 'x')
    const what = `${how}: ${answer.headers?.join() ?? ''}`
    t.equal(status, renews ? 200 : answer.status, what)
    t.equal(api.seen.length, renews ? 2 : 1)
    t.equal(tokens.seen.length, renews ? 2 : 1)
  }
})

t.test('an upstream that always answers 401 runs up no bill and is heard whole', async (t) => {
  const { tokens, api, scene, time } = await setUp(t, () => rejected, 'always')
  for (let count = 0; count < 100; count += 1) {
    time.now += 0.25
    const answer = await call(scene, count % 2 === 0 ? 'GET /a' : 'POST /a', ['Content-Length: 0'])
    t.match(answer, { status: 401, body: rejected.body })
    // its framing is made anew: chunked, or with the length of a small body
    const names = Object.keys(answer.headers).filter((name) => !/^(?:content-l|tr)/.test(name))
    t.strictSame(names.sort(), ['connection', 'date', 'www-authenticate', 'x-kept'])
    t.match(answer.headers, { 'www-authenticate': challenge, 'x-kept': 'yes' })
  }
  t.equal(tokens.seen.length, 2)
  t.equal(api.seen.length, 101, 'one retry in all')
  time.now += 30
  await Promise.all(Array.from({ length: 20 }, () => call(scene, 'GET /a')))
  t.equal(tokens.seen.length, 3, 'the next one 30 s later')
})

t.test('100 concurrent calls that are answered 401 share one renewal', async (t) => {
  const { tokens, api, scene } = await setUp(t, rejectsFirst)
  const all = await Promise.all(Array.from({ length: 100 }, () => call(scene, 'GET /a')))
  t.ok(all.every(({ status }) => status === 200))
  t.equal(tokens.seen.length, 2)
  t.ok(api.seen.length <= 200)
})

t.test('a renewal that fails hands the 401 back, and the token stays in use', async (t) => {
  const { tokens, api, scene } = await setUp(t, rejectsFirst)
  t.equal((await call(scene, 'HEAD /nowhere')).status, 404)
  tokens.play = (response, seen, count) => {
    if (count === 1) counted(response, seen, count)
    else answers({ error: 'server_error' }, 503)(response, seen, count)
  }
  const answer = await call(scene, 'POST /a', ['Content-Length: 4'], 'body')
  t.match(answer, { status: 401, body: rejected.body, headers: { 'x-kept': 'yes' } })
  t.equal(api.seen.length, 1)
  t.equal(tokens.seen.length, 2)
})

t.test('a 401 without a body is held back and handed back like any other', async (t) => {
  const tokens = await startTokens(t)
  const empty = unauthorized.replace('Length: 2', 'Length: 0').slice(0, -2)
  const upstream = await startRawUpstream(t, (socket, text) => {
    if (text.includes('/never') || text.includes(tokenOf(1))) socket.write(empty)
    else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngo')
  })
  const route = `{ path: /a, upstream: "http://127.0.0.1:${upstream.port}" }`
  const scene = await startOutbound(t, outboundYaml(tokens.url, [route]))
  const socket = net.connect(scene.outbound, '127.0.0.1')
  socket.write('GET /a/x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
  const whole = readAll(socket)
  await scene.logged(({ msg }) => msg === 'token obtained')
  // the answer to the second attempt comes in two pieces: the end of the first attempt does not cut it
  while (upstream.sockets.length < 2) await new Promise((resolve) => setImmediate(resolve))
  await once(socket, 'data')
  upstream.sockets[1]?.write('od')
  t.match(parseAnswer(await whole), { status: 200, body: 'good' })
  t.match(await call(scene, 'GET /a/never'), { status: 401, body: '' })
  t.equal(tokens.seen.length, 2)

  // the answer to HEAD is over while it is held back, until a renewal fails
  const held = await heldRenewal(t)
  const other = await startOutbound(t, outboundYaml(held.tokens.url, [route]))
  const answer = call(other, 'HEAD /a/never')
  await held.asked
  held.answerNow(answers({ error: 'server_error' }, 503))
  t.match(await answer, { status: 401, body: '' })
})

t.test('a 401 that comes before the body is complete is handed back at once', async (t) => {
  const tokens = await startTokens(t)
  const upstream = await startRawUpstream(t, (socket, text) => {
    if (text.endsWith('begin')) socket.write(unauthorized)
    else if (text.includes(tokenOf(2)))
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
  })
  const route = `{ path: /a, upstream: "http://127.0.0.1:${upstream.port}" }`
  const scene = await startOutbound(t, outboundYaml(tokens.url, [route]))
  const early = await call(scene, 'POST /a', ['Content-Length: 1000'], 'begin')
  t.match(early, { status: 401, body: 'no', headers: { connection: 'close' } })
  t.equal(upstream.received.length, 1)
  t.match(await call(scene, 'GET /a'), { status: 200, body: 'ok' })
  t.equal(tokens.seen.length, 2)
})

const unauthorized = `HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: ${challenge}\r\nContent-Length: 2\r\n\r\nno`

/** Holds the answer to the second token request until it is let go. */
async function heldRenewal(t: Test) {
  const tokens = await startTokens(t)
  let answerNow: (play: typeof counted) => void = () => undefined
  const asked = new Promise<void>((resolve) => {
    tokens.play = (response, seen, count) => {
      if (count === 1) {
        counted(response, seen, count)
        return
      }
      answerNow = (play) => {
        play(response, seen, count)
      }
      resolve()
    }
  })
  return { tokens, asked, answerNow: (play: typeof counted) => answerNow(play) }
}

t.test('a connection that is lost while its 401 is held back does not matter', async (t) => {
  for (const isRenewed of [true, false]) {
    const { tokens, asked, answerNow } = await heldRenewal(t)
    const upstream = await startRawUpstream(t, (socket, text) => {
      if (text.includes(tokenOf(1)) && text.endsWith('body'))
        socket.write(unauthorized.slice(0, -1))
      else if (text.endsWith('body')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
    })
    const route = `{ path: /a, upstream: "http://127.0.0.1:${upstream.port}" }`
    const scene = await startOutbound(t, outboundYaml(tokens.url, [route]))
    const answer = call(scene, 'POST /a', ['Content-Length: 4'], 'body')
    await asked
    upstream.sockets[0]?.resetAndDestroy()
    // the reset is there before anything that is sent after it: one turn around loopback
    t.equal((await call(scene, 'GET /nowhere')).status, 404)
    answerNow(isRenewed ? counted : answers({ error: 'server_error' }, 503))
    if (isRenewed) t.match(await answer, { status: 200, body: 'ok' })
    else
      t.match(
        (await answer).text,
        /^HTTP\/1\.1 (?:502 |401 [^]*Content-Length: 2\r\n[^]*\r\n\r\nn$)/,
      )
    t.equal(upstream.received.length, isRenewed ? 2 : 1)
  }
})

t.test('a caller that goes away while its 401 is held back sends nothing more', async (t) => {
  const { tokens, asked, answerNow } = await heldRenewal(t)
  const upstream = await startRawUpstream(t, (socket) => socket.write(unauthorized))
  const route = `{ path: /a, upstream: "http://127.0.0.1:${upstream.port}" }`
  const scene = await startOutbound(t, outboundYaml(tokens.url, [route]))
  const socket = net.connect(scene.outbound, '127.0.0.1')
  socket.write('GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await asked
  socket.destroy()
  t.match(await scene.logged(({ msg }) => msg === 'request'), { status: 499, route: '/a' })
  answerNow(counted)
  const renewed = ({ msg }: Readonly<Record<string, unknown>>): boolean =>
    msg === 'token obtained' && scene.log.filter((line) => line['msg'] === msg).length === 2
  await scene.logged(renewed)
  t.equal((await call(scene, 'GET /nowhere')).status, 404)
  t.equal(upstream.received.length, 1)
})

t.test('a 401 after a stale connection is reconsidered like any other', async (t) => {
  const tokens = await startTokens(t)
  const upstream = await startRawUpstream(t, (socket, text, index) => {
    const isFirst = text.split('\r\n\r\n').length === 2
    if (text.includes(tokenOf(2))) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nnew')
    else if (index > 0) socket.write(unauthorized)
    else if (isFirst) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
    else socket.destroy()
  })
  const route = `{ path: /a, upstream: "http://127.0.0.1:${upstream.port}" }`
  const scene = await startOutbound(t, outboundYaml(tokens.url, [route]))
  t.match(await call(scene, 'GET /a/1'), { status: 200, body: 'ok' })
  t.match(await call(scene, 'GET /a/2'), { status: 200, body: 'new' })
  t.strictSame(
    headsOf(upstream.received).map(({ line }) => line),
    ['GET /1 HTTP/1.1', 'GET /2 HTTP/1.1', 'GET /2 HTTP/1.1', 'GET /2 HTTP/1.1'],
  )
})

t.test('the second attempt never meets a connection that has gone stale', async (t) => {
  const { tokens, asked, answerNow } = await heldRenewal(t)
  let slow: net.Socket | undefined
  const upstream = await startRawUpstream(t, (socket, text, index) => {
    if (text.includes('/slow')) {
      // its connection is idle afterwards, and dies of the next request
      if (slow === undefined) slow = socket
      else socket.destroy()
    } else if (!text.endsWith('body')) return
    else if (text.includes(tokenOf(1))) socket.write(unauthorized)
    else socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n${index}`)
  })
  const route = `{ path: /a, upstream: "http://127.0.0.1:${upstream.port}" }`
  const scene = await startOutbound(t, outboundYaml(tokens.url, [route]))
  const first = call(scene, 'GET /a/slow')
  await new Promise<void>((resolve) => {
    const look = (): void => {
      if (slow === undefined) setImmediate(look)
      else resolve()
    }
    look()
  })
  const post = call(scene, 'POST /a/reject', ['Content-Length: 4'], 'body')
  await asked
  slow?.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
  t.match(await first, { status: 200 })
  answerNow(counted)
  t.match(await post, { status: 200, body: '2' }, 'the third connection')
})
