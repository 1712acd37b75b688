/** Development servers listen on loopback, nowhere else. */
import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { no, ok } from '../units.ts'
import type { Result } from '../units.ts'

export type ListenProblem = {
  readonly code: 'not_loopback' | 'port_in_use' | 'port_not_allowed'
  readonly message: string
}

export const loopbackHosts = ['127.0.0.1', '::1', 'localhost'] as const

/** Starts `app`; the value is its address, `http://127.0.0.1:9229`. `what` is its name in messages. */
export async function listenOnLoopback(
  app: FastifyInstance,
  { what, host, port }: { what: string; host: string; port: number },
): Promise<Result<string, ListenProblem>> {
  if (!loopbackHosts.some((known) => known === host))
    return no({
      code: 'not_loopback',
      message: `${what} listens on loopback only (${loopbackHosts.join(', ')}), not on ${host}`,
    })
  app.addHook('onRequest', async (request, reply) => {
    // a page in a browser whose name was rebound to loopback does not get in
    if (!isLoopbackName(request.hostname))
      await reply.code(403).send({ message: 'this server answers to loopback names only' })
  })
  try {
    await app.listen({ host, port })
  } catch (error) {
    await app.close()
    return no(whyNot(error, what, port))
  }
  const { address, family, port: bound } = app.server.address() as AddressInfo
  return ok(`http://${family === 'IPv6' ? `[${address}]` : address}:${bound}`)
}

function isLoopbackName(hostname: string): boolean {
  return loopbackHosts.some((known) => known === hostname.replace(/^\[|\]$/g, ''))
}

function whyNot(error: unknown, what: string, port: number): ListenProblem {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'EADDRINUSE')
    return { code: 'port_in_use', message: `port ${port} is already in use: ${what} needs it` }
  if (code === 'EACCES')
    return { code: 'port_not_allowed', message: `port ${port} is not allowed: ${what} needs it` }
  throw error
}
