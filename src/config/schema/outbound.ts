/** `outbound:` the proxy beside a service: listener and routes to upstreams (SPEC 4). */
import * as z from 'zod'
import { limitsSchema, listenSchema, timeoutsSchema, upstreamSchema } from './shared.ts'
import { anyNumberOf, flag, mapping, text, word } from './values.ts'

export const outboundRouteSchema = mapping({
  path: text('must be a path prefix such as /app-api')
    .optional()
    .describe(
      "prefix of whole segments, replaced by the upstream's path; a route has path, host or both",
    ),
  host: text('must be a host name, with or without a port')
    .optional()
    .describe('for `HTTP_PROXY` and `Host`; without a port any port'),
  upstream: upstreamSchema.describe('where requests and tokens go'),
  client: text('must be the name of one of `clients`')
    .optional()
    .describe('may be left out when there is only one'),
  scopes: anyNumberOf('must be a scope')
    .prefault([])
    .describe('requested scopes; none = all that the client has'),
  resource: text('must be an absolute URI').optional().describe("wins over the client's"),
  audience: text().optional().describe("wins over the client's"),
  onAuthorization: word(['replace', 'keep', 'refuse'])
    .default('replace')
    .describe('when the request has an `Authorization` of its own'),
  renewOn401: word(['invalid_token', 'always', 'never'])
    .default('invalid_token')
    .describe('which 401 answers of the upstream drop the token'),
  allowPlaintext: flag().default(false).describe('tokens may travel over http: to this upstream'),
  timeouts: timeoutsSchema.optional().describe("instead of the upstream's"),
})

export const outboundSchema = mapping({
  listen: listenSchema.describe('loopback or a Unix socket, unless `allowRemoteClients`'),
  routes: z
    .array(outboundRouteSchema, { error: 'must be a list of routes' })
    // compile.ts sees that it is not empty: routes are read one by one
    .meta({ minItems: 1, description: 'which upstreams are reached, and with which token' }),
  requireHeader: text('must be a header name')
    .optional()
    .describe('requests without this header are refused'),
  allowBrowsers: flag().default(false).describe('requests of browsers are served'),
  allowRemoteClients: flag().default(false).describe('`listen` may be reachable from elsewhere'),
  limits: limitsSchema.prefault({}).describe('as those of inbound'),
})

export type OutboundRouteInput = z.output<typeof outboundRouteSchema>
