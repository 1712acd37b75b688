/** Routes as SPEC 2.1 has them: build finds duplicates and crossings, find has one owner or none. */
import { no, ok, type NonEmpty, type Result } from '../units.ts'
import { findNear, type NearRoute } from './near.ts'
import { findCrossings, findTakenAway, type TakenAway } from './overlaps.ts'
import { addRoute, otherMethods, routeFor, spokesman, type Owner } from './owner.ts'
import { foldCase, type Pattern } from './pattern.ts'
import type { Route } from './routes.ts'
import type { InvalidPath, Reading, Target } from './target.ts'
import { emptyTrie, type Node, ownerOf, type Trie } from './trie.ts'

const paths: unique symbol = Symbol('paths')

/** Opaque to everybody else: only `buildRouteTable` makes one. */
export type RouteTable = {
  readonly routes: readonly Route[]
  readonly [paths]: Trie
}

/** What owns a request. */
export type Found =
  | { readonly kind: 'route'; readonly route: Route }
  /** The path has an owner, which does not list the method or is written in another case. */
  | { readonly kind: 'not_listed'; readonly owner: Route; readonly because: string }
  | { readonly kind: 'none' }

/** A problem names the routes it is about by their index in the list given. */
export type TableProblem = {
  readonly kind: 'duplicate' | 'crossing'
  readonly routes: readonly [number, number]
  /** What is wrong and what would be right; for a crossing it gives the path that has to be written. */
  readonly message: string
}

/**
 * Builds the table, or tells every pair of routes that cannot stand beside each other (SPEC 2.1).
 * Pure. The order of the routes has no influence on who owns a request.
 */
export function buildRouteTable(
  routes: readonly Route[],
): Result<RouteTable, NonEmpty<TableProblem>> {
  const trie = emptyTrie()
  const indexes = new Map(routes.map((route, index) => [route, index]))
  const indexOf = (route: Route): number => indexes.get(route) as number
  const problems: TableProblem[] = []
  routes.forEach((route, index) => {
    const taken = addRoute(ownerOf(trie, route.pattern), route)
    if (taken === undefined) return
    const what = taken.method === otherMethods ? 'a route without methods' : taken.method
    problems.push({
      kind: 'duplicate',
      routes: [indexOf(taken.first), index],
      message: `${what} for this path stands already at ${place(taken.first)}: write it once`,
    })
  })
  for (const { routes: pair, missing } of findCrossings(trie))
    problems.push({
      kind: 'crossing',
      routes: [indexOf(pair[0]), indexOf(pair[1])],
      message:
        `${pair[1].pattern.text} crosses ${place(pair[0])}, which asks something else: ` +
        `write a route for ${missing.text}, which both match`,
    })
  const [first, ...others] = problems
  return first === undefined ? ok({ routes, [paths]: trie }) : no([first, ...others])
}

/**
 * Finds who owns a request: the most specific path that matches it, whatever its method.
 *
 * Pure. Case and one trailing slash are ignored in finding the owner; literals written in another
 * case are then `not_listed` unless `ignoreCase`. Readings with different owners are `invalid_path`.
 */
export function findRoute(
  table: RouteTable,
  target: Target,
  method: string,
  ignoreCase: boolean,
): Result<Found, InvalidPath> {
  const { root } = table[paths]
  const owner = walk(root, target.segments, 0)
  for (const reading of target.otherReadings)
    if (walk(root, reading, 0) !== owner)
      return no({ code: 'invalid_path', because: 'the path can be read as that of another route' })
  if (owner === undefined) return ok({ kind: 'none' })
  const route = routeFor(owner, method)
  if (route === undefined)
    return ok({
      kind: 'not_listed',
      owner: spokesman(owner),
      because: 'the path has a route, but not for this method',
    })
  if (!ignoreCase && ![target.segments, ...target.otherReadings].every(spelledAs(route.pattern)))
    return ok({
      kind: 'not_listed',
      owner: route,
      because: 'the path has a route, but is written in another case',
    })
  return ok({ kind: 'route', route })
}

/** A table that allows nothing. */
export const noRoutes: RouteTable = { routes: [], [paths]: emptyTrie() }

/** The paths of the table, for those who compare two. Pure. */
export function trieOf(table: RouteTable): Trie {
  return table[paths]
}

/** Every method that a narrower path takes away from a broader one, for people to look at. Pure. */
export function takenAway(table: RouteTable): readonly TakenAway[] {
  return findTakenAway(table[paths])
}

/**
 * The routes that came close to owning a request, and why they do not: for people who ask. Pure.
 * `found` is what `findRoute` says of it; undefined when its readings have different owners.
 */
export function nearRoutes(
  table: RouteTable,
  target: Target,
  method: string,
  found: Found | undefined,
): readonly NearRoute[] {
  if (found === undefined) return ownersOfReadings(table[paths].root, target, method)
  const taken = found.kind === 'route' ? found.route : undefined
  return findNear(table[paths], target.segments, method, taken)
}

function ownersOfReadings(root: Node, target: Target, method: string): readonly NearRoute[] {
  const readings = [target.segments, ...target.otherReadings]
  const owners = new Set(readings.map((reading) => walk(root, reading, 0)))
  return [...owners].flatMap((owner) =>
    owner === undefined
      ? []
      : {
          route: routeFor(owner, method) ?? spokesman(owner),
          kind: 'other_reading',
          because: 'owns the path in one of the ways to read it',
        },
  )
}

/** Depth first in order of specificity: the first owner met is the most specific. */
function walk(node: Node, reading: Reading, at: number): Owner | undefined {
  const segment = reading[at]
  if (segment === undefined) return node.ends ?? node.open
  const same = node.literals.size > 0 ? node.literals.get(foldCase(segment)) : undefined
  return (
    (same && walk(same, reading, at + 1)) ??
    (node.name && segment !== '' ? walk(node.name, reading, at + 1) : undefined) ??
    node.open
  )
}

function spelledAs(pattern: Pattern): (reading: Reading) => boolean {
  return (reading) =>
    pattern.segments.every((part, at) => part.kind === 'name' || part.text === reading[at])
}

function place(route: Route): string {
  return `${route.pattern.text} (line ${route.line})`
}
