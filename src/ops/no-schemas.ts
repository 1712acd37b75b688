/** fastify without JSON Schema: none of our routes has one, and loading what compiles them takes 30 ms of a start. */
import type { FastifyServerOptions } from 'fastify'

/** For fastify's `schemaController`. A route with a schema makes the start fail. */
export const noSchemas: NonNullable<FastifyServerOptions['schemaController']> = {
  compilersFactory: { buildValidator: () => refuse, buildSerializer: () => refuse },
}

function refuse(): never {
  throw new Error('a route with a schema: its compilers are not in the build')
}
