/** WebSockets: judged like any request, tunnelled, and closed when they would be refused (SPEC 3). */
import { hash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import t, { type Test } from 'tap'
import WebSocket, { WebSocketServer } from 'ws'
import { jwksOf, makeKey } from '../support/issuer.ts'
import { startRawUpstream } from '../support/wire.ts'
import { startInbound } from './support.ts'

const routes = `  routes:
    - { path: /events, methods: [GET], scopes: api/read, websocket: true }
    - { path: /forever, methods: [GET], scopes: api/read, websocket: { outliveToken: true } }
    - { path: /plain, methods: [GET], scopes: api/read }
`

/** A real server that echoes, and notes the handshakes it saw. */
async function startEcho(t: Test) {
  const handshakes: IncomingMessage[] = []
  const server = createServer()
  const sockets = new WebSocketServer({ server, handleProtocols: (offered) => [...offered][0]! })
  sockets.on('connection', (socket, request) => {
    handshakes.push(request)
    socket.on('message', (data, isBinary) => {
      socket.send(data, { binary: isBinary })
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    for (const socket of sockets.clients) socket.terminate()
    server.close()
  })
  return { handshakes, sockets, port: (server.address() as AddressInfo).port }
}

function open(port: number, path: string, token: string | undefined, protocols: string[] = []) {
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, protocols, {
    headers: {
      ...authorization,
      'x-auth-subject': 'spoofed',
      cookie: 'a=1',
      x_auth_scope: 'all',
      'x-twice': ['1', '2', '3'],
    },
  })
  socket.on('error', () => undefined)
  return socket
}

const closing = async (socket: WebSocket) => (await once(socket, 'close')) as [number, Buffer]

async function refusal(socket: WebSocket) {
  const [, response] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage]
  let body = ''
  for await (const piece of response) body += String(piece)
  return { status: response.statusCode, headers: response.headers, body }
}

t.test('text, binary data, subprotocol and identity reach the upstream', async (t) => {
  const echo = await startEcho(t)
  const scene = await startInbound(t, echo.port, routes)
  const token = await scene.token()
  const socket = open(scene.inbound, '/events?room=1&access_token=secret-query', token, [
    'chat.v2',
    'x',
  ])
  scene.leaks.forbid('secret-query')
  await once(socket, 'open')
  t.equal(socket.protocol, 'chat.v2')
  for (const [data, isBinary] of [
    ['hello', false],
    [Buffer.from([0, 255, 1, 128]), true],
    [Buffer.alloc(1_000_000, 'x'), true],
  ] as const) {
    socket.send(data)
    const [back, wasBinary] = (await once(socket, 'message')) as [Buffer, boolean]
    t.ok(Buffer.from(data).equals(back))
    t.equal(wasBinary, isBinary)
  }
  const [seen] = echo.handshakes
  t.equal(seen!.url, '/events?room=1&access_token=secret-query')
  t.equal(seen!.headers['sec-websocket-protocol'], 'chat.v2')
  t.match(seen!.headers, {
    'x-auth-client-id': 'caller',
    'x-auth-subject': 'subject',
    cookie: 'a=1',
    'x-forwarded-for': '127.0.0.1',
    host: `127.0.0.1:${scene.inbound}`,
  })
  t.equal(seen!.headers.authorization, undefined)
  t.equal(seen!.headers['x_auth_scope'], undefined)
  t.equal(seen!.headers['x-twice'], '1, 2, 3', 'none of several is lost')
  socket.close(4001, 'bye')
  await closing(socket)
  t.match(await scene.logged((line) => line['path'] === '/events'), {
    status: 101,
    decision: 'allow',
    clientId: 'caller',
  })
})

t.test('close codes cross in both directions', async (t) => {
  const echo = await startEcho(t)
  const scene = await startInbound(t, echo.port, routes)
  const socket = open(scene.inbound, '/events', await scene.token())
  await once(socket, 'open')
  socket.send('x')
  await once(socket, 'message')
  const [above] = echo.sockets.clients
  above!.close(4002, 'done')
  const [code, reason] = await closing(socket)
  t.equal(code, 4002)
  t.equal(reason.toString(), 'done')
})

t.test('a handshake is refused before it is one: 401, 403, 400, 405', async (t) => {
  const echo = await startEcho(t)
  const scene = await startInbound(t, echo.port, routes)
  const token = await scene.token()
  for (const [path, presented, status, code] of [
    ['/events', undefined, 401, 'missing_token'],
    ['/plain', undefined, 401, 'missing_token'],
    ['/none', undefined, 401, 'missing_token'],
    ['/events', 'garbage', 401, 'invalid_token'],
    ['/events', await scene.token({ scope: 'other' }), 403, 'insufficient_scope'],
    ['/plain', token, 403, 'upgrade_not_allowed'],
    ['/none', token, 403, 'no_route'],
    ['/events%2f', token, 400, 'invalid_path'],
  ] as const) {
    const answer = await refusal(open(scene.inbound, path, presented))
    scene.leaks.saw(answer.body)
    t.equal(answer.status, status, path)
    t.match(JSON.parse(answer.body), { code })
    t.equal(
      answer.headers['www-authenticate'] !== undefined,
      code !== 'upgrade_not_allowed' && status !== 400,
    )
  }
  t.equal(echo.handshakes.length, 0)
})

t.test('a target that a URL parser would change is refused', async (t) => {
  const echo = await startEcho(t)
  const scene = await startInbound(t, echo.port, `${routes}  mode: report\n`)
  const token = await scene.token()
  const upgrade = `Host: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer ${token}\r\n\r\n`
  for (const target of [
    '/a/../events',
    '//other/events',
    'http://other/events',
    '/events#x',
    '/events\\x',
    '/%2e/events',
  ]) {
    const answer = await scene.send(`GET ${target} HTTP/1.1\r\n${upgrade}`)
    t.equal(answer.status, 400, target)
  }
  t.equal(echo.handshakes.length, 0)
})

t.test('it is closed when its token expires, unless the route lets it outlive that', async (t) => {
  const echo = await startEcho(t)
  const scene = await startInbound(t, echo.port, routes)
  const soon = { exp: Math.floor(Date.now() / 1000) + 4 }
  // nothing is awaited between: one could be open before somebody listens
  const [one, another] = [await scene.token(soon), await scene.token(soon)]
  const mortal = open(scene.inbound, '/events', one)
  const immortal = open(scene.inbound, '/forever', another)
  // on a busy machine it may be over before the other one is open
  const ended = closing(mortal)
  await Promise.all([once(mortal, 'open'), once(immortal, 'open')])
  const [code] = await ended
  t.equal(code, 1008)
  immortal.send('still here')
  t.equal(String((await once(immortal, 'message'))[0]), 'still here')
  immortal.terminate()
})

t.test('it is closed by a reload that would refuse it, and by no other', async (t) => {
  const echo = await startEcho(t)
  const scene = await startInbound(t, echo.port, routes)
  const [one, another] = [await scene.token(), await scene.token()]
  const socket = open(scene.inbound, '/events', one)
  const other = open(scene.inbound, '/forever', another)
  await Promise.all([once(socket, 'open'), once(other, 'open')])
  t.equal(scene.reload(scene.yaml(`${routes}  realm: other\n`)).ok, true)
  socket.send('still here')
  t.equal(String((await once(socket, 'message'))[0]), 'still here')
  const narrower = routes.replace(
    '/events, methods: [GET], scopes: api/read',
    '/events, methods: [GET], scopes: api/write',
  )
  t.equal(scene.reload(scene.yaml(narrower)).ok, true)
  t.equal((await closing(socket))[0], 1008)
  other.send('still here')
  t.equal(String((await once(other, 'message'))[0]), 'still here')
  const without = narrower.replace(', websocket: { outliveToken: true }', '')
  t.equal(scene.reload(scene.yaml(without)).ok, true)
  t.equal((await closing(other))[0], 1008)
})

t.test('it is closed when the key of its token is withdrawn', async (t) => {
  const echo = await startEcho(t)
  let keys = ''
  const issuer = createServer((_request, response) => response.end(keys))
  issuer.listen(0, '127.0.0.1')
  await once(issuer, 'listening')
  t.teardown(() => issuer.close())
  const address = issuer.address() as AddressInfo
  const scene = await startInbound(t, echo.port, routes)
  keys = jwksOf(scene.key)
  const remote = scene
    .yaml()
    .replace(
      /jwks: \{.*?\}/,
      `jwksUri: 'http://127.0.0.1:${address.port}/', jwksMaxAge: 1s, jwksCooldown: 1s`,
    )
  t.equal(scene.reload(remote).ok, true)
  const socket = open(scene.inbound, '/events', await scene.token())
  await once(socket, 'open')
  keys = jwksOf(makeKey('other'))
  t.equal((await closing(socket))[0], 1008)
})

t.test('an upstream that cannot be reached closes it, and says nothing of itself', async (t) => {
  const scene = await startInbound(t, 1, routes)
  const socket = open(scene.inbound, '/events', await scene.token())
  const [code, reason] = await closing(socket)
  t.notMatch(reason.toString(), /127\.0\.0\.1|ECONN|:1\b/)
  t.equal(code, 1011)
})

t.test(
  'an upstream that refuses the handshake closes it, and its answer stays inside',
  async (t) => {
    const upstream = await startRawUpstream(t, (socket) =>
      socket.end('HTTP/1.1 500 Internal\r\nContent-Length: 6\r\n\r\nsecret'),
    )
    const scene = await startInbound(t, upstream.port, routes)
    const socket = open(scene.inbound, '/events', await scene.token())
    const [, reason] = await closing(socket)
    t.notMatch(reason.toString(), /secret|500/)
  },
)

t.test('it is closed as going away when shutdown.timeout is over', async (t) => {
  const echo = await startEcho(t)
  const scene = await startInbound(t, echo.port, routes, { keepRunning: true })
  t.equal(scene.reload(`${scene.yaml()}shutdown: { timeout: 100ms }\n`).ok, true)
  const socket = open(scene.inbound, '/events', await scene.token())
  await once(socket, 'open')
  const stopped = scene.proxy.stop()
  t.equal((await closing(socket))[0], 1001)
  await stopped
})

const piece = Buffer.alloc(256 * 1024, 'x')
const pieces = 400

/** What `sender` got rid of of 100 MiB, one piece after the other, once no more goes out. */
async function floodUntilStuck(sender: WebSocket) {
  let sent = 0
  const next = (error?: Error | null) => {
    if (error || sent === pieces) return
    sender.send(piece, (failure) => {
      if (!failure) sent += 1
      next(failure)
    })
  }
  next()
  let before = -1
  let same = 0
  while (sent < pieces && same < 20) {
    same = sent === before ? same + 1 : 0
    before = sent
    await wait(50)
  }
  return sent * piece.length
}

/** Whether `reader` gets everything as it was; false when it is closed before. */
function readAllPieces(reader: WebSocket) {
  return new Promise<boolean>((resolve) => {
    let count = 0
    let isWhole = true
    reader.on('message', (data: Buffer) => {
      isWhole &&= data.equals(piece)
      if (++count === pieces) resolve(isWhole)
    })
    reader.once('close', () => {
      resolve(false)
    })
  })
}

const connection = async (sockets: WebSocketServer) =>
  ((await once(sockets, 'connection')) as [WebSocket])[0]

async function joined(t: Test, settings = '') {
  const upstream = await startEcho(t)
  upstream.sockets.removeAllListeners('connection')
  const scene = await startInbound(
    t,
    `{ url: 'http://127.0.0.1:${upstream.port}'${settings} }`,
    routes,
  )
  const arrival = connection(upstream.sockets)
  const caller = open(scene.inbound, '/events', await scene.token())
  const [above] = await Promise.all([arrival, once(caller, 'open')])
  return { caller, above, scene }
}

for (const [name, direction] of [
  ['the caller', (caller: WebSocket, above: WebSocket) => [caller, above]],
  ['the upstream', (caller: WebSocket, above: WebSocket) => [above, caller]],
] as const)
  t.test(`${name} is slowed down by a reader that pauses, and nothing is lost`, async (t) => {
    const { caller, above } = await joined(t)
    const [sender, reader] = direction(caller, above) as [WebSocket, WebSocket]
    reader.pause()
    const isWhole = readAllPieces(reader)
    const gone = await floodUntilStuck(sender)
    t.ok(gone < 40 * 1024 * 1024, `${gone} bytes went out`)
    reader.resume()
    t.equal(await isWhole, true)
    caller.terminate()
  })

t.test('a reader that takes nothing for bodyTimeout ends both', async (t) => {
  const { caller, above } = await joined(t, ', bodyTimeout: 200ms')
  above.pause()
  const ended = closing(caller)
  const endedAbove = closing(above)
  for (let i = 0; i < pieces; i += 1) caller.send(piece)
  t.equal((await ended)[0], 1006)
  above.resume()
  await endedAbove
})

t.test('a caller that goes away while it is slowed down is forgotten above', async (t) => {
  const { caller, above, scene } = await joined(t)
  caller.pause()
  await floodUntilStuck(above)
  const ended = closing(above)
  t.equal(scene.reload(scene.yaml(routes.replace('/events', '/other'))).ok, true)
  await ended
  caller.terminate()
})

t.test('a message that is too long closes it', async (t) => {
  const { caller, above } = await joined(t)
  const ended = closing(caller)
  above.on('message', () => {
    t.fail('it arrived')
  })
  caller.send(Buffer.alloc(16 * 1024 * 1024 + 1))
  t.equal((await ended)[0], 1009)
})

t.test(
  'nothing is read before the upstream is there, and its late answer is dropped',
  async (t) => {
    const dialled: Socket[] = []
    const upstream = await startRawUpstream(t, (socket) => dialled.push(socket))
    const scene = await startInbound(t, upstream.port, routes)
    const socket = open(scene.inbound, '/events', await scene.token())
    await once(socket, 'open')
    const gone = await floodUntilStuck(socket)
    t.ok(gone < 40 * 1024 * 1024, `${gone} bytes went out`)
    const ended = closing(socket)
    const left = once(dialled[0]!, 'close')
    t.equal(scene.reload(scene.yaml(routes.replace('/events', '/other'))).ok, true)
    await ended
    const key = /sec-websocket-key: (\S+)/i.exec(upstream.received.join(''))![1]!
    const accept = hash('sha1', `${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`, 'base64')
    dialled[0]!.write(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    )
    await left
  },
)

t.test('a handshake that is not valid is answered 400, before anything is accepted', async (t) => {
  const echo = await startEcho(t)
  const scene = await startInbound(t, echo.port, routes)
  const token = await scene.token()
  const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='
  const version = 'Sec-WebSocket-Version: 13'
  const send = (lines: readonly string[]) =>
    scene.send(
      ['GET /events HTTP/1.1', 'Host: a', 'Connection: upgrade', 'Upgrade: websocket']
        .concat(lines, `Authorization: Bearer ${token}`, '', '')
        .join('\r\n'),
    )
  for (const lines of [
    [version],
    [key],
    [key, key, version],
    ['Sec-WebSocket-Key: short', version],
    ['Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZTEy', version],
    [key, version, version],
    [key, 'Sec-WebSocket-Version: 8'],
    [key, 'Sec-WebSocket-Version: 013'],
    [key, version, 'Sec-WebSocket-Protocol: a, a'],
    [key, version, 'Sec-WebSocket-Protocol: a,, b'],
    [key, version, 'Sec-WebSocket-Protocol:'],
    [key, version, 'Sec-WebSocket-Protocol: a', 'Sec-WebSocket-Protocol: a'],
    [key, version, 'Sec-WebSocket-Protocol: a b'],
  ]) {
    const answer = await send(lines)
    t.equal(answer.status, 400, lines.join())
    t.match(answer.text, /application\/problem\+json/)
    t.match(answer.text, /invalid_request/)
  }
  t.match(await scene.logged((line) => line['path'] === '/events'), { status: 400 })
  t.equal(echo.handshakes.length, 0)
})

t.test('after a reload new handshakes go to the new upstream', async (t) => {
  const [first, second] = [await startEcho(t), await startEcho(t)]
  const scene = await startInbound(t, first.port, routes)
  const old = open(scene.inbound, '/events', await scene.token())
  await once(old, 'open')
  t.equal(scene.reload(scene.yaml().replace(`:${first.port}`, `:${second.port}`)).ok, true)
  const young = open(scene.inbound, '/events', await scene.token())
  await once(young, 'open')
  for (const socket of [old, young]) {
    socket.send('x')
    await once(socket, 'message')
    socket.terminate()
  }
  t.equal(first.handshakes.length, 1)
  t.equal(second.handshakes.length, 1)
})

for (const offer of ['h2c', 'websocket, h2c', 'TLS/1.0'])
  t.test(`an offer of ${offer} is ignored: the request and its body are served`, async (t) => {
    const upstream = await startRawUpstream(t, (socket, text) => {
      if (text.endsWith('hello')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
    })
    const scene = await startInbound(t, upstream.port)
    const request = (path: string) =>
      `POST ${path} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: ${offer}\r\nHTTP2-Settings: AAMAAABk\r\nContent-Length: 5\r\n\r\nhello`
    const last = `POST /open/1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello`
    t.equal((await scene.send(request('/read/1'))).status, 401)
    const { text } = await scene.send(request('/open/1') + last)
    t.equal(text.match(/HTTP\/1.1 200 OK/g)?.length, 2)
    t.notMatch(upstream.received.join(), /upgrade|http2-settings/i)
  })
