/** `clients:` OAuth clients that outbound obtains tokens with (SPEC 2, 4). */
import * as z from 'zod'
import { tlsSchema } from './shared.ts'
import { duration, flag, mapping, named, text, word } from './values.ts'

const address = 'must be an address such as https://login.example.com/oauth2/token'
const secretText = 'must be { env: NAME }, { file: path } or the secret itself'

const secretSchema = z.union(
  [
    text(secretText),
    mapping({
      env: text('must be the name of a variable').optional().describe('environment variable'),
      file: text('must be the path of a file')
        .optional()
        .describe('one trailing newline is dropped'),
    }),
  ],
  { error: secretText },
)

export const clientSchema = mapping({
  tokenEndpoint: text(address).optional().describe('where tokens are requested'),
  issuer: text('must be the name of one of `issuers`')
    .optional()
    .describe('the token endpoint is in the discovery document of this one of `issuers`'),
  cognitoApi: mapping({
    region: text().optional().describe('region of the pool'),
    endpoint: text().optional().describe('another address of the API'),
  })
    .optional()
    .describe('not supported yet'),
  clientId: text('must be the client id').describe('as the issuer gave it'),
  clientSecret: z
    .union([secretSchema, z.array(secretSchema).min(1, { error: secretText })], {
      error: secretText,
    })
    .optional()
    .describe(
      '{ env: NAME }, { file: path } or the secret itself; a list of two is not supported yet',
    ),
  authMethod: word([
    'client_secret_basic',
    'client_secret_post',
    'private_key_jwt',
    'tls_client_auth',
  ])
    .default('client_secret_basic')
    .describe('how it proves itself; the last two are not supported yet'),
  basicEncoding: word(['rfc6749', 'raw'])
    .optional()
    .describe('of Basic credentials; raw for *.amazoncognito.com, rfc6749 elsewhere'),
  requestTimeout: duration().prefault('5s').describe('for one token request'),
  renewBefore: duration()
    .optional()
    .describe('remaining life at which a token is renewed; 10 % of it, 60s to 5m, when left out'),
  expiryLeeway: duration(0)
    .optional()
    .describe('a token is not sent this close to its end; 5s, at most 10 % of it, when left out'),
  prefetch: flag()
    .default(true)
    .describe('its tokens are obtained at start; readiness waits for them'),
  requireGrantedScopes: flag()
    .default(false)
    .describe('fewer scopes than requested are an error, not a warning'),
  resource: text('must be an absolute URI').optional().describe('RFC 8707 `resource`'),
  audience: text().optional().describe('`audience` of the token request'),
  parameters: named(text()).default({}).describe('more members of the token request'),
  tls: tlsSchema.optional().describe('for the token endpoint'),
})

export type ClientInput = z.output<typeof clientSchema>
export type SecretInput = z.output<typeof secretSchema>
