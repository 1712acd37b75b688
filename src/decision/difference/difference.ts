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
import { mostPlaces, pairsOf } from './pairs.ts'
import { isInRegion, type Neighbours, neighboursOf, type Region, regionsOf } from './regions.ts'
import { handshake, sameObjects, type Side, verdictOf } from './side.ts'
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

/** Sets two configurations beside each other; `most` places are looked at. */
export function compareSides(before: Side, after: Side, most: number): Result<Comparison, TooMuch> {
  const pairs = pairsOf(trieOf(before.table), trieOf(after.table), most)
  if (pairs === undefined) return no('too many places')
  const same = sameObjects()
  const verdicts = { before: verdictOf(before, same), after: verdictOf(after, same) }
  const cases = pairs.flatMap((pair) => casesOf(pair, verdicts))
  return ok({ cases, neighbours: neighboursOf(pairs) })
}

/** Sets them beside each other, and finds every request that they decide differently. */
export function compareAccess(
  before: Side,
  after: Side,
  most = mostPlaces,
): Result<
  { readonly comparison: Comparison; readonly rows: readonly Row<AccessChange>[] },
  TooMuch
> {
  const compared = compareSides(before, after, most)
  if (!compared.ok) return compared
  const rows = accessRows(compared.value)
  return rows.ok ? ok({ comparison: compared.value, rows: rows.value }) : rows
}

/**
 * All rows in which `compare` finds something, in the order in which they are found.
 * It is asked once for the same two.
 */
export function rowsOf<Change>(
  { cases, neighbours }: Comparison,
  compare: Compare<Change>,
): readonly Row<Change>[] {
  const ask = remembered(compare)
  const groups = new Map<string, Entry<Change>[]>()
  for (const one of cases)
    for (const entry of entriesOf(one, ask)) {
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
  const refused: TooMuch[] = []
  const look = (before: Who, after: Who): Compared<AccessChange> | undefined => {
    const who = direction === 'gained' ? gain(before, after) : gain(after, before)
    if (!who.ok) refused.push(who.problem)
    if (!who.ok || who.value === undefined) return undefined
    return { key: JSON.stringify(who.value), change: { direction, who: who.value } }
  }
  const rows = rowsOf(comparison, look)
  const [problem] = refused
  return problem === undefined ? ok(rows) : no(problem)
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

/** Asks once for the same two. */
function remembered<Value>(
  make: (before: Who, after: Who) => Value,
): (before: Who, after: Who) => Value {
  const known = new Map<Who, Map<Who, { readonly value: Value }>>()
  return (before, after) => {
    const byAfter = known.get(before) ?? new Map<Who, { readonly value: Value }>()
    known.set(before, byAfter)
    const made = byAfter.get(after) ?? { value: make(before, after) }
    byAfter.set(after, made)
    return made.value
  }
}
