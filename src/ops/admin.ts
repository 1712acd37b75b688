/** The admin listener: health, metrics, status, reload, shutdown (SPEC 5), and its guards. */
import { BlockList, isIP, isIPv6 } from 'node:net'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { AdminConfig, ConfigProblem, ListenAddress } from '../config/config.ts'
import { type NonEmpty, no, ok, type Result } from '../units.ts'
import { addressOf, bindRefusal } from './bind.ts'
import type { Metrics } from './metrics.ts'

export type Readiness = { readonly ready: boolean; readonly missing: readonly string[] }

export type AdminParts = {
  readonly config: () => AdminConfig
  readonly metrics: Metrics
  readonly readiness: () => Readiness
  readonly status: () => object
  /** The new hash, or every error. */
  readonly reload: () => Result<string, NonEmpty<ConfigProblem>>
  readonly shutdown: () => void
}

/** Open to every peer: what probes and scrapers ask. */
const openPaths = new Set(['/livez', '/readyz', '/metrics'])

export type Admin = {
  /** Binds; where it listens, or why it does not as a sentence. */
  start(listen: ListenAddress): Promise<Result<string, string>>
  stop(): Promise<void>
}

/** Creates the admin listener; nothing is bound before `start`. */
export function createAdmin(parts: AdminParts): Admin {
  const app = createApp(parts)
  return {
    async start(listen) {
      try {
        await app.listen(
          listen.kind === 'tcp'
            ? { host: listen.host, port: listen.port }
            : { path: listen.path, writableAll: false, readableAll: false },
        )
      } catch (error) {
        return no(bindRefusal(error as NodeJS.ErrnoException, listen))
      }
      return ok(addressOf(app.server, listen))
    },
    stop: () => app.close(),
  }
}

function createApp(parts: AdminParts): FastifyInstance {
  const app = fastify({
    logger: false,
    trustProxy: false,
    bodyLimit: 1024,
    forceCloseConnections: true,
    connectionTimeout: 10_000,
    requestTimeout: 10_000,
    keepAliveTimeout: 5_000,
    http: { headersTimeout: 5_000, connectionsCheckingInterval: 1_000 },
  })

  app.addHook('onRequest', async (request, reply) => {
    reply.headers({
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    })
    const because = refusal(request, parts.config())
    if (because !== undefined) return problem(reply, 403, because)
    return undefined
  })
  app.setNotFoundHandler((_request, reply) =>
    problem(
      reply,
      404,
      'There is /livez, /readyz, /metrics, /status, POST /reload and POST /shutdown.',
    ),
  )
  app.setErrorHandler((error: { statusCode?: number }, _request, reply) =>
    problem(reply, error.statusCode ?? 500, 'The request cannot be served.'),
  )
  // no route reads a body
  app.addContentTypeParser('*', (_request, payload, done) => {
    payload.resume()
    done(null)
  })

  app.get('/livez', () => ({ status: 'ok' }))
  app.get('/readyz', async (_request, reply) => {
    const { ready, missing } = parts.readiness()
    return reply.status(ready ? 200 : 503).send({ ready, missing })
  })
  app.get('/metrics', async (request, reply) => {
    const { contentType, text } = await parts.metrics.render(request.headers.accept)
    return reply.header('content-type', contentType).send(text)
  })
  app.get('/status', () => parts.status())
  app.post('/reload', async (_request, reply) => {
    const result = parts.reload()
    return result.ok
      ? { ok: true, hash: result.value }
      : reply.status(422).send({ ok: false, problems: result.problem })
  })
  app.post('/shutdown', async (_request, reply) => {
    if (!parts.config().allowShutdown)
      return problem(reply, 403, 'The configuration does not say `admin.allowShutdown: true`.')
    reply.raw.once('finish', parts.shutdown)
    return reply.status(202).send({ status: 'shutting down' })
  })
  return app
}

/** Why this request may not be answered, or undefined (SPEC 5: peers, rebinding, browsers). */
function refusal(request: FastifyRequest, config: AdminConfig): string | undefined {
  const path = request.url.split('?', 1)[0] ?? ''
  const reads = request.method === 'GET' || request.method === 'HEAD'
  if (reads && openPaths.has(path)) return undefined
  if (!isLoopback(request.socket.remoteAddress) && !(reads && config.allowRemoteStatus))
    return 'Only /livez, /readyz and /metrics are open to other machines.'
  const host = request.headers.host
  if (host === undefined || !isKnownHost(host, config.hosts))
    return 'The Host header must be an IP address, localhost, or one of `admin.hosts`.'
  const { origin } = request.headers
  if (origin !== undefined && origin !== `http://${host}`)
    return 'Requests of other web pages are refused.'
  const site = request.headers['sec-fetch-site']
  if (site !== undefined && site !== 'none' && site !== 'same-origin')
    return 'Requests of other web pages are refused.'
  return undefined
}

/** A name that is none of these may have been rebound to us by whoever owns it. */
function isKnownHost(host: string, known: readonly string[]): boolean {
  const name = host
    .replace(/:\d*$/, '')
    .replace(/^\[|\]$/g, '')
    .toLowerCase()
  return isIP(name) !== 0 || name === 'localhost' || known.includes(name)
}

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

/** A peer on a Unix socket has no address and is local. */
function isLoopback(address: string | undefined): boolean {
  if (address === undefined) return true
  return loopback.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')
}

function problem(reply: FastifyReply, status: number, detail: string): FastifyReply {
  return reply
    .status(status)
    .header('content-type', 'application/problem+json')
    .send(JSON.stringify({ type: 'about:blank', status, detail }))
}
