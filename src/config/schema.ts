/** Every YAML key, its default and its doc line; the JSON Schema for editors comes from here (SPEC 2). */
import * as z from 'zod'
import { clientSchema } from './schema/clients.ts'
import { inboundSchema } from './schema/inbound.ts'
import { issuerSchema } from './schema/issuers.ts'
import { outboundSchema } from './schema/outbound.ts'
import { hostNamesSchema, listenSchema } from './schema/shared.ts'
import { count, duration, flag, mapping, named, word } from './schema/values.ts'

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
const share = 'must be a number from 0 to 1'

const amount = 'must be a number of US dollars, 0 or more'

const tokenPriceSchema = mapping({
  upTo: count(1, Number.MAX_SAFE_INTEGER)
    .optional()
    .describe('tokens a month that this price is for; the last price needs none'),
  perThousand: z
    .number({ error: amount })
    .min(0, { error: amount })
    .describe('US dollars for 1,000 tokens'),
})

/** Amazon Cognito's for token requests of machines. */
const cognitoPrices = [
  { upTo: 500_000, perThousand: 2.25 },
  { upTo: 5_000_000, perThousand: 1.5 },
  { perThousand: 1.125 },
]

const adminSchema = mapping({
  listen: listenSchema.default('127.0.0.1:9901').describe('health, metrics, status page'),
  allowRemoteStatus: flag()
    .default(false)
    .describe('peers that are not loopback see `/status` and its page too'),
  allowShutdown: flag().default(false).describe('`POST /shutdown` ends the process'),
  hosts: hostNamesSchema.prefault([]).describe('names by which people reach it, besides localhost'),
  tokenPrices: z
    .array(tokenPriceSchema, { error: 'must be a list of { upTo, perThousand }' })
    .default(cognitoPrices)
    .describe("what tokens cost; Amazon Cognito's when left out, [] = nothing"),
})

const logSchema = mapping({
  level: word(levels).default('info').describe('least severe lines that are written'),
  requests: mapping({
    inbound: word(levels).optional().describe('of callers to the API'),
    outbound: word(levels).optional().describe('of the service to others'),
  })
    .prefault({})
    .describe(
      'least severe lines of requests, instead of `level`: allowed ones are info, denials warn',
    ),
  format: word(['auto', 'json', 'text'])
    .default('auto')
    .describe('auto: text for people on a terminal, else JSON'),
  sampleAllowed: z
    .number({ error: share })
    .min(0, { error: share })
    .max(1, { error: share })
    .default(1)
    .describe('share of allowed requests that are logged; denials always are'),
})

const shutdownSchema = mapping({
  delay: duration(0).prefault('0s').describe('connections are still accepted this long'),
  timeout: duration(0).prefault('25s').describe('what is in flight may finish in this time'),
})

/** The whole file. */
export const configSchema = mapping({
  version: z.literal(1, { error: 'must be 1' }).describe('of this format'),
  issuers: named(issuerSchema)
    .default({})
    .describe('who may sign the access tokens that inbound accepts'),
  inbound: inboundSchema.optional().describe('the proxy before an API'),
  clients: named(clientSchema)
    .default({})
    .describe('OAuth clients that outbound obtains tokens with'),
  outbound: outboundSchema.optional().describe('the proxy beside a service'),
  admin: adminSchema.prefault({}).describe('health, metrics, status'),
  log: logSchema.prefault({}).describe('one JSON line a request'),
  shutdown: shutdownSchema.prefault({}).describe("together below the platform's 30 s"),
})

/** The JSON Schema (draft 2020-12) of the file, with descriptions and defaults. Pure. */
export function configJsonSchema(): object {
  return {
    title: 'Scopegate configuration',
    ...z.toJSONSchema(configSchema, { io: 'input', unrepresentable: 'any' }),
  }
}
