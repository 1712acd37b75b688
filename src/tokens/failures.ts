/** Why no access token came: one table of codes, each with its fixed words. The endpoint's own text is never repeated. */

type Row = { readonly kind: 'transient' | 'permanent'; readonly because: string }

/** Transient: trying again may help. Permanent: a person has to change something first (SPEC 4). */
export const tokenFailures = {
  // RFC 6749 §5.2 and RFC 8707 §2: what the endpoint says
  invalid_client: {
    kind: 'permanent',
    because:
      'the token endpoint does not accept this client: check clientId, clientSecret, authMethod and basicEncoding',
  },
  unauthorized_client: {
    kind: 'permanent',
    because:
      'the issuer does not let this client use the client credentials grant: enable it there',
  },
  invalid_scope: {
    kind: 'permanent',
    because:
      'the issuer does not let this client have a requested scope: check scopes of the route',
  },
  invalid_grant: {
    kind: 'permanent',
    because: 'the issuer refuses the grant: check that the client may use client credentials',
  },
  unsupported_grant_type: {
    kind: 'permanent',
    because: 'the token endpoint does not offer the client credentials grant',
  },
  invalid_request: {
    kind: 'permanent',
    because:
      'the token endpoint finds the request incomplete: check resource, audience, parameters',
  },
  invalid_target: {
    kind: 'permanent',
    because: 'the issuer does not know the requested resource or audience',
  },
  // what we say
  scopes_not_granted: {
    kind: 'permanent',
    because: 'the issuer granted fewer scopes than requested and requireGrantedScopes is true',
  },
  insecure_endpoint: {
    kind: 'permanent',
    because:
      'the token endpoint must be an https address (http only on loopback), without user or password',
  },
  redirected: {
    kind: 'permanent',
    because:
      'the token endpoint answers with a redirect, which is not followed: write its final address',
  },
  rate_limited: { kind: 'transient', because: 'the token endpoint asks to slow down' },
  endpoint_error: {
    kind: 'transient',
    because: 'the token endpoint answers with an error of its own',
  },
  unexpected_status: {
    kind: 'transient',
    because:
      'the token endpoint answers with a status that no token endpoint has: check its address',
  },
  malformed_answer: {
    kind: 'transient',
    because: 'the token endpoint answers with no usable token',
  },
  answer_too_large: { kind: 'transient', because: 'the answer of the token endpoint is too large' },
  token_already_over: {
    kind: 'transient',
    because: 'the token was over when it arrived: compare the clocks, check the token lifetime',
  },
  endpoint_timeout: {
    kind: 'transient',
    because: 'the token endpoint did not answer within requestTimeout',
  },
  endpoint_unreachable: { kind: 'transient', because: 'the token endpoint could not be reached' },
  discovery_failed: {
    kind: 'transient',
    because: 'the discovery document of the issuer names no token endpoint yet',
  },
  cancelled: { kind: 'transient', because: 'the token request was cancelled' },
} as const satisfies Record<string, Row>

export type TokenFailureCode = keyof typeof tokenFailures

export type TokenFailure = {
  readonly kind: 'transient' | 'permanent'
  /** The endpoint's `error` when it is a known one, else our word. */
  readonly code: TokenFailureCode
  /** For people; fixed words by code, at most with the name of a system error. */
  readonly because: string
  /** Seconds that the endpoint asked for. */
  readonly retryAfter: number | undefined
}

/** `systemCode`, such as ECONNREFUSED, is added to the words when it looks like one. Pure. */
export function tokenFailure(
  code: TokenFailureCode,
  facts: { readonly retryAfter?: number | undefined; readonly systemCode?: unknown } = {},
): TokenFailure {
  const { kind, because } = tokenFailures[code]
  const { systemCode, retryAfter } = facts
  const named = typeof systemCode === 'string' && /^[A-Z][A-Z0-9_]{2,63}$/.test(systemCode)
  return { kind, code, because: named ? `${because} (${systemCode})` : because, retryAfter }
}
