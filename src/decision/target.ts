/** Request target -> Target, or why it is refused (SPEC 2.2). */
import type { Brand, Result } from '../units.ts'

/** The very bytes of a path that were matched and go upstream. */
export type MatchedBytes = Brand<string, 'MatchedBytes'>

/** Segments, percent-decoded once. */
export type Reading = readonly string[]

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

export type InvalidPath = { readonly code: 'invalid_path'; readonly because: string }

/** Exactly what `inbound.paths` relaxes; all false by default. */
export type PathRelaxations = {
  readonly semicolons: boolean
  readonly emptySegments: boolean
  readonly encodedSlashes: boolean
}

export declare function parseTarget(
  requestTarget: string,
  relaxed: PathRelaxations,
): Result<Target, InvalidPath>
