/** How the sets of paths that two patterns match lie to each other (SPEC 2.1). */
import { writePattern, type Pattern, type PatternSegment } from './pattern.ts'

/**
 * The pattern of the paths that both match: the one to write where two paths cross.
 * Pure. Undefined when no path matches both. Names are made unique.
 */
export function intersection(a: Pattern, b: Pattern): Pattern | undefined {
  const segments: PatternSegment[] = []
  const names = new Set<string>()
  for (let at = 0; at < Math.max(a.segments.length, b.segments.length); at += 1) {
    const both = narrower(segmentAt(a, at), segmentAt(b, at))
    if (both === undefined) return undefined
    segments.push(both.kind === 'literal' ? both : { kind: 'name', name: unused(both.name, names) })
  }
  const open = a.open && b.open
  return { text: writePattern(segments, open), segments, open }
}

/** Whether `a` matches everything that `b` matches. Pure. */
export function contains(a: Pattern, b: Pattern): boolean {
  if (a.segments.length > b.segments.length) return false
  if (!a.open && (b.open || a.segments.length < b.segments.length)) return false
  return a.segments.every((segment, at) => {
    if (segment.kind === 'name') return true
    const other = b.segments[at]
    return other?.kind === 'literal' && other.folded === segment.folded
  })
}

/** Their intersection, if each matches something that the other does not. Pure. */
export function crossing(a: Pattern, b: Pattern): Pattern | undefined {
  return contains(a, b) || contains(b, a) ? undefined : intersection(a, b)
}

/** Whether both match something in common, and each something that the other does not. Pure. */
export function patternsCross(a: Pattern, b: Pattern): boolean {
  return crossing(a, b) !== undefined
}

/** `any` = the pattern goes on with `**` here, undefined = it has ended. */
function segmentAt({ segments, open }: Pattern, at: number): PatternSegment | 'any' | undefined {
  return segments[at] ?? (open ? 'any' : undefined)
}

function narrower(
  a: PatternSegment | 'any' | undefined,
  b: PatternSegment | 'any' | undefined,
): PatternSegment | undefined {
  if (a === undefined || b === undefined) return undefined
  if (b === 'any') return a as PatternSegment // one of them has a segment here
  if (a === 'any') return b
  if (a.kind === 'name') return b
  return b.kind === 'name' || a.folded === b.folded ? a : undefined
}

function unused(name: string, names: Set<string>): string {
  let candidate = name
  for (let count = 2; names.has(candidate); count += 1) candidate = `${name}${count}`
  names.add(candidate)
  return candidate
}
