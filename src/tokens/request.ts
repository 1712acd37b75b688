/** One client credentials grant request (RFC 6749 §4.4) -> AccessToken. Only this file and client-auth.ts know oauth4webapi. */
import { no, ok, secret } from '../units.ts'
import type { Clock, EpochSeconds, Result, Secret } from '../units.ts'
import { unlessAborted } from './abort.ts'
import { clientAuth } from './client-auth.ts'
import { checkEndpoint } from './endpoint.ts'
import type { CheckedEndpoint } from './endpoint.ts'
import type { ReportTokenEvent } from './events.ts'
import { tokenFailure } from './failures.ts'
import type { TokenFailure } from './failures.ts'
import { missingScopes } from './granted.ts'
import type { Grant } from './settings.ts'
import { readTokenAnswer } from './token-answer.ts'
import type { RawAnswer } from './token-answer.ts'
import type { TraceIssuerRequest } from './trace.ts'

export type AccessToken = {
  readonly value: Secret
  /** The whole field value, `Bearer …`: revealed as it is, without building a string per request. */
  readonly authorization: Secret
  readonly expiresAt: EpochSeconds
  /** When it was asked for. */
  readonly obtainedAt: EpochSeconds
  /** Undefined = the answer did not say; then it is what was requested. */
  readonly grantedScopes: readonly string[] | undefined
}

export type RequestTokenDeps = {
  readonly clock: Clock
  readonly report: ReportTokenEvent
  /** Finds the `token_endpoint` in the discovery document of `issuer`; its "no" is for people. */
  readonly discover: (issuer: string) => Promise<Result<string, string>>
  readonly trace?: TraceIssuerRequest | undefined
}

/**
 * Asks the token endpoint once. Never throws, never retries.
 *
 * Ends after the client's `requestTimeout` (discovery and body included) or when `signal` is aborted. Scopes that
 * were requested and not granted are reported, or with `requireGrantedScopes` are a permanent failure.
 */
export async function requestToken(
  grant: Grant,
  deps: RequestTokenDeps,
  signal: AbortSignal,
): Promise<Result<AccessToken, TokenFailure>> {
  const limit = new AbortController()
  const stop = (code: 'endpoint_timeout' | 'cancelled') => () => {
    limit.abort(code)
  }
  const cancel = stop('cancelled')
  const timer = setTimeout(stop('endpoint_timeout'), grant.client.requestTimeout).unref()
  signal.addEventListener('abort', cancel, { once: true })
  if (signal.aborted) cancel()
  const result = await attempt(grant, deps, limit.signal).catch((error: unknown) =>
    no(networkFailure(error, limit.signal)),
  )
  clearTimeout(timer)
  signal.removeEventListener('abort', cancel)
  return result
}

async function attempt(
  grant: Grant,
  deps: RequestTokenDeps,
  signal: AbortSignal,
): Promise<Result<AccessToken, TokenFailure>> {
  const { endpoint } = grant.client
  const address =
    endpoint.kind === 'uri'
      ? ok(endpoint.url)
      : await unlessAborted(deps.discover(endpoint.issuer), signal, () => no('aborted'))
  signal.throwIfAborted()
  if (!address.ok) return no(tokenFailure('discovery_failed'))
  const checked = checkEndpoint(address.value)
  if (checked === undefined) return no(tokenFailure('insecure_endpoint'))
  const obtainedAt = deps.clock()
  const answer = readTokenAnswer(await tracedPost(grant, checked, signal, deps), obtainedAt)
  if (!answer.ok) return answer
  const { accessToken, expiresAt, grantedScopes } = answer.value
  const missing = missingScopes(grant.scopes, grantedScopes)
  if (missing.length > 0) {
    if (grant.client.requireGrantedScopes) return no(tokenFailure('scopes_not_granted'))
    deps.report({ kind: 'scopes_not_granted', client: grant.client.name, missing })
  }
  return ok({
    value: secret(accessToken),
    authorization: secret(`Bearer ${accessToken}`),
    expiresAt,
    obtainedAt,
    grantedScopes,
  })
}

async function tracedPost(
  grant: Grant,
  endpoint: CheckedEndpoint,
  signal: AbortSignal,
  { trace }: Pick<RequestTokenDeps, 'trace'>,
): Promise<RawAnswer> {
  const ended = trace?.('POST', endpoint.url)
  try {
    const answer = await post(grant, endpoint, signal)
    ended?.({ status: answer.status, error: undefined })
    return answer
  } catch (error) {
    ended?.({ status: undefined, error: networkFailure(error, signal).code })
    throw error
  }
}

async function post(
  grant: Grant,
  endpoint: CheckedEndpoint,
  signal: AbortSignal,
): Promise<RawAnswer> {
  // Loaded when the first token is needed: an inbound-only sidecar never pays for them.
  const [oauth, { openTokenFetch }] = await Promise.all([
    import('oauth4webapi'),
    import('./token-fetch.ts'),
  ])
  const { client } = grant
  const connection = openTokenFetch(client.tls)
  try {
    const response = await oauth.clientCredentialsGrantRequest(
      { issuer: endpoint.url, token_endpoint: endpoint.url },
      { client_id: client.clientId },
      clientAuth(oauth, client),
      parameters(grant),
      {
        [oauth.customFetch]: connection.fetch,
        // marked deprecated to make it stand out; only ever true on loopback (SPEC 4)
        // eslint-disable-next-line @typescript-eslint/no-deprecated
        [oauth.allowInsecureRequests]: endpoint.isPlaintext,
        headers: { 'user-agent': 'scopegate', 'accept-encoding': 'identity' },
        signal,
      },
    )
    return await connection.read(response)
  } finally {
    connection.close()
  }
}

/** Ours come last: extra `parameters` never replace what a setting of its own says. */
function parameters({ client, scopes, resource, audience }: Grant): Record<string, string> {
  return {
    ...client.parameters,
    ...(scopes.length > 0 && { scope: scopes.join(' ') }),
    ...(resource !== undefined && { resource }),
    ...(audience !== undefined && { audience }),
  }
}

function networkFailure(error: unknown, limit: AbortSignal): TokenFailure {
  if (limit.aborted) return tokenFailure(limit.reason as 'endpoint_timeout' | 'cancelled')
  // fetch wraps what happened as `cause`; only its code is looked at, messages may hold anything
  const { cause } = Object(error) as { cause?: unknown }
  const { code: systemCode } = Object(cause) as { code?: unknown }
  return systemCode === 'UND_ERR_RES_EXCEEDED_MAX_SIZE'
    ? tokenFailure('answer_too_large')
    : tokenFailure('endpoint_unreachable', { systemCode })
}
