/** Which headers cross, in which direction (SPEC 3, R15 to R18). One pass over the raw list. */
import { foldHeader, hopByHop } from '../config/header-names.ts'
import { nominated } from './nominated.ts'

const framing: ReadonlySet<string> = new Set(['host', 'content-length'])

/** Names remembered by each filter; a flood of new names is judged one by one. */
const maxRemembered = 1000

/**
 * A filter for request headers: keeps what `drops` (asked with the lower-case name) does not name.
 * Hop-by-hop headers, those that `Connection` nominates, and `Expect` never pass, nor does another spelling
 * of Host or Content-Length (`Content_Length`), which a lenient upstream would read as the header itself.
 */
export function createRequestFilter(
  drops: (name: string) => boolean,
): (rawHeaders: readonly string[]) => string[] {
  const remembered = new Map<string, boolean>()

  function isDropped(name: string): boolean {
    const known = remembered.get(name)
    if (known !== undefined) return known
    const lower = name.toLowerCase()
    const folded = foldHeader(name)
    const dropped =
      hopByHop.has(folded) ||
      folded === 'expect' ||
      (folded !== lower && framing.has(folded)) ||
      drops(lower)
    if (remembered.size < maxRemembered) remembered.set(name, dropped)
    return dropped
  }

  return (rawHeaders) => {
    const named = nominated(rawHeaders)
    const kept: string[] = []
    for (let i = 0; i < rawHeaders.length; i += 2) {
      const name = rawHeaders[i] as string
      if (isDropped(name) || named?.has(name.toLowerCase())) continue
      kept.push(name, rawHeaders[i + 1] as string)
    }
    return kept
  }
}

/** What becomes of a response header. */
type Fate = 'passes' | 'ends' | 'request id' | 'length'

const fates = new Map<string, Fate>()

function fateOf(name: string): Fate {
  const known = fates.get(name)
  if (known !== undefined) return known
  const lower = name.toLowerCase()
  const fate = hopByHop.has(lower)
    ? 'ends'
    : lower === 'x-request-id'
      ? 'request id'
      : lower === 'content-length'
        ? 'length'
        : 'passes'
  if (fates.size < maxRemembered) fates.set(name, fate)
  return fate
}

/**
 * Response headers for the downstream: everything byte for byte but hop-by-hop headers, those that
 * `Connection` nominates, and our request id in place of any other. A 204 has no Content-Length (RFC 9110 §8.6).
 */
export function responseHeaders(
  headers: readonly string[],
  status: number,
  requestId: string | undefined,
): string[] {
  const named = nominated(headers)
  const passed: string[] = []
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string
    const fate = fateOf(name)
    if (fate === 'ends' || named?.has(name.toLowerCase())) continue
    if (fate === 'request id' && requestId !== undefined) continue
    if (fate === 'length' && status === 204) continue
    passed.push(name, headers[i + 1] as string)
  }
  if (requestId !== undefined) passed.push('X-Request-Id', requestId)
  return passed
}
