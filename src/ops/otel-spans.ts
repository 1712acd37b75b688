/**
 * How spans are named and filled: OpenTelemetry's semantic conventions for HTTP, in their stable form. Attributes hold no
 * query, no header and no token, so `url.full` is less than the conventions say, and there is no `user_agent.original`.
 */
import { type Attributes, type Span, SpanStatusCode } from '@opentelemetry/api'

/** Those that the conventions know; any other is `_OTHER`, so that nobody outside can make names. */
const knownMethods = new Set(['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'])

/** The method as the name of a span begins. Pure. */
export function spanName(method: string): string {
  return knownMethods.has(method) ? method : 'HTTP'
}

/** Of any span of a request. Pure. */
export function methodAttributes(method: string): Attributes {
  return knownMethods.has(method)
    ? { 'http.request.method': method }
    : { 'http.request.method': '_OTHER', 'http.request.method_original': method }
}

/** Of every request that we send to this origin. Pure. */
export function originAttributes(origin: string): Attributes {
  const { hostname, port, protocol } = new URL(origin)
  return {
    'server.address': hostname,
    'server.port': Number(port === '' ? (protocol === 'https:' ? 443 : 80) : port),
  }
}

/** Address of a request that we send, without its query, and without a fragment that report mode lets pass. Pure. */
export function fullUrl(origin: string, target: string): string {
  return origin + target.replace(/[?#].*$/s, '')
}

/** A name or address with an optional port, as in `Host`. */
const plainHost = /^([\w.-]+|\[[\da-fA-F:.]+\])(?::(\d{1,5}))?$/

/** Of a request that we are sent, from its `Host`; nothing when that is something else. Pure. */
export function serverAttributes(host: string | undefined): Attributes {
  const [, address, port] = plainHost.exec(host ?? '') ?? []
  return {
    ...(address !== undefined && { 'server.address': address }),
    ...(port !== undefined && { 'server.port': Number(port) }),
  }
}

/** Marks a span as failed; `type` is a status or a word of few. */
export function failSpan(span: Span, type: string): void {
  span.setAttribute('error.type', type)
  span.setStatus({ code: SpanStatusCode.ERROR })
}
