/** Is this request valid HTTP within the limits? What node:http lets through is checked here (R19, R20, H6). */
import type { IncomingMessage } from 'node:http'
import type { LimitsConfig } from '../config/config.ts'
import type { ProxyProblem } from './problems.ts'
import { isHttpMethod } from './protocol.ts'

/** `uri-host [ ":" port ]` of RFC 9110 §7.2, with an IPv6 literal in brackets. */
const validHost = /^(?:[A-Za-z0-9\-._~!$&'()*+,;=%]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{0,5})?$/

/**
 * The problem with a request, or undefined. Looks at `rawHeaders`: node:http keeps the first of several
 * lines silently. `tokenHeader` (lower case) may occur once.
 */
export function checkRequest(
  req: IncomingMessage,
  limits: LimitsConfig,
  tokenHeader: string | undefined,
): ProxyProblem | undefined {
  const { rawHeaders } = req
  const target = req.url as string
  if (target.length > limits.maxTargetBytes) return { code: 'target_too_long' }
  if (rawHeaders.length / 2 > limits.maxHeaders) return { code: 'headers_too_large' }
  if (req.httpVersion !== '1.1' && req.httpVersion !== '1.0')
    return invalid('Only HTTP/1.1 and HTTP/1.0 are spoken here.')
  if (!isHttpMethod(req.method as string)) return invalid('This is no method of HTTP.')

  let size = 0
  let hosts = 0
  let tokens = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string
    const value = rawHeaders[i + 1] as string
    size += name.length + value.length + 4
    switch (name.length) {
      case 4:
        if (name.toLowerCase() === 'host') {
          hosts += 1
          if (!validHost.test(value)) return invalid('The Host header is not valid.')
        }
        break
      case 17:
        if (name.toLowerCase() === 'transfer-encoding') {
          if (req.httpVersion === '1.0') return invalid('HTTP/1.0 has no Transfer-Encoding.')
          if (value.toLowerCase() !== 'chunked')
            return invalid('The only Transfer-Encoding served is chunked.')
        }
        break
    }
    if (name.length === tokenHeader?.length && name.toLowerCase() === tokenHeader) tokens += 1
  }
  if (size > limits.maxHeaderBytes) return { code: 'headers_too_large' }
  if (hosts > 1) return invalid('There are several Host headers.')
  if (hosts === 0 && req.httpVersion === '1.1') return invalid('The Host header is missing.')
  if (tokens > 1) return invalid('The header that carries the token occurs more than once.')
  if (req.method === 'TRACE' || req.method === 'CONNECT') return { code: 'method_refused' }
  if (limits.maxBodyBytes !== undefined && declaredLength(req) > limits.maxBodyBytes)
    return { code: 'body_too_large' }
  return undefined
}

function declaredLength(req: IncomingMessage): number {
  return Number(req.headers['content-length'] ?? 0)
}

function invalid(because: string): ProxyProblem {
  return { code: 'invalid_request', because }
}
