/** `claims:` -> rules, names of the file -> what they name. Pure but for reports. */
import type { ClaimRule } from '../../decision/claims.ts'
import { nonEmpty } from '../../units.ts'
import type { KeyPath } from '../problems.ts'
import { report } from '../read.ts'
import { didYouMean } from '../suggest.ts'
import { sourceAt, type Context } from './context.ts'

type ClaimValue = string | number | boolean
export type ClaimsInput = Readonly<Record<string, ClaimValue | readonly ClaimValue[]>>

/** In the order of the file. */
export function readClaims(claims: ClaimsInput | undefined): readonly ClaimRule[] {
  return Object.entries(claims ?? {}).map(([claim, value]) => ({
    claim,
    values: nonEmpty<ClaimValue>(Array.isArray(value) ? value : [value]),
  }))
}

/** Reports a name that is not among the known ones. The message has the file's text only. */
export function checkName(
  context: Context,
  path: KeyPath,
  name: string,
  known: readonly string[],
  where: string,
): boolean {
  if (known.includes(name)) return true
  const source = sourceAt(context, path)
  const advice =
    known.length === 0
      ? `; ${where} has none`
      : didYouMean(source, known) || `; there are ${known.join(', ')}`
  report(context, path, `${where} has no ${JSON.stringify(source)}${advice}`)
  return false
}

/** Path of one item of what may be a list or one text. */
export function itemPath(context: Context, path: KeyPath, index: number): KeyPath {
  const item = [...path, index]
  return context.document.place(item) === undefined ? path : item
}
