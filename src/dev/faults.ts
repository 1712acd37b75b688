/** What the development issuer can be told to do wrong, so that tests see how Scopegate takes it. */
import type { FastifyReply, FastifyRequest } from 'fastify'

export type EndpointFault =
  /** 429; `retryAfter` becomes the header as it stands: seconds or a date. */
  | { readonly kind: 'throttled'; readonly retryAfter?: string }
  /** 500, 503 and their like. */
  | { readonly kind: 'status'; readonly status: number; readonly retryAfter?: string }
  /** Answers rightly, but not before `until` is settled. */
  | { readonly kind: 'slow'; readonly until: Promise<unknown> }
  /** 200 with a body that is no JSON. */
  | { readonly kind: 'malformed' }
  /** 200 without a body. */
  | { readonly kind: 'empty' }
  /** 200 with a body of the caller's. */
  | { readonly kind: 'body'; readonly body: string }

export type Faults = {
  /** From now on, until it is called with undefined. */
  tokenEndpoint(fault: EndpointFault | undefined): void
  jwks(fault: EndpointFault | undefined): void
  /** New keys for every pool, the old ones unpublished; `sameKid`: under their old names. */
  rotateKeys(options?: { sameKid?: boolean }): Promise<void>
  /** Every pool publishes an empty key set, until keys are rotated. */
  withdrawKeys(): void
  /** From now on a wrong secret. */
  revokeSecret(clientId: string): void
}

/** Answers in the endpoint's place; false = go on as usual. */
export type Misbehave = (request: FastifyRequest, reply: FastifyReply) => Promise<boolean>

/** One endpoint's fault, to be set, and to be asked for at each request. */
export type EndpointFaultSwitch = {
  set(fault: EndpointFault | undefined): void
  readonly misbehave: Misbehave
}

/** Starts without a fault. */
export function createFault(): EndpointFaultSwitch {
  let current: EndpointFault | undefined
  return {
    set(fault) {
      current = fault
    },
    async misbehave(_request, reply) {
      const fault = current
      switch (fault?.kind) {
        case undefined:
          return false
        case 'slow':
          await fault.until
          return false
        case 'throttled':
          await answer(reply, 429, '{"error":"too_many_requests"}', fault.retryAfter)
          return true
        case 'status':
          await answer(reply, fault.status, '{"error":"internal_error"}', fault.retryAfter)
          return true
        case 'malformed':
          await answer(reply, 200, '{"access_token":')
          return true
        case 'empty':
          await answer(reply, 200, '')
          return true
        case 'body':
          await answer(reply, 200, fault.body)
          return true
      }
    },
  }
}

async function answer(
  reply: FastifyReply,
  status: number,
  body: string,
  retryAfter?: string,
): Promise<void> {
  if (retryAfter !== undefined) reply.header('retry-after', retryAfter)
  await reply.code(status).type('application/json;charset=UTF-8').send(body)
}
