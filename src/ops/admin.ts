/** The admin listener: health, metrics, status and its page, reload, shutdown (SPEC 5), and its guards. */
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { AdminConfig, ConfigProblem, ListenAddress } from '../config/config.ts'
import type { NonEmpty, Result } from '../units.ts'
import { adminRefusal } from './admin-guard.ts'
import { bind } from './bind.ts'
import type { Metrics } from './metrics.ts'
import { noSchemas } from './no-schemas.ts'
import type * as statusPage from './page/status-page.ts'
import type { Readiness } from './status.ts'

export type AdminParts = statusPage.StatusPageDeps & {
  readonly config: () => AdminConfig
  readonly metrics: Metrics
  readonly readiness: () => Readiness
  /** The new hash, or every error. */
  readonly reload: () => Result<string, NonEmpty<ConfigProblem>>
  readonly shutdown: () => void
}

export type Admin = {
  /** Binds; where it listens, or why it does not as a sentence. */
  start(listen: ListenAddress): Promise<Result<string, string>>
  stop(): Promise<void>
}

const mostConnections = 1000

/** Creates the admin listener; nothing is bound before `start`. */
export function createAdmin(parts: AdminParts): Admin {
  let overSocket = false
  let page: Promise<PageModule> | undefined
  // most processes never show it
  const loadPage = (): Promise<PageModule> => (page ??= loadStatusPage(parts))
  const app = createApp(parts, () => overSocket, loadPage)
  return {
    async start(listen) {
      overSocket = listen.kind === 'socket'
      await Promise.all([app.ready(), parts.metrics.expose()])
      // probes and scrapers need a handful; a flood shall not take the descriptors of the listeners beside it
      app.server.maxConnections = mostConnections
      return bind(app.server, listen)
    },
    async stop() {
      app.server.close()
      const loaded = await page
      loaded?.page.streams.close()
      app.server.closeAllConnections()
      await app.close()
    },
  }
}

type PageModule = Pick<typeof statusPage, 'assets' | 'pagePolicy'> & {
  readonly page: statusPage.StatusPage
}

async function loadStatusPage(deps: statusPage.StatusPageDeps): Promise<PageModule> {
  const { assets, createStatusPage, pagePolicy } = await import('./page/status-page.ts')
  return { assets, pagePolicy, page: createStatusPage(deps) }
}

function createApp(
  parts: AdminParts,
  overSocket: () => boolean,
  loadPage: () => Promise<PageModule>,
): FastifyInstance {
  const app = fastify({
    schemaController: noSchemas,
    logger: false,
    trustProxy: false,
    bodyLimit: 1024,
    connectionTimeout: 10_000,
    requestTimeout: 10_000,
    keepAliveTimeout: 5_000,
    // targets that cannot be decoded never reach a hook
    frameworkErrors: (_error, _request, reply) => {
      void problem(reply, 400, 'The request cannot be served.')
    },
    http: { headersTimeout: 5_000, connectionsCheckingInterval: 1_000 },
  })

  const refusalOf = ({ headers, method, url: target, socket }: FastifyRequest) =>
    adminRefusal(
      {
        ...{ method, target, host: headers.host, origin: headers.origin },
        fetchSite: headers['sec-fetch-site'],
        peer: overSocket() ? 'socket' : socket.remoteAddress,
      },
      parts.config(),
    )
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(guarded)
    const because = refusalOf(request)
    if (because !== undefined) return problem(reply, 403, because)
    return undefined
  })
  app.setNotFoundHandler((_request, reply) =>
    problem(
      reply,
      404,
      'There is /, /livez, /readyz, /metrics, /status, POST /reload and POST /shutdown.',
    ),
  )
  app.setErrorHandler((error: { statusCode?: number }, _request, reply) =>
    problem(reply, error.statusCode ?? 500, 'The request cannot be served.'),
  )
  // no route reads a body, of whatever type
  app.removeAllContentTypeParsers()
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
  addStatusPage(app, loadPage, (request) => refusalOf(request) === undefined)
  app.post('/reload', async (_request, reply) => {
    const result = parts.reload()
    return result.ok
      ? { ok: true, hash: result.value }
      : reply.status(422).send({ ok: false, problems: result.problem })
  })
  app.post('/shutdown', async (_request, reply) => {
    if (!parts.config().allowShutdown)
      return problem(reply, 403, 'The configuration does not say `admin.allowShutdown: true`.')
    reply.raw.once('close', parts.shutdown)
    return reply.status(202).send({ status: 'shutting down' })
  })
  return app
}

function addStatusPage(
  app: FastifyInstance,
  loadPage: () => Promise<PageModule>,
  mayLook: (request: FastifyRequest) => boolean,
): void {
  app.get('/', async ({ url }, reply) => {
    const { page, pagePolicy } = await loadPage()
    return reply
      .header('content-security-policy', pagePolicy)
      .type('text/html; charset=utf-8')
      .send(page.page(url))
  })
  app.get('/explain', async ({ url }, reply) => {
    const answer = (await loadPage()).page.answer(url)
    return answer === undefined
      ? problem(reply, 404, 'Nothing was asked, or there is no inbound that could answer.')
      : reply.type('text/html; charset=utf-8').send(answer)
  })
  app.get('/events', { exposeHeadRoute: false }, async (request, reply) => {
    const { streams } = (await loadPage()).page
    if (!streams.open(reply.raw, guarded, () => mayLook(request)))
      return problem(reply.header('retry-after', '10'), 503, 'Too many look at it already.')
    return reply.hijack()
  })
  for (const path of ['/assets/status.js', '/assets/status.css', '/assets/icon.svg'] as const)
    app.get(path, async (_request, reply) => {
      const [type, text] = (await loadPage()).assets[path]
      return reply.type(type).send(text)
    })
}

/** Nothing of this belongs into a cache or into the page of somebody else. */
const guarded = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
}

function problem(reply: FastifyReply, status: number, detail: string): FastifyReply {
  return reply
    .status(status)
    .headers(guarded)
    .header('content-type', 'application/problem+json')
    .send(JSON.stringify({ type: 'about:blank', status, detail }))
}
