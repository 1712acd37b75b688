/** An issuer that nobody here wrote: oidc-provider, with client credentials and JWT access tokens (RFC 9068). */
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import Provider from 'oidc-provider'
import type { Test } from 'tap'

export type OidcProvider = {
  /** Also its `iss`. */
  readonly url: string
  /** Paths of all requests. */
  readonly requests: readonly string[]
  /** Signed now for a client, addressed to it, with `at_hash`. */
  idToken(clientId: string): Promise<string>
}

/** Characters that RFC 6749 §2.3.1 wants encoded, in id and secret. */
export const exporter = { id: 'export:service+1', secret: 'a+b/c=d:e%20f&g h' } as const
export const uploader = { id: 'upload-service', secret: 'another secret of its own' } as const

/** A resource (RFC 8707) and the `aud` of tokens for it. */
export const resources = {
  api: { resource: 'https://api.example/', audience: 'app-api', format: 'jwt' },
  other: { resource: 'https://other.example/', audience: 'other-api', format: 'jwt' },
  opaque: { resource: 'https://opaque.example/', audience: 'app-api', format: 'opaque' },
} as const

/** Plain http on loopback, or https with the given certificate. The exporter uses Basic, the uploader the body. */
export async function startOidcProvider(
  t: Test,
  tls?: { readonly cert: string; readonly key: string },
): Promise<OidcProvider> {
  const requests: string[] = []
  let handle: RequestListener = () => undefined
  const listener: RequestListener = (request, response) => {
    requests.push(request.url ?? '')
    handle(request, response)
  }
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  const { port } = server.address() as AddressInfo
  const url = `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`
  const provider = quietly(() => new Provider(url, configuration()))
  handle = provider.callback()
  return {
    url,
    requests,
    async idToken(clientId) {
      const client = await provider.Client.find(clientId)
      const token = new provider.IdToken({ sub: 'someone' }, { client })
      token.scope = 'openid'
      token.set('at_hash', 'an access token')
      return token.issue({ use: 'idtoken' })
    },
  }
}

function configuration(): object {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const client = ({ id, secret }: { id: string; secret: string }) => ({
    client_id: id,
    client_secret: secret,
    grant_types: ['client_credentials'],
    redirect_uris: [],
    response_types: [],
  })
  const infos = new Map<string, (typeof resources)[keyof typeof resources]>(
    Object.values(resources).map((info) => [info.resource, info]),
  )
  return {
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256' }] },
    cookies: { keys: ['for a test'] },
    clients: [
      { ...client(exporter), scope: 'app-api/export' },
      {
        ...client(uploader),
        scope: 'app-api/upload',
        token_endpoint_auth_method: 'client_secret_post',
      },
    ],
    scopes: ['openid', 'app-api/export', 'app-api/upload'],
    ttl: { ClientCredentials: 600, IdToken: 600 },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => resources.api.resource,
        getResourceServerInfo: (_context: unknown, resource: string) => {
          const { audience, format } = infos.get(resource)!
          const scope = 'app-api/export app-api/upload'
          const info = { scope, audience, accessTokenFormat: format, accessTokenTTL: 600 }
          return format === 'jwt' ? { ...info, jwt: { sign: { alg: 'RS256' } } } : info
        },
      },
    },
  }
}

/** It tells the console what a production set-up would need. */
function quietly<Value>(make: () => Value): Value {
  const { info, warn } = console
  console.info = console.warn = () => undefined
  try {
    return make()
  } finally {
    Object.assign(console, { info, warn })
  }
}
