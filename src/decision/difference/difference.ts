/** Which requests, and whose, two configurations decide differently: exact, never by sampling. Pure. */
import { no, ok, type Result } from '../../units.ts'
import { trieOf } from '../table.ts'
import type { Reading } from '../target.ts'
import {
  type Case,
  casesOf,
  type Compare,
  type Compared,
  entriesOf,
  type Entry,
  type Methods,
} from './changes.ts'
import { gain, type Gain, isGained } from './gain.ts'
import { pairsOf } from './pairs.ts'
import { isInRegion, type Neighbours, neighboursOf, type Region, regionsOf } from './regions.ts'
import { handshake, type Side, verdictOf } from './side.ts'
import { isWritten } from './spelling.ts'
import type { Presented, Who } from './who.ts'

/** Two configurations beside each other: every two owners that have paths in common. */
export type Comparison = {
  readonly cases: readonly Case[]
  readonly neighbours: Neighbours
}

/** Requests of one region with one of the methods, and what changes for them. */
export type Row<Change> = {
  readonly region: Region
  readonly methods: Methods
  /** False: paths in a case in which nobody wrote them, which only lenient clients send. */
  readonly isWritten: boolean
  readonly change: Change
}

/** Who is let through by one side and not by the other. */
export type AccessChange = { readonly direction: 'gained' | 'lost'; readonly who: Gain }

/** Two tables whose paths cross in more ways than can be looked at, or needs that can be met in too many. */
export type TooMuch = 'too many places' | 'too many terms'

/** Sets two configurations beside each other. */
export function compareSides(before: Side, after: Side): Result<Comparison, TooMuch> {
  const pairs = pairsOf(trieOf(before.table), trieOf(after.table))
  if (pairs === undefined) return no('too many places')
  const verdicts = { before: verdictOf(before), after: verdictOf(after) }
  const cases = pairs.flatMap((pair) => casesOf(pair, verdicts))
  return ok({ cases, neighbours: neighboursOf(pairs) })
}

/** All rows in which `compare` finds something, in the order in which they are found. */
export function rowsOf<Change>(
  { cases, neighbours }: Comparison,
  compare: Compare<Change>,
): readonly Row<Change>[] {
  const groups = new Map<string, Entry<Change>[]>()
  for (const one of cases)
    for (const entry of entriesOf(one, compare)) {
      const group = groups.get(entry.key) ?? []
      group.push(entry)
      groups.set(entry.key, group)
    }
  return [...groups.values()].flatMap((group) => {
    const [{ methods, change }] = group as [Entry<Change>] // made with its first
    return regionsOf(group, neighbours).map((region) => {
      const [{ spelling }] = region.members
      const written = spelling === undefined || isWritten(spelling)
      return { region, methods, isWritten: written, change }
    })
  })
}

/** Every request that one side lets through and the other does not, and whose it is. */
export function accessRows(comparison: Comparison): Result<readonly Row<AccessChange>[], TooMuch> {
  const gained = directed(comparison, 'gained')
  const lost = directed(comparison, 'lost')
  if (!gained.ok) return gained
  return lost.ok ? ok([...gained.value, ...lost.value]) : lost
}

function directed(
  comparison: Comparison,
  direction: AccessChange['direction'],
): Result<readonly Row<AccessChange>[], TooMuch> {
  const known = new Map<string, Compared<AccessChange> | undefined>()
  const number = numbered()
  let hasTooMany = false
  const look = (before: Who, after: Who): Compared<AccessChange> | undefined => {
    const who = direction === 'gained' ? gain(before, after) : gain(after, before)
    if (!who.ok) hasTooMany = true
    if (!who.ok || who.value === undefined) return undefined
    return { key: JSON.stringify(who.value), change: { direction, who: who.value } }
  }
  const rows = rowsOf<AccessChange>(comparison, (before, after) => {
    const key = `${number(before)} ${number(after)}`
    if (!known.has(key)) known.set(key, look(before, after))
    return known.get(key)
  })
  return hasTooMany ? no('too many terms') : ok(rows)
}

/** Whether the rows say that this request, with this token or none, is decided differently; and how. */
export function containsRequest(
  rows: readonly Row<AccessChange>[],
  { path, method }: { readonly path: Reading; readonly method: string },
  token: Presented | undefined,
): AccessChange['direction'] | undefined {
  return rows.find(
    ({ region, methods, change }) =>
      hasMethod(methods, method) && isInRegion(region, path) && isGained(change.who, token),
  )?.change.direction
}

function hasMethod({ kind, methods, websocket }: Methods, method: string): boolean {
  if (method === handshake) return websocket
  return methods.includes(method) === (kind === 'only')
}

/** The same number for the same text, so that it is made once for each value. */
function numbered(): (who: Who) => number {
  const values = new Map<Who, number>()
  const texts = new Map<string, number>()
  return (who) => {
    const known = values.get(who)
    if (known !== undefined) return known
    const text = JSON.stringify(who)
    const number = texts.get(text) ?? texts.size
    texts.set(text, number)
    values.set(who, number)
    return number
  }
}
