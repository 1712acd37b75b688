/** The built command before an upstream, with an issuer whose keys can be swapped; for figures of one run. */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Test } from 'tap'
import { type Served, startCommand } from '../test/support/command.ts'
import { jwksOf, makeKey, mint, type SigningKey } from '../test/support/issuer.ts'
import { exchangeRaw, type RawUpstream, startRawUpstream } from '../test/support/wire.ts'

const ends: (() => unknown)[] = []
/** All that the helpers of the tests use of tap. */
export const t = { teardown: (end: () => unknown) => ends.push(end) } as unknown as Test

/** Ends everything that was started since the last call. */
export async function tearDown(): Promise<void> {
  for (const end of ends.splice(0).reverse()) await end()
}

export const main = join(import.meta.dirname, '../dist/main.js')
export { wait }

export type Issuer = {
  readonly url: string
  readonly server: Server
  keys: readonly SigningKey[]
  fetches: number
}

export async function startIssuer(): Promise<Issuer> {
  const server = createServer((_, response) => {
    issuer.fetches += 1
    response.end(jwksOf(...issuer.keys))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const issuer: Issuer = { url, server, keys: [makeKey('k1')], fetches: 0 }
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return issuer
}

let tokens = 0

/** A token that no other is like. */
export function tokenOf({ url }: Issuer, key: SigningKey): Promise<string> {
  const now = Math.floor(Date.now() / 1000)
  tokens += 1
  const claims = { iss: url, sub: 's', client_id: 'c', scope: 'api/read', jti: String(tokens) }
  return mint(key, { ...claims, iat: now, exp: now + 3600 })
}

export type Running = Served & { readonly issuer: Issuer; readonly upstream: RawUpstream }

/** `issuerKeys` and `inbound` are more of the YAML. */
export async function startProxy(
  answer: Parameters<typeof startRawUpstream>[1],
  { issuerKeys = '', inbound = '', routes = '' } = {},
): Promise<Running> {
  const issuer = await startIssuer()
  const upstream = await startRawUpstream(t, answer)
  const served = await startCommand(
    t,
    main,
    `version: 1
issuers:
  main: { issuer: '${issuer.url}', jwksUri: '${issuer.url}/keys', audience: any, algorithms: [ES256]${issuerKeys} }
inbound:
  listen: 127.0.0.1:0
  upstream: http://127.0.0.1:${upstream.port}
  routes:
    - { path: /open/**, methods: [GET, POST], public: true${routes} }
    - { path: /read/**, methods: [GET], scopes: api/read }
${inbound}admin: { listen: 127.0.0.1:0 }
log: { sampleAllowed: 0 }
`,
  )
  return { ...served, issuer, upstream }
}

export const get = (path: string, token?: string): string =>
  `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n` +
  `${token === undefined ? '' : `Authorization: Bearer ${token}\r\n`}\r\n`

/** 0 when there was no answer. */
export function statusOf(port: number, request: string): Promise<number> {
  return exchangeRaw(port, request).then(
    ({ status }) => status,
    () => 0,
  )
}

export function dial(port: number): net.Socket {
  const socket = net.connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  return socket
}

/** Milliseconds until the peer closes. */
export async function untilClosed(socket: net.Socket): Promise<number> {
  const before = performance.now()
  socket.resume()
  if (!socket.closed) await once(socket, 'close')
  return performance.now() - before
}

/** MiB by which the process grew at most from `before` on, while `until` goes on. */
export async function growth(
  proxy: Served,
  before: number,
  until: Promise<unknown>,
): Promise<number> {
  let most = before
  const look = setInterval(() => {
    most = Math.max(most, proxy.resident())
  }, 20)
  await until
  clearInterval(look)
  return (Math.max(most, proxy.resident()) - before) / 1024
}
