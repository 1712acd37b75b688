/** Request and trace ids (SPEC 3): kept when they are well formed, else made. */
import { randomUUID } from 'node:crypto'

const requestId = /^[A-Za-z0-9._:/+=~-]{1,128}$/
/** W3C Trace Context §3.2.2: version, trace-id, parent-id, flags; all zeros are invalid. */
const traceparent = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/

/** The one well-formed `X-Request-Id` of a request, or a new one. */
export function readRequestId(rawHeaders: readonly string[]): string {
  const value = onlyValue(rawHeaders, 'x-request-id')
  return value !== undefined && requestId.test(value) ? value : randomUUID()
}

/** The trace id of the one well-formed `traceparent`, else undefined. */
export function readTraceId(rawHeaders: readonly string[]): string | undefined {
  const value = onlyValue(rawHeaders, 'traceparent')
  return value === undefined ? undefined : (traceparent.exec(value)?.[1] ?? undefined)
}

/** The value of a header that occurs exactly once; `name` in lower case. */
export function onlyValue(rawHeaders: readonly string[], name: string): string | undefined {
  let found: string | undefined
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const candidate = rawHeaders[i] as string
    if (candidate.length !== name.length || candidate.toLowerCase() !== name) continue
    if (found !== undefined) return undefined
    found = rawHeaders[i + 1]
  }
  return found
}
