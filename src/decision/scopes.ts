/** What a route needs: `anyOf` / `allOf` trees of scopes (SPEC 2.1). */
import type { Brand, NonEmpty } from '../units.ts'

export type ScopeName = Brand<string, 'ScopeName'>

export type ScopeNeed =
  | { readonly kind: 'one'; readonly scope: ScopeName }
  | { readonly kind: 'anyOf' | 'allOf'; readonly needs: NonEmpty<ScopeNeed> }

/** Whether the granted scopes meet the need. Pure; names are compared exactly. */
export function meets(need: ScopeNeed, granted: ReadonlySet<string>): boolean {
  switch (need.kind) {
    case 'one':
      return granted.has(need.scope)
    case 'anyOf':
      return need.needs.some((part) => meets(part, granted))
    case 'allOf':
      return need.needs.every((part) => meets(part, granted))
  }
}

/**
 * The scopes that a challenge names (RFC 6750 §3): all of `allOf`, the first of `anyOf`.
 * Pure; no scope is named twice.
 */
export function challengeScopes(need: ScopeNeed): readonly ScopeName[] {
  switch (need.kind) {
    case 'one':
      return [need.scope]
    case 'anyOf':
      return challengeScopes(need.needs[0])
    case 'allOf':
      return [...new Set(need.needs.flatMap(challengeScopes))]
  }
}

/** The need in words for people: `a and (b or c)`. Pure. */
export function scopeText(need: ScopeNeed): string {
  if (need.kind === 'one') return need.scope
  const parts = need.needs.map((part) =>
    part.kind === 'one' || need.needs.length === 1 ? scopeText(part) : `(${scopeText(part)})`,
  )
  return parts.join(need.kind === 'anyOf' ? ' or ' : ' and ')
}
