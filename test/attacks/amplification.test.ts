/**
 * No request costs the command more than 100 times what a plain one does, nor memory 100 times its size (Envoy's
 * rule for a security bug; R20, R22, R27). The known worst cases: many small headers, names in `Connection`, targets
 * full of escapes, deep claims, tokens of 12 KB, many small chunks (CVE-2024-22019 were their extensions), requests
 * sent ahead, routes that all nearly match, WebSocket messages in many pieces (CVE-2026-1528, CVE-2026-2229 in undici's
 * own client).
 */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import WebSocket, { WebSocketServer } from 'ws'
import { buildCommand, folderWith, type Served, startCommand } from '../support/command.ts'
import { jwksOf, makeKey, mint, mintRaw, type SigningKey } from '../support/issuer.ts'
import { answerOk, exchangeRaw, startRawUpstream } from '../support/wire.ts'
import { closed, dial, eventually, startInbound } from '../wire/support.ts'

const key = makeKey('k1')
const now = Math.floor(Date.now() / 1000)
const claims = { iss: 'https://issuer.example', iat: now, exp: now + 3600, scope: 'api/read' }

/** Eight levels, at each of which a literal and a name match: all 511 of their nodes are looked at. */
const nearly = Array.from({ length: 256 }, (_, i) => {
  const bits = i.toString(2).padStart(8, '0').split('')
  const path = bits.map((bit, at) => (bit === '0' ? 'a' : `{p${at}}`))
  return `    - { path: "/nearly/${path.join('/')}/end", methods: [GET], scopes: api/read }\n`
}).join('')

const yaml = (upstream: number, folder: string): string => `version: 1
issuers:
  main: { issuer: '${claims.iss}', audience: any, algorithms: [ES256], jwks: { file: ${folder}/keys.json } }
inbound:
  listen: 127.0.0.1:0
  upstream: { url: 'http://127.0.0.1:${upstream}', headersTimeout: 30s }
  paths: { semicolons: allow, emptySegments: allow, encodedSlashes: allow }
  identityHeaders: { x-auth-subject: sub, x-auth-list: list }
  routes:
    - { path: /open/**, methods: [GET, POST], public: true }
    - { path: /read/**, methods: [GET], scopes: api/read }
    - { path: /ws, methods: [GET], public: true, websocket: true }
${nearly}admin: { listen: 127.0.0.1:0 }
log: { sampleAllowed: 0 }
`

/** Milliseconds of CPU that the process had so far: utime and stime of proc(5), in ticks of 10 ms. */
function cpuOf({ child }: Served): number {
  const stat = readFileSync(`/proc/${String(child.pid)}/stat`, 'utf8')
    .split(') ')[1]!
    .split(' ')
  return (Number(stat[11]) + Number(stat[12])) * 10
}

const folder = folderWith(t, { 'keys.json': jwksOf(key) })
const built = buildCommand(t)
const upstream = await startRawUpstream(t, (socket, text) => {
  if (text.includes('/open/hang')) socket.pause()
  else if (/\r\n\r\n$|0\r\n\r\n$/.test(text)) ok(socket, text)
})
const ok = answerOk()
const served = await startCommand(t, built, yaml(upstream.port, folder))

const request = (target: string, more = ''): string =>
  `GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${more}\r\n`
const bearer = (token: string): string => `Authorization: Bearer ${token}\r\n`

async function costOf(
  text: string,
  repetitions: number,
): Promise<{ each: number; status: number }> {
  let status = 0
  const before = cpuOf(served)
  for (let i = 0; i < repetitions; i += 1) status = (await exchangeRaw(served.inbound, text)).status
  return { each: (cpuOf(served) - before) / repetitions, status }
}

t.test('no single request costs 100 times what a plain one does', async (t) => {
  const deep = (by: SigningKey): string => {
    const header = JSON.stringify({ alg: 'ES256', kid: by.kid })
    const list = `${'['.repeat(4300)}${']'.repeat(4300)}`
    return mintRaw(by, header, JSON.stringify(claims).replace('}', `,"list":${list}}`))
  }
  const names = Array.from({ length: 2500 }, (_, i) => `x${i}`).join(',')
  const chunks = '1\r\na\r\n'.repeat(2500)
  const worst: readonly (readonly [string, string, readonly number[]])[] = [
    ['4,000 headers', request('/open/1', 'a:\r\n'.repeat(3900)), [431]],
    ['190 headers', request('/open/1', 'abc: d\r\n'.repeat(190)), [200]],
    ['names in Connection', request('/open/1', `Connection: ${names}\r\n`), [200]],
    ['escaped slashes', request(`/open/${'%2f;'.repeat(2000)}`), [200, 400]],
    ['escaped letters', request(`/open/${'%c3%9f'.repeat(1300)}`), [200]],
    ['many segments', request(`/open${'/a'.repeat(4000)}`), [200]],
    ['parameters', request(`/open${'/a;b'.repeat(2000)}`), [200, 400]],
    ['an absolute target', request(`http://${'a@'.repeat(3900)}/`), [400]],
    ['nearly a route', request(`/nearly${'/a'.repeat(8)}/none`), [401]],
    [
      'nearly a long route',
      request(`/nearly${'/a'.repeat(8)}/${'n'.repeat(8000)}`, bearer(await mint(key, claims))),
      [403],
    ],
    ['a token of nothing', request('/read/1', bearer('a.'.repeat(6000))), [401]],
    ['a deep token', request('/read/1', bearer(deep(key))), [403]],
    ['a deep token of somebody', request('/read/1', bearer(deep(makeKey('k1')))), [401]],
    [
      'small chunks',
      request('/open/1', 'Transfer-Encoding: chunked\r\n').replace('GET', 'POST') +
        `${chunks}0\r\n\r\n`,
      [200],
    ],
    [
      'chunk extensions',
      request('/open/1', 'Transfer-Encoding: chunked\r\n').replace('GET', 'POST') +
        `1;${'a=b;'.repeat(20_000)}\r\na\r\n0\r\n\r\n`,
      [400],
    ],
  ]
  // once all that is compiled, a plain request is as cheap as it gets
  await costOf(request('/open/1'), 200)
  const plain = (await costOf(request('/open/1'), 300)).each
  for (const [what, text, statuses] of worst) {
    const { each, status } = await costOf(text, 10)
    t.ok(statuses.includes(status), `${what}: ${status}`)
    t.ok(each < 100 * plain, `${what}: ${(each / plain).toFixed(1)} times`)
  }
})

t.test(
  'requests that are sent ahead take little memory, and too many end the connection',
  async (t) => {
    const one = 'GET /open/hang HTTP/1.1\r\nHost: a\r\n\r\n'
    const before = served.resident()
    for (let i = 0; i < 100; i += 1) {
      const socket = dial(served.inbound)
      socket.write(one.repeat(1500))
      await closed(socket.resume())
    }
    t.ok(served.resident() - before < 100 * 1024, `${served.resident() - before} KiB more`)
  },
)

t.test('small chunks to an upstream that stops take less than 100 times their size', async (t) => {
  const before = served.resident()
  const text =
    request('/open/hang', 'Transfer-Encoding: chunked\r\n').replace('GET', 'POST') +
    '1\r\na\r\n'.repeat(100_000)
  const count = 20
  const sockets = Array.from({ length: count }, () => {
    const socket = dial(served.inbound)
    socket.write(text)
    return socket
  })
  const taken = (): number =>
    sockets.reduce((sum, one) => sum + one.bytesWritten - one.writableLength, 0)
  let last = -1
  let looks = 0
  await eventually(() => {
    looks = taken() === last ? looks + 1 : 0
    last = taken()
    return looks === 50
  })
  const grown = served.resident() - before
  t.ok(grown * 1024 < 100 * last, `${grown} KiB for ${last} bytes`)
  for (const socket of sockets) socket.destroy()
})

t.test('a WebSocket message in very many pieces closes it (1008)', async (t) => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  t.teardown(() => {
    server.close()
  })
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const scene = await startInbound(
    t,
    port,
    '  routes: [{ path: /ws, methods: [GET], public: true, websocket: true }]\n',
  )
  const caller = new WebSocket(`ws://127.0.0.1:${scene.inbound}/ws`)
  await once(caller, 'open')
  for (let i = 0; i < 20_000; i += 1) caller.send('x', { fin: false })
  const [code] = (await once(caller, 'close')) as [number]
  t.equal(code, 1008)
})
