/**
 * Numbers that cannot be mixed up, results that must be looked at, secrets that cannot be printed.
 */

declare const brand: unique symbol
export type Brand<Base, Name extends string> = Base & { readonly [brand]: Name }

export type Milliseconds = Brand<number, 'Milliseconds'>
/** Seconds since 1970-01-01T00:00:00Z, RFC 7519 §2 NumericDate; may have a fraction. */
export type EpochSeconds = Brand<number, 'EpochSeconds'>
export type Bytes = Brand<number, 'Bytes'>

/** Tells the time; tests pass their own. */
export type Clock = () => EpochSeconds
/** A number from 0 up to, not including, 1; tests pass their own. */
export type Random = () => number

export const systemClock: Clock = () => (Date.now() / 1000) as EpochSeconds

export const milliseconds = (value: number): Milliseconds => value as Milliseconds
export const seconds = (value: number): EpochSeconds => value as EpochSeconds
export const bytes = (value: number): Bytes => value as Bytes

/** A list that cannot be empty, where empty would mean "everyone". */
export type NonEmpty<Item> = readonly [Item, ...Item[]]

/** A list that cannot be empty where this is called: an empty one is a bug, and throws. Pure. */
export function nonEmpty<Item>(items: readonly Item[]): NonEmpty<Item> {
  if (items.length === 0) throw new Error('a list that cannot be empty is empty')
  // its length was looked at
  return items as NonEmpty<Item>
}

/** An expected "no" is a value, not an exception. */
export type Result<Value, Problem> =
  { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly problem: Problem }

export const ok = <Value>(value: Value): { readonly ok: true; readonly value: Value } => ({
  ok: true,
  value,
})
export const no = <Problem>(
  problem: Problem,
): { readonly ok: false; readonly problem: Problem } => ({ ok: false, problem })

/** A value that prints as `[secret]`; `reveal()` is called where the bytes leave. */
export type Secret = { reveal(): string; toString(): '[secret]'; toJSON(): '[secret]' }

/** Wraps `value`; it is held by a closure, so that no inspector or serialiser walks into it. */
export function secret(value: string): Secret {
  return { reveal: () => value, toString: () => '[secret]', toJSON: () => '[secret]' }
}
