/** A token endpoint for tests: on real sockets, counts, and plays whatever it is told. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import { milliseconds, secret } from '../../src/units.ts'
import type { ClientSettings, Grant } from '../../src/tokens/settings.ts'

export type Seen = {
  readonly method: string | undefined
  readonly url: string | undefined
  readonly headers: IncomingMessage['headers']
  readonly body: URLSearchParams
}
type Play = (response: ServerResponse, seen: Seen, count: number) => void

export type Endpoint = {
  readonly url: string
  readonly seen: readonly Seen[]
  play: Play
  readonly close: () => Promise<void>
}

export async function startEndpoint(play: Play, tls?: ServerOptions): Promise<Endpoint> {
  const seen: Seen[] = []
  const listener: RequestListener = (request, response) => {
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => pieces.push(piece))
    request.on('end', () => {
      const body = new URLSearchParams(Buffer.concat(pieces).toString())
      const { method, url, headers } = request
      const one = { method, url, headers, body }
      seen.push(one)
      endpoint.play(response, one, seen.length)
    })
  }
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const endpoint: Endpoint = {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}/oauth2/token`,
    seen,
    play,
    close: async () => {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
  return endpoint
}

/** A play: one JSON answer. */
export const answers =
  (body: unknown, status = 200, headers: Record<string, string> = {}): Play =>
  (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  }

export const clientSecret = 'hush+hush/hush=~'

export const clientOf = (url: string, other: Partial<ClientSettings> = {}): ClientSettings => ({
  name: 'worker',
  endpoint: { kind: 'uri', url },
  clientId: 'id 1',
  clientSecret: secret(clientSecret),
  authMethod: 'client_secret_basic',
  basicEncoding: 'rfc6749',
  requestTimeout: milliseconds(20_000),
  renewBefore: undefined,
  expiryLeeway: undefined,
  prefetch: true,
  requireGrantedScopes: false,
  resource: undefined,
  audience: undefined,
  parameters: {},
  tls: undefined,
  ...other,
})

export const grantOf = (client: ClientSettings, other: Partial<Grant> = {}): Grant => ({
  client,
  scopes: [],
  resource: undefined,
  audience: undefined,
  ...other,
})

/** A JWT in shape; nobody here looks at its signature. */
export const jwt = (claims: unknown): string =>
  ['{"alg":"none"}', JSON.stringify(claims), 'x']
    .map((part) => Buffer.from(part).toString('base64url'))
    .join('.')
