/** `inbound:` the proxy before an API: listener, routes, policies, headers (SPEC 2.1, 2.2, 3). */
import * as z from 'zod'
import {
  claimsSchema,
  clientIdsSchema,
  issuerNamesSchema,
  limitsSchema,
  listenSchema,
  timeoutsSchema,
  upstreamSchema,
} from './shared.ts'
import { anyNumberOf, flag, mapping, named, oneOrMore, text, word } from './values.ts'

/** What a route needs, as written. */
export type NeedInput = string | readonly string[] | NeedList
type NeedList = {
  readonly anyOf?: string | readonly NeedInput[] | undefined
  readonly allOf?: string | readonly NeedInput[] | undefined
}

const needText = 'must be a scope, { anyOf: […] } or { allOf: […] }'
const needSchema: z.ZodType<NeedInput> = z
  .lazy(() =>
    z.union(
      [
        text(needText),
        z.array(text(needText)).min(1, { error: `${needText}, not an empty list` }),
        needLists,
      ],
      {
        error: needText,
      },
    ),
  )
  .meta({ id: 'ScopeNeed' })
const needs = z.union(
  [
    text(needText),
    z.array(needSchema).min(1, { error: 'must not be empty: list at least one scope' }),
  ],
  { error: 'must be a list of scopes' },
)
const needLists: z.ZodType<NeedList> = mapping({
  anyOf: needs.optional().describe('one of these is enough'),
  allOf: needs.optional().describe('every one of these is needed'),
})

const requirement = {
  scopes: needSchema.optional().describe('a scope, or { anyOf: […] } or { allOf: […] }, nestable'),
  authenticated: flag().optional().describe('true: any valid token of an accepted issuer'),
  claims: claimsSchema
    .optional()
    .describe('claims that must be equal; of a list one; /a/b is a JSON Pointer'),
  clientIds: clientIdsSchema.optional().describe('only these callers'),
  issuers: issuerNamesSchema.optional().describe('names of `issuers` whose tokens count here'),
}

export const policySchema = mapping(requirement)

export const routeSchema = mapping({
  path: text('must be a path pattern such as /export/** or /files/{id}').describe(
    'pattern: literal segments, {name} for exactly one, ** at the end for any number',
  ),
  methods: oneOrMore('must be a method such as GET')
    .optional()
    .describe('those that no other route of its path lists, when left out; GET includes HEAD'),
  ...requirement,
  policy: text('must be the name of one of `policies`').optional().describe('a named requirement'),
  public: flag().optional().describe('true: no token needed, none read; needs `methods`'),
  forwardAuthorization: flag()
    .optional()
    .describe('public routes: the API reads `Authorization` itself'),
  mode: word(['enforce', 'report']).optional().describe("wins over the listener's"),
  timeouts: timeoutsSchema.optional().describe("instead of the upstream's"),
  websocket: z
    .union(
      [
        z.boolean({ error: 'must be true or false' }),
        mapping({
          outliveToken: flag().default(false).describe('the socket stays open after `exp`'),
        }),
      ],
      { error: 'must be true, false or { outliveToken: true }' },
    )
    .optional()
    .describe('true: WebSocket handshakes are allowed, judged like any request'),
})

const header = 'must be a header name'
const relaxation = word(['refuse', 'allow'])

export const inboundSchema = mapping({
  listen: listenSchema.describe('where callers connect'),
  upstream: upstreamSchema.describe('the API behind'),
  issuers: issuerNamesSchema
    .optional()
    .describe('whose tokens routes accept; needed when several issuers are configured'),
  mode: word(['enforce', 'report'])
    .default('enforce')
    .describe('report: decide, count and log, but never block'),
  tokenHeader: text(header)
    .default('authorization')
    .describe('another header carries the token, bare or as Bearer'),
  policies: named(policySchema).default({}).describe('named requirements that routes share'),
  routes: z
    .array(routeSchema, { error: 'must be a list of routes' })
    .describe('what is allowed; everything else is denied'),
  identityHeaders: named(text('must be a claim'))
    .default({
      'x-auth-client-id': 'client_id',
      'x-auth-subject': 'sub',
      'x-auth-scope': 'scope',
      'x-auth-issuer': 'iss',
    })
    .describe('header for the upstream: claim of the verified token'),
  removeHeaders: anyNumberOf(header)
    .prefault([
      'x-forwarded-user',
      'x-remote-user',
      'remote-user',
      'x-forwarded-client-cert',
      'x-client-cert',
      'x-ssl-client-*',
      'x-amzn-oidc-*',
      'x-auth-request-*',
      'x-pomerium-jwt-assertion',
      'x-goog-iap-jwt-assertion',
      'x-jwt-claim-*',
    ])
    .describe('headers that callers cannot send through; * at the end stands for anything'),
  certificateHeader: text(header)
    .optional()
    .describe(
      "header for the upstream: subject of the caller's certificate; with `listen.tls.clientCa`",
    ),
  forwardToken: flag().default(false).describe('true: the upstream sees the verified token too'),
  limits: limitsSchema.prefault({}).describe('what one caller may cost'),
  ignoreCase: flag()
    .default(false)
    .describe('paths in another case are allowed too, for upstreams that ignore case'),
  paths: mapping({
    semicolons: relaxation.default('refuse').describe('`;` in a segment, escaped or not'),
    emptySegments: relaxation.default('refuse').describe('`//`'),
    encodedSlashes: relaxation.default('refuse').describe('`%2F` and `%5C`'),
  })
    .prefault({})
    .describe('path spellings that are refused unless allowed here'),
  trustedProxies: anyNumberOf('must be an address or a CIDR block such as 10.0.0.0/8')
    .prefault([])
    .describe('peers whose `X-Forwarded-*` is appended to instead of replaced'),
  allowRequestOverrides: flag()
    .default(false)
    .describe('method-override and rewrite headers reach the upstream'),
  allowPreflight: flag()
    .default(false)
    .describe('CORS preflight requests are forwarded without a token'),
  realm: text().default('scopegate').describe('realm of `WWW-Authenticate`'),
  problemTypes: text('must be an address that ends with /')
    .optional()
    .describe('problem types are this address plus the code, instead of about:blank'),
})

export type RouteInput = z.output<typeof routeSchema>
export type PolicyInput = z.output<typeof policySchema>
