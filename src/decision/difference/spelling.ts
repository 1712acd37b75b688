/** In which case a path may be written, as far as its routes care: a literal counts as it stands (SPEC 2.1). Pure. */
import { foldCase, type Pattern, writePattern } from '../pattern.ts'
import type { Reading } from '../target.ts'

/** Whether the literals of a route stand in the path in the case in which it has them. */
export type Spelled = { readonly pattern: Pattern; readonly isKept: boolean }

export type Spelling = { readonly before: Spelled; readonly after: Spelled }

/** The spellings that paths of both patterns can have; the one that both take comes first, if there is one. */
export function spellingsOf(before: Pattern, after: Pattern): readonly Spelling[] {
  const found: Spelling[] = []
  const add = (isBefore: boolean, isAfter: boolean): void => {
    found.push({
      before: { pattern: before, isKept: isBefore },
      after: { pattern: after, isKept: isAfter },
    })
  }
  if (!disagree(before, after)) add(true, true)
  if (canMiss(after, before)) add(true, false)
  if (canMiss(before, after)) add(false, true)
  if (before.segments.some(hasCase) && after.segments.some(hasCase)) add(false, false)
  return found
}

/** Whether somebody wrote paths of this spelling into a configuration: all others are merely possible. */
export function isWritten({ before, after }: Spelling): boolean {
  if (before.isKept && after.isKept) return true
  return before.isKept !== after.isKept && disagree(before.pattern, after.pattern)
}

/** Whether the path is spelled so. */
export function isSpelled({ before, after }: Spelling, path: Reading): boolean {
  return [before, after].every(({ pattern, isKept }) => isSpelledAs(pattern, path) === isKept)
}

/** The template in the case of the patterns that the spelling keeps. */
export function inSpelling(template: Pattern, { before, after }: Spelling): Pattern {
  const kept = [after, before].filter(({ isKept }) => isKept)
  const segments = template.segments.map((part, at) => {
    const own = kept.map(({ pattern }) => pattern.segments[at])
    return part.kind === 'name' ? part : (own.find((one) => one?.kind === 'literal') ?? part)
  })
  return { ...template, segments, text: writePattern(segments, template.open) }
}

/** Whether the path matches the pattern, in any case. */
export function matches({ segments, open }: Pattern, path: Reading): boolean {
  if (path.length < segments.length || (!open && path.length > segments.length)) return false
  return segments.every((part, at) => {
    const segment = path[at] as string // it is not shorter
    return part.kind === 'name' ? segment !== '' : part.folded === foldCase(segment)
  })
}

/** Whether a path that matches has every literal as the pattern has it. */
function isSpelledAs({ segments }: Pattern, path: Reading): boolean {
  return segments.every((part, at) => part.kind === 'name' || part.text === path[at])
}

/** Both have a literal in one place, in different case. */
function disagree(a: Pattern, b: Pattern): boolean {
  return a.segments.some((part, at) => {
    const other = b.segments[at]
    return part.kind === 'literal' && other?.kind === 'literal' && part.text !== other.text
  })
}

/** A path can be spelled as `kept` has it and not as `missed` has it. */
function canMiss(missed: Pattern, kept: Pattern): boolean {
  return missed.segments.some((part, at) => {
    const other = kept.segments[at]
    if (part.kind === 'name' || !hasCase(part)) return false
    return other?.kind !== 'literal' || other.text !== part.text
  })
}

function hasCase(part: Pattern['segments'][number]): boolean {
  if (part.kind === 'name') return false
  return part.text.toLowerCase() !== part.text || part.text.toUpperCase() !== part.text
}
