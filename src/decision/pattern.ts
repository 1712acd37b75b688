/** One path pattern: parse, write, compare by specificity (SPEC 2.1). */
import { no, ok, type Result } from '../units.ts'

export type PatternSegment =
  | {
      readonly kind: 'literal'
      readonly text: string
      /** Unicode upper then lower */ readonly folded: string
    }
  | { readonly kind: 'name'; readonly name: string }

export type Pattern = {
  /** As written. */
  readonly text: string
  readonly segments: readonly PatternSegment[]
  /** Ends with `**`: zero or more segments more. */
  readonly open: boolean
}

/**
 * Reads a pattern as written in the configuration. The problem says what is wrong and what would be right.
 *
 * Pure. One trailing slash is dropped, as it is when the owner of a request is found: `/a/` is the
 * path `/a`. A literal that no request could ever match (SPEC 2.2 refuses it before) is a problem.
 */
export function parsePattern(text: string): Result<Pattern, string> {
  if (!text.startsWith('/')) return no(`a path begins with /: write /${text}`)
  const parts = text.slice(1).split('/')
  if (parts.at(-1) === '') parts.pop()
  const open = parts.at(-1) === '**'
  if (open) parts.pop()
  const segments: PatternSegment[] = []
  const names = new Set<string>()
  for (const part of parts) {
    const name = /^\{([a-z_][a-z0-9_-]*)\}$/i.exec(part)?.[1]
    if (name === undefined) {
      const problem = whyNoLiteral(part)
      if (problem !== undefined) return no(problem)
      segments.push({ kind: 'literal', text: part, folded: foldCase(part) })
      continue
    }
    if (names.has(name)) return no(`{${name}} stands twice: give each parameter a name of its own`)
    names.add(name)
    segments.push({ kind: 'name', name })
  }
  return ok({ text, segments, open })
}

/**
 * The form in which two spellings of a segment are the same: Unicode upper, then lower (SPEC 2.1).
 * Pure. Lower once before, or `ẞ` (whose upper case is itself) would not meet `ß`.
 */
export function foldCase(text: string): string {
  const lower = text.toLowerCase()
  return /^[\0-\x7f]*$/.test(text) ? lower : lower.toUpperCase().toLowerCase()
}

/** The pattern as one would write it. Pure. */
export function writePattern(segments: readonly PatternSegment[], open: boolean): string {
  const parts = segments.map((part) => (part.kind === 'literal' ? part.text : `{${part.name}}`))
  return `/${[...parts, ...(open ? ['**'] : [])].join('/')}`
}

/**
 * Orders patterns: negative when `a` is more specific, 0 when they are the same path.
 *
 * Pure. From the left, literal before `{name}` before the end before `**`; the first difference
 * decides. Of the patterns that match a request, the first in this order owns it.
 */
export function compareSpecificity(a: Pattern, b: Pattern): number {
  for (let at = 0; ; at += 1) {
    const difference = rankAt(a, at) - rankAt(b, at)
    if (difference !== 0) return difference
    const [one, other] = [a.segments[at], b.segments[at]]
    if (one === undefined || other === undefined) return 0
    if (one.kind === 'name' || other.kind === 'name' || one.folded === other.folded) continue
    return one.folded < other.folded ? -1 : 1
  }
}

/** Whether two patterns match exactly the same requests: names and case of letters aside. Pure. */
export function samePath(a: Pattern, b: Pattern): boolean {
  return compareSpecificity(a, b) === 0
}

function rankAt({ segments, open }: Pattern, at: number): number {
  const segment = segments[at]
  if (segment === undefined) return open ? 3 : 2
  return segment.kind === 'literal' ? 0 : 1
}

/** Why a segment is no literal, and what to write; undefined when it is one. */
function whyNoLiteral(part: string): string | undefined {
  if (part === '') return 'a path has no empty segment: write one / between segments'
  if (part === '**') return '** stands only at the end: use {name} for one segment within a path'
  if (part.includes('*'))
    return '* is no wildcard: write {name} for one segment, or ** as the last one'
  if (/[{}]/.test(part))
    return 'a parameter is a whole segment, {name}, of letters, digits, _ and -, not first a digit or -'
  if (/[?#]/.test(part)) return 'a path has no ? or #: the query takes no part in matching'
  if (part === '.' || part === '..')
    return `no request with a segment ${part} gets through: leave it out`
  if (/[;\\]/.test(part)) return 'no request with ; or \\ in a segment can match this: use {name}'
  if (/[\p{Cc}\p{Cs}]/u.test(part))
    return 'a path has no control characters or halves of characters'
  if (/%[0-9a-f]{2}/i.test(part)) return `a literal is written decoded: ${decodedAdvice(part)}`
  return undefined
}

function decodedAdvice(part: string): string {
  try {
    const decoded = decodeURIComponent(part)
    return whyNoLiteral(decoded) === undefined && !decoded.includes('/')
      ? `write ${decoded}`
      : 'this escape cannot stand for anything that a request may hold'
  } catch {
    return 'this escape is not UTF-8'
  }
}
