/** What the upstream of inbound sees of a request's headers (SPEC 3). */
import type { InboundConfig } from '../config/config.ts'
import { foldHeader } from '../config/header-names.ts'
import type { Cleared } from '../decision/enforce.ts'
import type { Exchange } from './exchange.ts'
import { createForwarded, isForwardingHeader, isRequestOverride } from './forwarded.ts'
import { createRequestFilter } from './headers.ts'
import { createIdentity, createSpoofable, type IdentityOf } from './identity.ts'

export type InboundHeaders = {
  readonly identity: IdentityOf
  /** Flat list for the upstream: what may pass, then what we say ourselves. */
  upstream(exchange: Exchange, cleared: Cleared): readonly string[]
}

/** Builds the filters of one configuration. */
export function createInboundHeaders(config: InboundConfig): InboundHeaders {
  const { tokenHeader, certificateHeader } = config
  const foldedCertificate = certificateHeader && foldHeader(certificateHeader)
  const identity = createIdentity(config.identityHeaders)
  const forwarded = createForwarded(config.trustedProxies)
  const isSpoofable = createSpoofable(config.identityHeaders, config.removeHeaders)
  const isOurs = (name: string): boolean =>
    foldHeader(name) === 'x-request-id' ||
    foldHeader(name) === foldedCertificate ||
    isSpoofable(name)
  const foldedToken = foldHeader(tokenHeader)
  const isTokenTwin = (name: string): boolean =>
    name !== tokenHeader && foldHeader(name) === foldedToken
  const isDropped = (name: string): boolean =>
    isOurs(name) ||
    isTokenTwin(name) ||
    isForwardingHeader(name) ||
    (!config.allowRequestOverrides && isRequestOverride(name))

  const withToken = createRequestFilter(isDropped)
  const withoutToken = createRequestFilter((name) => name === tokenHeader || isDropped(name))
  // report mode: as if we were not there, but for what says who calls
  const reporting = createRequestFilter(isOurs)

  function filterOf(cleared: Cleared): (rawHeaders: readonly string[]) => string[] {
    if (!cleared.enforced) return reporting
    const access = cleared.by.route?.access
    // with another token header, Authorization is none of our business
    if (access?.kind === 'public')
      return access.forwardAuthorization && tokenHeader === 'authorization'
        ? withToken
        : withoutToken
    return config.forwardToken && cleared.by.token !== undefined ? withToken : withoutToken
  }

  return {
    identity,
    upstream(exchange, cleared) {
      const { req, record } = exchange
      const headers = filterOf(cleared)(req.rawHeaders)
      if (record.traceId === undefined) dropTrace(headers)
      if (cleared.by.token !== undefined) {
        const own = identity(cleared.by.token)
        headers.push(...(own.ok ? own.value : own.problem.fitting))
      }
      if (certificateHeader !== undefined && record.clientCertificate !== undefined)
        headers.push(certificateHeader, record.clientCertificate)
      if (cleared.enforced) headers.push(...forwarded(req))
      headers.push('X-Request-Id', record.requestId)
      return headers
    },
  }
}

/** `traceparent` is absent or not one valid value; `tracestate` means nothing without it (W3C Trace Context §3). */
function dropTrace(headers: string[]): void {
  for (let i = headers.length - 2; i >= 0; i -= 2) {
    const name = headers[i] as string
    if (name.length !== 11 && name.length !== 10) continue
    const lower = name.toLowerCase()
    if (lower === 'traceparent' || lower === 'tracestate') headers.splice(i, 2)
  }
}
