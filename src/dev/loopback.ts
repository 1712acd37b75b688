/** Development servers listen on loopback, nowhere else. */
import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { no, ok } from '../units.ts'
import type { Result } from '../units.ts'

export type ListenProblem = {
  readonly code: 'not_loopback' | 'port_in_use' | 'port_not_allowed'
  readonly message: string
}

export const loopbackHosts = ['127.0.0.1', 'localhost'] as const

/** Starts `app`; the value is its address, `http://127.0.0.1:9229`. `what` is its name in messages. */
export async function listenOnLoopback(
  app: FastifyInstance,
  { what, host, port }: { what: string; host: string; port: number },
): Promise<Result<string, ListenProblem>> {
  if (!isLoopback(host))
    return no({
      code: 'not_loopback',
      message: `${what} listens on loopback only (${loopbackHosts.join(', ')}), not on ${host}`,
    })
  app.addHook('onRequest', async (request, reply) => {
    // a page in a browser whose name was rebound to loopback does not get in
    if (!isLoopback(request.hostname))
      await reply.code(403).send({ message: 'this server answers to loopback names only' })
  })
  try {
    await app.listen({ host, port })
  } catch (error) {
    await app.close()
    return no(whyNot(error, what, port))
  }
  return ok(`http://${host}:${(app.server.address() as AddressInfo).port}`)
}

function isLoopback(name: string): boolean {
  return loopbackHosts.some((known) => known === name)
}

const reasons: Readonly<Record<string, readonly [ListenProblem['code'], string]>> = {
  EADDRINUSE: ['port_in_use', 'is already in use'],
  EACCES: ['port_not_allowed', 'is not allowed'],
}

function whyNot(error: unknown, what: string, port: number): ListenProblem {
  const reason = reasons[String((error as NodeJS.ErrnoException).code)]
  if (!reason) throw error
  return { code: reason[0], message: `port ${port} ${reason[1]}: ${what} needs it` }
}
