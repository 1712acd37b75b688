/**
 * Code -> status, title, challenge (RFC 9457, RFC 6750 §3). Only this file has the statuses of our own answers.
 * A new code does not compile until it has a row here; `docs/problems.md` is held against the table by a test.
 */
import type { Denial } from '../decision/decide.ts'
import { challengeScopes } from '../decision/scopes.ts'

/** What the proxies refuse besides the decision. */
export type ProxyProblem =
  | { readonly code: 'invalid_request'; readonly because: string }
  | { readonly code: 'method_refused' }
  | { readonly code: 'headers_too_large' | 'target_too_long' | 'body_too_large' }
  | { readonly code: 'request_timeout' }
  | { readonly code: 'upstream_unreachable' | 'upstream_error' | 'upstream_timeout' }
  | { readonly code: 'shutting_down' | 'overloaded'; readonly retryAfter: number }
  | { readonly code: 'unknown_upstream' }
  | { readonly code: 'browser_refused' | 'header_required' | 'authorization_refused' }
  | { readonly code: 'token_unavailable'; readonly retryAfter: number }
  | { readonly code: 'internal_error' }

export type Problem = Denial | ProxyProblem
export type ProblemCode = Problem['code']

/** The one table from code to answer. */
export const answers = {
  invalid_path: { status: 400, title: 'The path could be read in two ways' },
  invalid_request: { status: 400, title: 'The request is malformed' },
  method_refused: { status: 405, title: 'The method is refused' },
  headers_too_large: { status: 431, title: 'The request head is too large' },
  target_too_long: { status: 414, title: 'The request target is too long' },
  body_too_large: { status: 413, title: 'The request body is too large' },
  request_timeout: { status: 408, title: 'The request took too long to arrive' },
  missing_token: { status: 401, title: 'An access token is needed' },
  invalid_token: { status: 401, title: 'The access token is not valid' },
  no_route: { status: 403, title: 'No route allows this request' },
  issuer_not_allowed: { status: 403, title: 'The issuer is not accepted here' },
  client_not_allowed: { status: 403, title: 'The client is not accepted here' },
  claim_mismatch: { status: 403, title: 'A claim does not match' },
  insufficient_scope: { status: 403, title: 'The access token lacks a scope' },
  invalid_claim_value: { status: 403, title: 'A claim does not fit into its header' },
  upgrade_not_allowed: { status: 403, title: 'WebSockets are not allowed here' },
  issuer_unavailable: { status: 503, title: 'The keys of the issuer are not available' },
  upstream_unreachable: { status: 502, title: 'The upstream cannot be reached' },
  upstream_error: { status: 502, title: 'The upstream gave a bad answer' },
  upstream_timeout: { status: 504, title: 'The upstream took too long' },
  shutting_down: { status: 503, title: 'The proxy is shutting down' },
  overloaded: { status: 503, title: 'The proxy is overloaded' },
  unknown_upstream: { status: 404, title: 'No route leads to an upstream' },
  browser_refused: { status: 403, title: 'Requests of browsers are refused' },
  header_required: { status: 403, title: 'A required header is missing' },
  authorization_refused: { status: 403, title: 'The request has its own Authorization header' },
  token_unavailable: { status: 503, title: 'No access token can be obtained' },
  internal_error: { status: 500, title: 'The proxy failed' },
} as const satisfies Record<ProblemCode, { status: number; title: string }>

/** What CONNECT and TRACE are told in `Allow` (RFC 9110 §15.5.6). */
const allowedMethods = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'

export type ProblemSettings = {
  /** `inbound.realm`; undefined = no challenge (outbound). */
  readonly realm: string | undefined
  /** `problemTypes`; undefined = `about:blank`. */
  readonly problemTypes: string | undefined
}

export type RenderedProblem = {
  readonly status: number
  /** Flat list of names and values. */
  readonly headers: readonly string[]
  readonly body: string
}

/**
 * The whole answer to a problem: `application/problem+json`, `no-store`, challenge and Retry-After.
 * Pure; holds nothing of the request but its id.
 */
export function renderProblem(
  problem: Problem,
  requestId: string,
  settings: ProblemSettings,
): RenderedProblem {
  const { status, title } = answers[problem.code]
  const body = JSON.stringify({
    type:
      settings.problemTypes === undefined ? 'about:blank' : settings.problemTypes + problem.code,
    title,
    status,
    code: problem.code,
    detail: detail(problem),
    requestId,
  })
  const headers = [
    'Content-Type',
    'application/problem+json',
    'Cache-Control',
    'no-store',
    'Content-Length',
    String(Buffer.byteLength(body)),
    'X-Request-Id',
    requestId,
  ]
  const challenged = settings.realm === undefined ? undefined : challenge(problem, settings.realm)
  if (challenged !== undefined) headers.push('WWW-Authenticate', challenged)
  if ('retryAfter' in problem) headers.push('Retry-After', String(problem.retryAfter))
  if (problem.code === 'method_refused') headers.push('Allow', allowedMethods)
  return { status, headers, body }
}

/** WWW-Authenticate of RFC 6750 §3, or undefined where none belongs. Pure. */
export function challenge(problem: Problem, realm: string): string | undefined {
  const start = `Bearer realm="${realm}"`
  switch (problem.code) {
    case 'missing_token':
      return start
    case 'invalid_request':
      return `${start}, error="invalid_request"`
    case 'invalid_token':
      return `${start}, error="invalid_token", error_description="${problem.because}"`
    case 'insufficient_scope':
      return `${start}, error="insufficient_scope", scope="${challengeScopes(problem.need).join(' ')}"`
    case 'no_route':
    case 'issuer_not_allowed':
    case 'client_not_allowed':
    case 'claim_mismatch':
      return `${start}, error="insufficient_scope"`
    case 'invalid_path':
    case 'method_refused':
    case 'headers_too_large':
    case 'target_too_long':
    case 'body_too_large':
    case 'request_timeout':
    case 'invalid_claim_value':
    case 'upgrade_not_allowed':
    case 'issuer_unavailable':
    case 'upstream_unreachable':
    case 'upstream_error':
    case 'upstream_timeout':
    case 'shutting_down':
    case 'overloaded':
    case 'unknown_upstream':
    case 'browser_refused':
    case 'header_required':
    case 'authorization_refused':
    case 'token_unavailable':
    case 'internal_error':
      return undefined
  }
}

function detail(problem: Problem): string {
  switch (problem.code) {
    case 'invalid_path':
    case 'invalid_request':
    case 'invalid_token':
      return problem.because
    case 'missing_token':
      return 'Send one Authorization header with the scheme Bearer and an access token.'
    case 'no_route':
      return 'No route lists this path and method.'
    case 'issuer_not_allowed':
      return 'Tokens of this issuer are not accepted for this route.'
    case 'client_not_allowed':
      return 'This client is not on the list of the route.'
    case 'claim_mismatch':
      return 'A claim that the route asks for is absent or has another value.'
    case 'insufficient_scope':
      return `The route needs ${challengeScopes(problem.need).join(' ')}.`
    case 'invalid_claim_value':
      return `The value for the header ${problem.header} holds characters that no header can carry.`
    case 'upgrade_not_allowed':
      return 'The route does not allow WebSockets.'
    case 'issuer_unavailable':
      return 'The token cannot be checked before the keys of its issuer are there.'
    case 'method_refused':
      return 'CONNECT and TRACE are not served: this proxy makes no tunnels and echoes nothing.'
    case 'headers_too_large':
      return 'Send fewer or shorter header fields.'
    case 'target_too_long':
      return 'Send a shorter path or query.'
    case 'body_too_large':
      return 'Send a smaller body.'
    case 'request_timeout':
      return 'Send the request without long pauses.'
    case 'upstream_unreachable':
      return 'No connection to the upstream could be made.'
    case 'upstream_error':
      return 'The upstream closed the connection or sent something that is no HTTP answer.'
    case 'upstream_timeout':
      return 'The upstream did not answer in time.'
    case 'shutting_down':
      return 'Try another instance, or this one later.'
    case 'overloaded':
      return 'Too many requests wait for the upstream.'
    case 'unknown_upstream':
      return 'Neither host nor path of the request belongs to a route of this proxy.'
    case 'browser_refused':
      return 'This proxy attaches tokens for services; a web page may not use it.'
    case 'header_required':
      return 'The header that the configuration asks for is missing.'
    case 'authorization_refused':
      return 'The route refuses requests that bring their own Authorization header.'
    case 'token_unavailable':
      return 'The token endpoint gave no usable access token.'
    case 'internal_error':
      return 'The failure is in the log under the request id.'
  }
}
