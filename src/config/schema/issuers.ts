/** `issuers:` who may sign the access tokens that inbound accepts (SPEC 2, 3). */
import * as z from 'zod'
import { algorithms } from '../../tokens/settings.ts'
import { claimsSchema, clientIdsSchema, tlsSchema } from './shared.ts'
import { duration, flag, mapping, oneOrMore, text, word } from './values.ts'

const address = 'must be an address such as https://login.example.com'
const algorithm = word(algorithms)

export const issuerSchema = mapping({
  userPoolId: text('must be a user pool id such as eu-central-1_a1B2c3D4e')
    .optional()
    .describe('Amazon Cognito: issuer (both forms) and JWKS address follow from it'),
  endpoint: text(address)
    .optional()
    .describe(
      'a pool at another address (emulator, FIPS): keys and `iss` are at endpoint/userPoolId',
    ),
  issuer: text(address)
    .optional()
    .describe(
      'any other issuer, found by its discovery document; with `endpoint`, the `iss` to expect',
    ),
  audience: oneOrMore('must be an audience, or the word any')
    .optional()
    .describe(
      'accepted `aud`; needed for an issuer that is no pool, unless `clientIds` are given; `any` = not checked',
    ),
  jwksUri: text(address).optional().describe('where its keys are, instead of discovery'),
  jwks: mapping({ file: text().describe('path of a file that holds a key set') })
    .optional()
    .describe('its keys in a file, instead of discovery'),
  algorithms: z
    .union([algorithm, z.array(algorithm).min(1, { error: 'must not be empty' })], {
      error: `must be one or a list of ${algorithms.join(', ')}`,
    })
    .default(['RS256'])
    .describe('signature algorithms that count'),
  scopeClaims: oneOrMore('must be a claim')
    .prefault(['scope', 'scp'])
    .describe('claims that hold scopes, the first that is there counts; /a/b is a JSON Pointer'),
  clientClaims: oneOrMore('must be a claim')
    .prefault(['client_id', 'azp', 'cid', 'appid'])
    .describe(
      'claims that hold the client id, the first that is there counts; /a/b is a JSON Pointer',
    ),
  clockTolerance: duration(0).prefault('30s').describe('for `exp`, `nbf` and `iat`'),
  maxTokenLifetime: duration().prefault('24h').describe('`exp` less `iat` at most'),
  clientIds: clientIdsSchema.optional().describe('only tokens of these clients are valid'),
  claims: claimsSchema.optional().describe('what every token of this issuer must hold'),
  jwksTimeout: duration().prefault('3s').describe('for one fetch of its keys'),
  jwksCooldown: duration(1000)
    .prefault('10s')
    .describe('between two fetches of its keys, at least 1s'),
  jwksMaxAge: duration(1000).prefault('15m').describe('keys are fetched again after this time'),
  jwksMaxStale: duration(1000)
    .prefault('24h')
    .describe('keys are used this long while the issuer is down'),
  required: flag().default(true).describe('readiness waits for its keys at start'),
  tls: tlsSchema.optional().describe('for its keys and its discovery document'),
})

export type IssuerInput = z.output<typeof issuerSchema>
