/** A small legacy API without any security: exports to download, files to upload, a status. */
import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'
import fastify from 'fastify'
import type { FastifyRequest } from 'fastify'
import { no, ok } from '../units.ts'
import type { Result } from '../units.ts'
import { listenOnLoopback } from './loopback.ts'
import type { ListenProblem } from './loopback.ts'
import { noSchemas } from '../ops/no-schemas.ts'

export type SampleApi = { readonly url: string; close(): Promise<void> }

const exportIds = ['1', '2', '3']

/**
 * Starts it on loopback. It trusts everybody who reaches it, which is what Scopegate is there for.
 * Answers show which `x-auth-*` headers arrived: as `seenIdentity`, or as header `x-seen-identity`.
 */
export async function startSampleApi({
  port,
  host = '127.0.0.1',
}: {
  port: number
  host?: string
}): Promise<Result<SampleApi, ListenProblem>> {
  const app = fastify({
    schemaController: noSchemas,
    forceCloseConnections: true,
    bodyLimit: Number.MAX_SAFE_INTEGER,
  })
  app.removeAllContentTypeParsers()
  // whatever the type, also one that fastify cannot read, the body is handed on as a stream
  app.addHook('onRequest', (request, _reply, done) => {
    delete request.raw.headers['content-type']
    done()
  })
  app.addContentTypeParser('*', (_request, payload, done) => done(null, payload))

  app.get('/status', (request) => ({
    service: 'sample-api',
    status: 'ok',
    uptime: `${Math.floor(process.uptime())}s`,
    seenIdentity: identityOf(request),
  }))

  app.get('/export', (request) => ({
    exports: exportIds.map((id) => ({ id, path: `/export/${id}` })),
    seenIdentity: identityOf(request),
  }))

  app.get<{ Params: { id: string } }>('/export/:id', async (request, reply) => {
    const { id } = request.params
    if (!exportIds.includes(id)) return reply.code(404).send({ message: 'there is no such export' })
    return reply
      .type('text/csv; charset=utf-8')
      .header('content-disposition', `attachment; filename="export-${id}.csv"`)
      .header('x-seen-identity', JSON.stringify(identityOf(request)))
      .send(`id,item,amount\n${id}-1,apples,12\n${id}-2,pears,7\n`)
  })

  app.route({
    method: ['PUT', 'POST'],
    url: '/upload',
    handler: async (request, reply) => {
      const received = await digest(request.body as Readable | undefined)
      return reply.code(201).send({ ...received, seenIdentity: identityOf(request) })
    },
  })

  // what other templates have scopes for
  app.all('/*', (request) => ({
    method: request.method,
    path: request.url.replace(/\?.*$/s, ''),
    seenIdentity: identityOf(request),
  }))

  const listening = await listenOnLoopback(app, { what: 'the sample API', host, port })
  if (!listening.ok) return no(listening.problem)
  return ok({ url: listening.value, close: () => app.close() })
}

/** Piece by piece, so that a file of any size takes no memory. */
async function digest(body: Readable | undefined): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256')
  let size = 0
  for await (const piece of body ?? []) {
    const chunk = piece as Buffer
    size += chunk.length
    hash.update(chunk)
  }
  return { bytes: size, sha256: hash.digest('hex') }
}

function identityOf(request: FastifyRequest): Record<string, unknown> {
  const entries = Object.entries(request.headers)
  return Object.fromEntries(entries.filter(([name]) => name.startsWith('x-auth-')))
}
