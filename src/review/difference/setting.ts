/** What is told of a setting that differs, and the ways in which settings are compared. Pure. */
import { createHash } from 'node:crypto'

/** `both`: some are let through now, others no longer. `changed`: it does not decide who is let through. */
export type Effect = 'widened' | 'narrowed' | 'both' | 'changed'

export type Setting = {
  /** As in the file: `inbound.mode`. */
  readonly key: string
  readonly effect: Effect
  readonly before: string
  readonly after: string
  /** What that means. */
  readonly note: string
}

export type Told = Omit<Setting, 'effect'>

/** Nothing when both texts are the same. */
export function differs(told: Told, effect: Effect): readonly Setting[] {
  return told.before === told.after ? [] : [{ ...told, effect }]
}

/** A setting that lets more through when it is on. */
export function opens(
  key: string,
  [before, after]: readonly [boolean, boolean],
  note: string,
): readonly Setting[] {
  return differs(
    { key, before: String(before), after: String(after), note },
    after ? 'widened' : 'narrowed',
  )
}

/** A setting that lets more through the greater it is. */
export function grows(
  key: string,
  [before, after]: readonly [number, number],
  note: string,
): readonly Setting[] {
  const effect = after > before ? 'widened' : 'narrowed'
  return differs({ key, before: duration(before), after: duration(after), note }, effect)
}

/** A list of what is accepted; undefined = anything. */
export function accepts(
  key: string,
  [before, after]: readonly [readonly string[] | undefined, readonly string[] | undefined],
  note: string,
): readonly Setting[] {
  const effect = effectOf(before, after)
  return effect === undefined
    ? []
    : [{ key, effect, before: listed(before), after: listed(after), note }]
}

function effectOf(
  before: readonly string[] | undefined,
  after: readonly string[] | undefined,
): Effect | undefined {
  if (before === undefined || after === undefined) {
    if (before === after) return undefined
    return after === undefined ? 'widened' : 'narrowed'
  }
  const isMore = after.some((item) => !before.includes(item))
  const isLess = before.some((item) => !after.includes(item))
  if (isMore) return isLess ? 'both' : 'widened'
  return isLess ? 'narrowed' : undefined
}

/** The list as text; undefined = any. */
export const listed = (list: readonly string[] | undefined): string =>
  list === undefined ? 'any' : list.length === 0 ? 'none' : [...list].sort().join(', ')

/** Tells two texts apart, and says nothing of what they are: the beginning of their SHA-256. */
export const fingerprint = (text: string): string =>
  createHash('sha256').update(text).digest('hex').slice(0, 16)

/** Certificates by their fingerprint; white space is no part of them. */
export const pemText = (pem: string | undefined): string =>
  pem === undefined ? 'none' : fingerprint(pem.replace(/\s/g, ''))

/** In the greatest unit that needs no fraction. */
function duration(milliseconds: number): string {
  const units = [
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1000],
  ] as const
  const [unit, length] = units.find(([, size]) => milliseconds % size === 0) ?? ['ms', 1]
  return `${milliseconds / length}${unit}`
}
