/** A part of the document through its schema: a typed value, or problems with their places. Only this file knows zod's issues. */
import type * as z from 'zod'
import type { ConfigProblem } from './config.ts'
import type { ConfigDocument, Place } from './document.ts'
import { keyText, type KeyPath } from './problems.ts'
import { didYouMean } from './suggest.ts'

/** Collects problems; `report` finds line and column. */
export type Report = {
  readonly document: ConfigDocument
  readonly problems: ConfigProblem[]
  /** Keys that have a problem. */
  readonly told: Set<string>
  /** Mappings and lists of which something wrong was taken out; see `read`. */
  readonly incomplete: Set<string>
}

/** Adds a problem at `place`, else where the value stands, or what holds it. One problem a key: the first is the cause. */
export function report(
  to: Report,
  path: KeyPath,
  message: string,
  place = placeOf(to.document, path),
): void {
  const key = keyText(path)
  if (to.told.has(key)) return
  to.told.add(key)
  to.problems.push({ line: place.line, column: place.column, key, message })
}

/**
 * Reports that the mapping at this place lacks something, unless one of its keys was taken out as
 * wrong: that may be the very one, misspelled.
 */
export function reportLack(to: Report, path: KeyPath, message: string): void {
  if (!to.incomplete.has(keyText(path))) report(to, path, message)
}

/** What a problem at this place looks like; for warnings too. Pure. */
export function problemAt(document: ConfigDocument, path: KeyPath, message: string): ConfigProblem {
  const { line, column } = placeOf(document, path)
  return { line, column, key: keyText(path), message }
}

/** Its place, or that of the nearest that holds it; the root always has one. Pure. */
export function placeOf(document: ConfigDocument, path: KeyPath): Place {
  return document.place(path) ?? placeOf(document, path.slice(0, -1))
}

/** The plain value at a place. Pure. */
export function valueAt(document: ConfigDocument, path: KeyPath): unknown {
  return path.reduce<unknown>((value, step) => {
    if (typeof value !== 'object' || value === null) return undefined
    return Object.hasOwn(value, step) ? (value as Record<string, unknown>)[step] : undefined
  }, document.root)
}

/** The keys of the mapping at a place, none when it is none. Pure. */
export function keysAt(document: ConfigDocument, path: KeyPath): readonly string[] {
  const value = valueAt(document, path)
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.keys(value)
    : []
}

/**
 * Reads what stands at `path`. Problems are reported; what is wrong is then taken out, so that the
 * rest can be looked at in the same run. Undefined when nothing useful is left. Keys of `apart` are
 * not looked at: they are read by themselves.
 */
export function read<Schema extends z.ZodType>(
  to: Report,
  path: KeyPath,
  schema: Schema,
  apart: readonly string[] = [],
): z.output<Schema> | undefined {
  const { document } = to
  let value = without(valueAt(document, path), apart)
  let result = schema.safeParse(value)
  // YAML cannot know whether `0123` is a number or a name: the schema does, so its word counts
  const tried = new Set<string>()
  for (;;) {
    const next = respell(document, path, value, result, tried)
    if (next === value) break
    value = next
    result = schema.safeParse(value)
  }
  if (result.success) return result.data
  const problems = result.error.issues.flatMap((issue) => explain(document, path, issue))
  const isBroken = (at: KeyPath) => document.broken.some((broken) => startsWith(at, broken))
  for (const problem of problems) {
    if (!isBroken(problem.path)) report(to, problem.path, problem.message, problem.place)
    to.incomplete.add(keyText(keyOf(problem.path).slice(0, -1)))
  }
  const wrong = problems.map((problem) => keyOf(problem.path.slice(path.length)))
  return schema.safeParse(repaired(value, wrong, schema)).data
}

/** Up to the last key: an item of a list stands for its list. */
const keyOf = (path: KeyPath): KeyPath =>
  path.slice(0, path.findLastIndex((step) => typeof step === 'string') + 1)

/** The value without what stands at these places; with a text where it cannot be missed. */
function repaired(value: unknown, wrong: readonly KeyPath[], schema: z.ZodType): unknown {
  const keys = new Map(
    wrong.filter((key) => key.length > 0).map((key) => [keyText(key), key] as const),
  )
  const removed = changed(
    value,
    [...keys.values()].map((at) => ({ at, to: undefined })),
  )
  const needed = schema.safeParse(removed).error?.issues.flatMap((issue) => {
    const at = keys.get(keyText(stepsOf(issue)))
    return at === undefined ? [] : [{ at, to: 'x' }]
  })
  return changed(removed, needed ?? [])
}

const startsWith = (path: KeyPath, start: KeyPath) =>
  start.every((step, index) => path[index] === step)

function without(value: unknown, apart: readonly string[]): unknown {
  if (apart.length === 0 || typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).flatMap(([key, inner]: [string, unknown]) => {
    if (!apart.includes(key) || typeof inner !== 'object' || inner === null) return [[key, inner]]
    return Array.isArray(inner) ? [[key, []]] : []
  })
  return Object.fromEntries(entries)
}

type Issue = z.core.$ZodIssue
type Found = {
  readonly path: KeyPath
  readonly message: string
  /** When it is not that of the value. */
  readonly place?: Place | undefined
}

/** The value with scalars in their other spelling, each tried once; the same value when none is left. */
function respell(
  document: ConfigDocument,
  path: KeyPath,
  value: unknown,
  result: z.ZodSafeParseResult<unknown>,
  tried: Set<string>,
): unknown {
  const changes: Change[] = []
  for (const { wanted, at } of wantedTypes(result.error?.issues ?? [], [])) {
    const { text, number } = document.place([...path, ...at]) ?? {}
    const to = wanted === 'string' ? text : wanted === 'number' ? number : undefined
    if (to === undefined || tried.has(keyText(at))) continue
    tried.add(keyText(at))
    changes.push({ at, to })
  }
  return changes.length === 0 ? value : changed(value, changes)
}

function wantedTypes(
  issues: readonly Issue[],
  path: KeyPath,
): readonly { wanted: string; at: KeyPath }[] {
  return issues.flatMap((issue) => {
    const at = [...path, ...stepsOf(issue)]
    if (issue.code === 'invalid_union')
      return issue.errors.flatMap((inner) => wantedTypes(inner, at))
    if (issue.code !== 'invalid_type') return []
    return [{ wanted: issue.expected === 'int' ? 'number' : issue.expected, at }]
  })
}

type Change = { readonly at: KeyPath; readonly to: unknown }

/**
 * A copy with every change made, undefined = removed. All in one go, here and above: with one at a time a
 * file of some thousand wrong values held up a reload, and every request meanwhile, for a minute.
 */
function changed(value: unknown, changes: readonly Change[]): unknown {
  const inside = new Map<string, Change[]>()
  for (const { at, to } of changes) {
    const [step, ...rest] = at
    if (step === undefined) return to
    const others = inside.get(String(step)) ?? []
    others.push({ at: rest, to })
    inside.set(String(step), others)
  }
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value))
    return value.map((item: unknown, index) => changed(item, inside.get(String(index)) ?? []))
  const entries = new Map<string, unknown>(Object.entries(value))
  for (const [key, inner] of inside) {
    const next = changed(entries.get(key), inner)
    if (next === undefined) entries.delete(key)
    else entries.set(key, next)
  }
  return Object.fromEntries(entries)
}

/** One issue in our words: unknown keys one by one, of a union the branch that was meant. */
function explain(document: ConfigDocument, path: KeyPath, issue: Issue): readonly Found[] {
  const at = [...path, ...stepsOf(issue)]
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => {
      // see `mapping` in schema/values.ts: the message is the list of known keys
      const known = issue.message.split(' ')
      const advice = didYouMean(key, known)
      return {
        path: [...at, key],
        place: document.keyPlace([...at, key]),
        message: `this key is not known here${advice === '' ? `; known are ${known.join(', ')}` : advice}`,
      }
    })
  if (issue.code === 'invalid_union') {
    const meant = issue.errors.find((inner) => !inner.some(isOfAnotherShape))
    if (meant !== undefined) return meant.flatMap((inner) => explain(document, at, inner))
  }
  const value = valueAt(document, at)
  if (document.place(at) === undefined)
    return [{ path: at, message: `is missing; it ${issue.message}` }]
  if (value === null) return [{ path: at, message: `is empty; it ${issue.message}` }]
  if (issue.code === 'invalid_value' && typeof value === 'string') {
    const shown = String(placeOf(document, at).source)
    const words = issue.values.filter((word) => typeof word === 'string')
    return [{ path: at, message: `${issue.message}${didYouMean(shown, words)}` }]
  }
  return [{ path: at, message: issue.message }]
}

const isOfAnotherShape = (issue: Issue) => issue.path.length === 0 && issue.code === 'invalid_type'

const stepsOf = (issue: Issue): KeyPath =>
  issue.path.map((step) => (typeof step === 'number' ? step : String(step)))
