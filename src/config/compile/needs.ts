/** `scopes:` -> ScopeNeed (SPEC 2.1). */
import type { ScopeName, ScopeNeed } from '../../decision/scopes.ts'
import { nonEmpty } from '../../units.ts'
import type { KeyPath } from '../problems.ts'
import { report, reportLack } from '../read.ts'
import type { NeedInput } from '../schema/inbound.ts'
import { itemPath } from './claims.ts'
import { shown, type Context } from './context.ts'

/** The need; undefined when it has problems, which are reported. */
export function readNeed(context: Context, path: KeyPath, input: NeedInput): ScopeNeed | undefined {
  if (typeof input === 'string')
    return isScope(context, path, input) ? { kind: 'one', scope: input as ScopeName } : undefined
  if (isList(input)) {
    const [only, ...more] = input
    if (only !== undefined && more.length === 0) return readNeed(context, [...path, 0], only)
    report(context, path, 'is a list: write { anyOf: […] } or { allOf: […] } to say which is meant')
    return undefined
  }
  const [list, second] = (['anyOf', 'allOf'] as const).flatMap((kind) => {
    const written = input[kind]
    return written === undefined ? [] : [{ kind, written }]
  })
  if (list === undefined || second !== undefined) {
    const tell = list === undefined ? reportLack : report
    tell(context, path, 'must have exactly one of anyOf and allOf')
    return undefined
  }
  const { kind, written } = list
  const parts = typeof written === 'string' ? [written] : written
  const needs = parts.flatMap((part, index) => {
    const need = readNeed(context, itemPath(context, [...path, kind], index), part)
    return need === undefined ? [] : [need]
  })
  if (needs.length !== parts.length) return undefined
  return { kind, needs: nonEmpty(needs) }
}

const isList = (input: NeedInput): input is readonly string[] => Array.isArray(input)

/** RFC 6749 §3.3 scope-token. Reports what is none. */
export function isScope(context: Context, path: KeyPath, text: string): boolean {
  if (/^[!#-[\]-~]+$/.test(text)) return true
  const several = /^[!#-[\]-~]+( +[!#-[\]-~]+)+$/.test(text)
  const advice = several
    ? 'list several scopes one by one'
    : 'it has no blanks, quotes, \\ or other than ASCII characters'
  report(context, path, `${shown(context, path)} is no scope; ${advice}`)
  return false
}
