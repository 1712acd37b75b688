/** Values that others refer to: each is read once, however often and in whatever circles it is named. */
import { no, ok } from '../units.ts'
import type { Result } from '../units.ts'
import type { Resolved, Value } from './intrinsic-call.ts'
import type { Cell } from './permissions-model.ts'

/** Texts that double with every reference would otherwise fill the memory. AWS takes far less. */
const longest = 4096
/** How many values may be made of each other. */
const deepest = 50

export type ReadOnce<Key> = (
  key: Key,
  read: () => Cell<Value> | undefined,
  /** Tells that the value refers to itself. */
  refuse: () => void,
) => Result<Resolved, string>

/** A memory of values. A "no" says why there is none. */
export function readOnce<Key>(): ReadOnce<Key> {
  const known = new Map<Key, Result<Resolved, string>>()
  const open = new Set<Key>()
  return (key, read, refuse) => {
    const before = known.get(key)
    if (before !== undefined) return before
    if (open.has(key)) {
      refuse()
      return no('refers to itself')
    }
    if (open.size >= deepest) return no('is made of too many others')
    open.add(key)
    const found = resultOf(read())
    open.delete(key)
    known.set(key, found)
    return found
  }
}

function resultOf(cell: Cell<Value> | undefined): Result<Resolved, string> {
  if (cell === undefined) return no('has no value')
  if (cell.kind === 'unknown') return no(cell.why)
  return lengthOf(cell.value) > longest ? no('is longer than AWS takes') : ok(cell.value)
}

function lengthOf(value: Value): number {
  if (typeof value === 'string') return value.length
  const parts: readonly Value[] = value instanceof Map ? [...value.values()] : [...value]
  return parts.reduce((sum, part) => sum + lengthOf(part) + 1, 0)
}
