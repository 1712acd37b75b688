/** Request target -> Target, or why it is refused (SPEC 2.2). */
import { no, ok, type Brand, type Result } from '../units.ts'
import { readPath, type PathRelaxations, type Reading } from './readings.ts'

export type { PathRelaxations, Reading } from './readings.ts'

/** The very bytes of a path that were matched and go upstream. */
export type MatchedBytes = Brand<string, 'MatchedBytes'>

export type Target = {
  /** The path as received, without the query. */
  readonly raw: MatchedBytes
  /** From `?` on, as received; empty when there is none. Never looked at. */
  readonly query: string
  /** The strict reading. `/` has no segments; a trailing slash shows as `trailingSlash` only. */
  readonly segments: Reading
  readonly trailingSlash: boolean
  /** What a lenient upstream might read as well; empty unless `paths` relaxes something. */
  readonly otherReadings: readonly Reading[]
}

/** `because` is fixed words, never a piece of the target. */
export type InvalidPath = { readonly code: 'invalid_path'; readonly because: string }

const slash = 0x2f
const question = 0x3f
const hash = 0x23
const percent = 0x25
const semicolon = 0x3b
const backslash = 0x5c

const noOtherReadings: readonly Reading[] = []

/**
 * Reads a request target (RFC 9112 §3.2.1, origin-form only) for matching.
 *
 * Pure. `segments` are percent-decoded once; `raw` and `query` together are the bytes received.
 * A target that two parsers could read differently comes back as `invalid_path` (SPEC 2.2), unless
 * `relaxed` names the very thing: then every way to read it is in `segments` and `otherReadings`.
 * A path without `%` and `;` costs one scan. In the query only bytes that no target may hold
 * (RFC 9112 §3.2: not visible ASCII, `#`) are refused.
 */
export function parseTarget(
  requestTarget: string,
  relaxed: PathRelaxations,
): Result<Target, InvalidPath> {
  if (requestTarget.charCodeAt(0) !== slash) return refuse('the target does not begin with /')
  const pieces: string[] = []
  let isPlain = true
  let start = 1
  let end = 1
  for (; end < requestTarget.length; end += 1) {
    const code = requestTarget.charCodeAt(end)
    if (code === question) break
    if (code === slash) {
      const piece = requestTarget.slice(start, end)
      if (isSpecial(piece)) isPlain = false
      pieces.push(piece)
      start = end + 1
    } else if (code === percent || code === semicolon) isPlain = false
    else if (code === backslash) return refuse('the path holds a backslash')
    else if (isForbidden(code)) return refuse(forbidden)
  }
  for (let at = end + 1; at < requestTarget.length; at += 1)
    if (isForbidden(requestTarget.charCodeAt(at))) return refuse(forbidden)

  const raw = requestTarget.slice(0, end) as MatchedBytes
  const query = requestTarget.slice(end)
  const last = requestTarget.slice(start, end)
  const trailingSlash = last === '' && pieces.length > 0
  if (isPlain && (last === '' || !isSpecial(last))) {
    if (last !== '') pieces.push(last)
    return ok({ raw, query, segments: pieces, trailingSlash, otherReadings: noOtherReadings })
  }
  const readings = readPath([...pieces, last], relaxed)
  if (!readings.ok) return refuse(readings.problem)
  const [segments, ...otherReadings] = readings.value
  return ok({ raw, query, segments, trailingSlash, otherReadings })
}

const forbidden = 'the target holds # or a byte outside visible ASCII'

function isForbidden(code: number): boolean {
  return code < 0x21 || code > 0x7e || code === hash
}

function isSpecial(piece: string): boolean {
  return piece === '' || piece === '.' || piece === '..'
}

function refuse(because: string): Result<never, InvalidPath> {
  return no({ code: 'invalid_path', because })
}
