/** Reading claims by name or JSON Pointer (RFC 6901) and comparing them exactly (SPEC 2, 2.1). */
import type { NonEmpty } from '../units.ts'

export type Claims = Readonly<Record<string, unknown>>

/** One condition on a claim; `claim` is a name, or a JSON Pointer when it starts with `/`. */
export type ClaimRule = {
  readonly claim: string
  /** One of these; a list claim matches by any element. */
  readonly values: NonEmpty<string | number | boolean>
}

/**
 * The value of a claim, undefined when it is not there. Pure.
 * Own members only: no token can be made to have a `constructor`.
 */
export function readClaim(claims: Claims, nameOrPointer: string): unknown {
  if (!nameOrPointer.startsWith('/')) return member(claims, nameOrPointer)
  return nameOrPointer
    .slice(1)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce<unknown>(member, claims)
}

/** Whether the claim is one of the values, or a list that holds one: same type, same value. Pure. */
export function holds(rule: ClaimRule, claims: Claims): boolean {
  const value = readClaim(claims, rule.claim)
  const found: readonly unknown[] = Array.isArray(value) ? value : [value]
  return rule.values.some((wanted) => found.includes(wanted))
}

function member(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  if (Array.isArray(value) && !/^(0|[1-9]\d*)$/.test(name)) return undefined
  return Object.hasOwn(value, name) ? (value as Claims)[name] : undefined
}
