/** What routes ask for, put together: both of two, one of several. Pure. */
import type { Access } from '../decision/routes.ts'
import { meets, type ScopeName, type ScopeNeed } from '../decision/scopes.ts'

/** RFC 6749 §3.3 scope-token. */
export const isScopeName = (text: string): boolean => /^[!#-[\]-~]+$/.test(text)

/** The need of all of these; undefined when there is none. Each is named once. */
export function allOf(needs: readonly ScopeNeed[]): ScopeNeed | undefined {
  return joined('allOf', needs)
}

/** The need of one of these; undefined when there is none. */
export function anyOf(needs: readonly ScopeNeed[]): ScopeNeed | undefined {
  return joined('anyOf', needs)
}

export const oneScope = (scope: string): ScopeNeed => ({ kind: 'one', scope: scope as ScopeName })

function joined(kind: 'allOf' | 'anyOf', needs: readonly ScopeNeed[]): ScopeNeed | undefined {
  const flat = needs.flatMap((need) => (need.kind === kind ? need.needs : [need]))
  const [first, ...others] = new Map(flat.map((need) => [JSON.stringify(need), need])).values()
  if (first === undefined || others.length === 0) return first
  return { kind, needs: [first, ...others] }
}

/** What meets both: never wider than either. */
export function bothAccesses(a: Access, b: Access): Access {
  if (a.kind === 'public') return b
  if (b.kind === 'public' || b.kind === 'authenticated') return a
  if (a.kind === 'authenticated') return b
  return { kind: 'scopes', need: allOf([a.need, b.need]) as ScopeNeed } // of two there is one
}

/** More ways to meet a need than are looked at. */
const mostWays = 1000

/**
 * Whether whoever has access `a` has access `b`, too: `a` asks for as much or more. No when it cannot be told,
 * because there are too many ways to meet `a`.
 */
export function isAtMost(a: Access, b: Access): boolean {
  if (b.kind === 'public') return true
  if (a.kind === 'public') return false
  if (b.kind === 'authenticated') return true
  if (a.kind === 'authenticated') return false
  return waysToMeet(a.need)?.every((scopes) => meets(b.need, scopes)) === true
}

/** Sets of scopes, of which each is enough; undefined when they are too many. */
function waysToMeet(need: ScopeNeed): readonly ReadonlySet<string>[] | undefined {
  if (need.kind === 'one') return [new Set([need.scope])]
  let ways: readonly ReadonlySet<string>[] = need.kind === 'anyOf' ? [] : [new Set()]
  for (const part of need.needs) {
    const more = waysToMeet(part)
    if (more === undefined || ways.length * more.length > mostWays) return undefined
    ways =
      need.kind === 'anyOf'
        ? [...ways, ...more]
        : ways.flatMap((one) => more.map((other) => new Set([...one, ...other])))
    if (ways.length > mostWays) return undefined
  }
  return ways
}

/** The scopes that an access names, each once. */
export function scopesOf({ access }: { readonly access: Access }): readonly string[] {
  const names = (need: ScopeNeed): readonly string[] =>
    need.kind === 'one' ? [need.scope] : need.needs.flatMap(names)
  return access.kind === 'scopes' ? [...new Set(names(access.need))] : []
}
