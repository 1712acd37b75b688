import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import net from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import type { Test } from 'tap'
import { makeCertificates } from '../support/certificates.ts'
import { headsOf, readAll, parseAnswer, startRawUpstream, answerOk } from '../support/wire.ts'
import { call, outboundYaml, startOutbound, startTokens, tokenOf } from './outbound-support.ts'

/** A token endpoint, a raw upstream, and a proxy whose routes lead to it. */
async function setUp(
  t: Test,
  routes: (port: number) => readonly string[],
  more: Parameters<typeof outboundYaml>[2] = {},
) {
  const tokens = await startTokens(t)
  const upstream = await startRawUpstream(t)
  const yaml = outboundYaml(tokens.url, routes(upstream.port), more)
  return { tokens, upstream, yaml, scene: await startOutbound(t, yaml) }
}

const oneRoute = (port: number) => [`{ path: /app-api, upstream: "http://127.0.0.1:${port}/base" }`]

t.test('the upstream sees the rest of the target, its own authority and the token', async (t) => {
  const { upstream, scene } = await setUp(t, oneRoute)
  const answer = await call(scene, 'GET /app-api/a%2Fb;v=1/%E2%82%AC//x?q=../%2e&r=|', [
    'Host: LOCALHOST:1',
    'X-Request-Id: mine',
    'X-Forwarded-For: 192.0.2.1',
    'Proxy-Authorization: Basic aHVzaA==',
    'Proxy-Connection: keep-alive',
    'Keep-Alive: timeout=5',
    'TE: trailers',
    'Connection: X-Nominated, Authorization, Host',
    'X-Nominated: gone',
    'Upgrade: h2c',
    'HTTP2-Settings: AAMAAABkAAQAAP__',
    'Expect: 100-continue',
    'Authorization: Bearer of-the-application',
    'authorization: Basic another',
    'Cookie: a=b',
    'Accept-Encoding: gzip',
  ])
  t.match(answer, { status: 200, body: 'ok' })
  t.strictSame(headsOf(upstream.received), [
    {
      line: 'GET /base/a%2Fb;v=1/%E2%82%AC//x?q=../%2e&r=| HTTP/1.1',
      headers: [
        `Host: 127.0.0.1:${upstream.port}`,
        'X-Request-Id: mine',
        'X-Forwarded-For: 192.0.2.1',
        'Cookie: a=b',
        'Accept-Encoding: gzip',
        `Authorization: Bearer ${tokenOf(1)}`,
      ],
    },
  ])
  const line = await scene.logged(({ msg }) => msg === 'request')
  t.match(line, {
    direction: 'outbound',
    requestId: 'mine',
    path: '/app-api/a%2Fb;v=1/%E2%82%AC//x',
    route: '/app-api',
    status: 200,
    decision: 'allow',
  })
})

t.test('the answer comes back as it is, hop-by-hop headers excepted', async (t) => {
  const tokens = await startTokens(t)
  const reply = [
    'HTTP/1.1 307 Temporary Redirect',
    'Location: https://elsewhere.example/?code=1',
    'Connection: X-Hop, keep-alive',
    'X-Hop: 1',
    'Keep-Alive: timeout=5',
    'Proxy-Authenticate: Basic',
    'Upgrade: h2c',
    'X-Request-Id: of-the-upstream',
    'Set-Cookie: a=1',
    'Set-Cookie: b=2',
    'Content-Length: 4',
  ].join('\r\n')
  const upstream = await startRawUpstream(t, answerOk(`${reply}\r\n\r\nbody`))
  const scene = await startOutbound(t, outboundYaml(tokens.url, oneRoute(upstream.port)))
  const answer = await call(scene, 'GET /app-api/x', ['X-Request-Id: mine'])
  t.equal(answer.status, 307, 'redirects are passed back')
  t.equal(headsOf(upstream.received).length, 1, 'and not followed')
  t.equal(answer.body, 'body')
  const { date, ...headers } = answer.headers
  t.strictSame(headers, {
    location: 'https://elsewhere.example/?code=1',
    'x-request-id': 'of-the-upstream',
    'set-cookie': 'a=1\nb=2',
    'content-length': '4',
    connection: 'close',
  })
  t.type(date, 'string')
})

t.test('Authorization of the application: replaced, kept or refused', async (t) => {
  const { upstream, tokens, scene } = await setUp(t, (port) =>
    ['replace', 'keep', 'refuse'].map(
      (how) => `{ path: /${how}, upstream: "http://127.0.0.1:${port}", onAuthorization: ${how} }`,
    ),
  )
  const own = ['Authorization: Basic b3du']
  const refused = await call(scene, 'GET /refuse', own)
  t.match(refused, { status: 403, body: /"code":"authorization_refused"/ })
  t.equal(upstream.received.length, 0)
  t.equal((await call(scene, 'GET /keep', own)).status, 200)
  t.equal(tokens.seen.length, 0, 'none of these needs a token')
  t.equal((await call(scene, 'GET /replace', own)).status, 200)
  t.equal((await call(scene, 'GET /keep')).status, 200)
  t.equal((await call(scene, 'GET /refuse')).status, 200)
  t.strictSame(
    headsOf(upstream.received).map(({ headers }) =>
      headers.filter((line) => /^authorization:/i.test(line)),
    ),
    [
      ['Authorization: Basic b3du'],
      [`Authorization: Bearer ${tokenOf(1)}`],
      [`Authorization: Bearer ${tokenOf(1)}`],
      [`Authorization: Bearer ${tokenOf(1)}`],
    ],
  )
})

t.test('a kept Authorization that the upstream rejects renews nothing', async (t) => {
  const tokens = await startTokens(t)
  const reply =
    'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer error="invalid_token"\r\nContent-Length: 2\r\n\r\nno'
  const upstream = await startRawUpstream(t, answerOk(reply))
  const route = `{ path: /k, upstream: "http://127.0.0.1:${upstream.port}", onAuthorization: keep, renewOn401: always }`
  const scene = await startOutbound(t, outboundYaml(tokens.url, [route]))
  const answer = await call(scene, 'GET /k', ['Authorization: Bearer own'])
  t.match(answer, { status: 401, body: 'no' })
  t.equal(headsOf(upstream.received).length, 1)
  t.equal(tokens.seen.length, 0)
})

t.test('what is refused costs no token and reaches no upstream', async (t) => {
  const { upstream, tokens, scene } = await setUp(
    t,
    (port) => [
      ...oneRoute(port),
      `{ host: billing.internal, upstream: "http://127.0.0.1:${port}" }`,
    ],
    { outbound: '  listen: 127.0.0.1:0\n  requireHeader: X-Scopegate\n' },
  )
  const key = 'X-Scopegate: 1'
  for (const [start, headers, status, code] of [
    ['GET /app-api/x', [], 403, 'header_required'],
    ['GET /app-api/x', ['X_Scopegate: 1'], 403, 'header_required'],
    ['GET /app-api/x', [key, 'Origin: null'], 403, 'browser_refused'],
    ['GET /app-api/x', [key, 'Origin: http://localhost'], 403, 'browser_refused'],
    ['GET /app-api/x', [key, 'Sec-Fetch-Site: same-origin'], 403, 'browser_refused'],
    [
      'GET /app-api/x',
      [key, 'Sec-Fetch-Site: none', 'Sec-Fetch-Site: cross-site'],
      403,
      'browser_refused',
    ],
    ['GET /nowhere', [key], 404, 'unknown_upstream'],
    ['GET /app-api/x', [key, 'Host: rebound.example'], 404, 'unknown_upstream'],
    ['GET http://other.example/app-api/x', [key], 404, 'unknown_upstream'],
    ['GET http://user:hush-token-number-x@billing.internal/x?q', [key], 404, 'unknown_upstream'],
    ['GET http://user:hush-token-number-x?@billing.internal/x', [key], 404, 'unknown_upstream'],
    ['GET https://billing.internal/x', [key], 404, 'unknown_upstream'],
    ['OPTIONS *', [key], 404, 'unknown_upstream'],
    ['GET /app-api/%2e%2E/x', [key], 400, 'invalid_path'],
    ['GET /app-api/a%5cb', [key], 400, 'invalid_path'],
    ['GET http://billing.internal/a/../b', [key], 400, 'invalid_path'],
    ['GET /app-api/x', [key, 'Host: a', 'Host: b'], 400, 'invalid_request'],
    ['TRACE /app-api/x', [key], 405, 'method_refused'],
    ['CONNECT billing.internal:443', [key], 405, 'method_refused'],
  ] as const) {
    const answer = await call(scene, start, headers)
    t.match(answer, { status, headers: { 'content-type': 'application/problem+json' } }, start)
    const problem = JSON.parse(answer.body) as { code: string; requestId: string; detail: string }
    t.equal(problem.code, code, start)
    t.equal(problem.requestId, answer.headers['x-request-id'])
    t.equal(answer.headers['www-authenticate'], undefined)
    if (status === 405) {
      t.match(answer.headers['allow'], 'GET, HEAD, POST')
      t.match(problem.detail, 'no tunnels')
    }
  }
  t.equal(tokens.seen.length, 0)
  t.equal(upstream.received.length, 0)
  t.equal(
    (await call(scene, 'GET /app-api/x', ['x-scopegate: 1', 'Sec-Fetch-Site: none'])).status,
    200,
  )
  t.notMatch(upstream.received.join(), /scopegate/i, 'the required header goes no further')
  t.strictSame(
    [...new Set(scene.log.filter(({ msg }) => msg === 'request').map(({ path }) => path))],
    [
      '/app-api/x',
      '/nowhere',
      'http://other.example/app-api/x',
      'http:///x',
      'http://',
      'https://billing.internal/x',
      '*',
      '/app-api/%2e%2E/x',
      '/app-api/a%5cb',
      'http://billing.internal/a/../b',
    ],
    'paths without query and userinfo',
  )
})

t.test('browsers are served where the configuration says so', async (t) => {
  const { scene } = await setUp(t, oneRoute, {
    outbound: '  listen: 127.0.0.1:0\n  allowBrowsers: true\n',
  })
  const headers = ['Origin: http://localhost', 'Sec-Fetch-Site: cross-site']
  t.equal((await call(scene, 'GET /app-api/x', headers)).status, 200)
})

t.test('as HTTP proxy: absolute form by node:http and by curl, and Host alone', async (t) => {
  const { upstream, scene } = await setUp(t, (port) => [
    `{ host: billing.internal, upstream: "http://127.0.0.1:${port}/v1" }`,
  ])
  const req = http.get({
    host: '127.0.0.1',
    port: scene.outbound,
    path: 'http://Billing.Internal:80/a?b=c',
    headers: { host: 'billing.internal' },
    agent: false,
  })
  const [res] = (await once(req, 'response')) as [http.IncomingMessage]
  t.equal(res.statusCode, 200)
  res.resume()
  await once(res, 'end')
  t.equal((await call(scene, 'GET /by-host', ['Host: billing.internal'])).status, 200)
  // curl is what people try first; where it is not installed node:http stands for it
  const curl = await promisify(execFile)('curl', [
    ...['-sS', '--noproxy', '', '-x', `http://127.0.0.1:${scene.outbound}`],
    'http://billing.internal/by-curl?x=1',
  ]).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { stdout: 'ok' }
    throw error
  })
  t.equal(curl.stdout, 'ok')
  const [first, second, ...third] = headsOf(upstream.received)
  t.equal(first?.line, 'GET /v1/a?b=c HTTP/1.1')
  t.equal(second?.line, 'GET /v1/by-host HTTP/1.1')
  for (const { line } of third) t.equal(line, 'GET /v1/by-curl?x=1 HTTP/1.1')
  for (const { headers } of headsOf(upstream.received)) {
    t.ok(headers.includes(`Host: 127.0.0.1:${upstream.port}`))
    t.ok(headers.includes(`Authorization: Bearer ${tokenOf(1)}`))
    t.notOk(headers.some((line) => /^(proxy-|via|forwarded|x-forwarded)/i.test(line)))
  }
})

t.test('an upgrade is not offered: a WebSocket handshake is a plain request', async (t) => {
  const { upstream, scene } = await setUp(t, oneRoute)
  const handshake = ['Upgrade: websocket', 'Sec-WebSocket-Key: x', 'Sec-WebSocket-Version: 13']
  const socket = net.connect(scene.outbound, '127.0.0.1')
  socket.write(
    [
      'GET /app-api/ws HTTP/1.1',
      'Host: localhost',
      'Connection: Upgrade, close',
      ...handshake,
      '',
      '',
    ].join('\r\n'),
  )
  t.match(parseAnswer(await readAll(socket)), { status: 200, body: 'ok' })
  const posted = await call(
    scene,
    'POST /app-api/h2c',
    ['Upgrade: h2c', 'Content-Length: 4'],
    'body',
  )
  t.equal(posted.status, 200)
  t.notMatch(upstream.received.join(), /upgrade/i)
  t.match(upstream.received.join(), 'POST /base/h2c HTTP/1.1')
})

t.test('a request by http goes on by https, and only to who proves its name', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'scopegate-'))
  t.teardown(() => {
    rmSync(folder, { recursive: true })
  })
  const { ca, cert, key, selfSigned } = makeCertificates()
  const ca_file = join(folder, 'ca.pem')
  writeFileSync(ca_file, ca)
  const serve = async (options: https.ServerOptions) => {
    const seen: http.IncomingHttpHeaders[] = []
    const server = https.createServer(options, (req, res) => {
      seen.push(req.headers)
      res.end('secure')
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.teardown(() => {
      server.closeAllConnections()
      server.close()
    })
    return { seen, port: (server.address() as AddressInfo).port }
  }
  const good = await serve({ cert, key })
  const bad = await serve(selfSigned)
  const tokens = await startTokens(t)
  const scene = await startOutbound(
    t,
    outboundYaml(tokens.url, [
      `{ host: good.internal, upstream: { url: "https://localhost:${good.port}", tls: { ca: "${ca_file}" } } }`,
      `{ host: bad.internal, upstream: { url: "https://localhost:${bad.port}", tls: { ca: "${ca_file}" } } }`,
      `{ host: unknown.internal, upstream: "https://localhost:${good.port}" }`,
      `{ host: name.internal, upstream: { url: "https://localhost:${good.port}", tls: { ca: "${ca_file}", serverName: other.example } } }`,
    ]),
  )
  t.match(await call(scene, 'GET http://good.internal/x'), { status: 200, body: 'secure' })
  t.match(good.seen, [{ host: `localhost:${good.port}`, authorization: `Bearer ${tokenOf(1)}` }])
  for (const host of ['bad', 'unknown', 'name']) {
    const answer = await call(scene, `GET http://${host}.internal/x`)
    t.match(answer, { status: 502, body: /"code":"upstream_unreachable"/ }, host)
    t.notMatch(
      answer.text,
      /localhost|127\.0\.0\.1|CERT|SELF_SIGNED/i,
      'says nothing of the inside',
    )
    const line = await scene.logged(({ route }) => route === `${host}.internal`)
    t.match(line, { status: 502, upstreamError: /CERT|ERR_TLS|UNABLE/ }, 'the operator learns why')
  }
  t.equal(good.seen.length, 1)
  t.equal(bad.seen.length, 0)
})

t.test(
  'a Unix socket serves path routes whatever Host, with the mode that is configured',
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'scopegate-'))
    t.teardown(() => {
      rmSync(folder, { recursive: true })
    })
    const path = join(folder, 'out.sock')
    await leaveStaleSocket(path)
    const { upstream, scene } = await setUp(t, oneRoute, {
      outbound: `  listen: { socket: "${path}", mode: '0620' }\n`,
    })
    t.equal(statSync(path).mode & 0o777, 0o620)
    const socket = net.connect(path)
    socket.write('GET /app-api/x HTTP/1.1\r\nHost: rebound.example\r\nConnection: close\r\n\r\n')
    const answer = parseAnswer(await readAll(socket))
    scene.leaks.saw(answer.text)
    t.match(answer, { status: 200, body: 'ok' })
    t.match(headsOf(upstream.received), [{ line: 'GET /base/x HTTP/1.1' }])
  },
)

/** What a process leaves behind that was killed: a socket file on which nobody listens. */
async function leaveStaleSocket(path: string): Promise<void> {
  const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`
  await promisify(execFile)(process.execPath, ['-e', script]).catch(() => undefined)
  if (!statSync(path).isSocket()) throw new Error('no socket was left')
}

t.test('allowRemoteClients: path routes whatever Host', async (t) => {
  const { scene } = await setUp(t, oneRoute, {
    outbound: '  listen: 0.0.0.0:0\n  allowRemoteClients: true\n',
  })
  t.equal((await call(scene, 'GET /app-api/x', ['Host: sidecar.example:8081'])).status, 200)
})
