/** Where paths share requests: crossings that need a route, methods that a narrower path takes away. */
import { contains, crossing } from './crossing.ts'
import {
  methodsOf,
  otherMethods,
  routeFor,
  sameRequirement,
  spokesman,
  type Owner,
} from './owner.ts'
import { compareSpecificity, type Pattern } from './pattern.ts'
import type { Route } from './routes.ts'
import { isOwned, overlapping, type Trie } from './trie.ts'

/** Two routes that cross with different requirements, and the path that has to be written. */
export type Crossing = {
  readonly routes: readonly [Route, Route]
  readonly missing: Pattern
}

/** Methods that `broader` lists, and that are denied where the path of `narrower` owns the request. */
export type TakenAway = {
  readonly broader: Route
  readonly narrower: Route
  /** `*` = all methods that no route of either path lists. */
  readonly methods: readonly string[]
}

/**
 * Pairs of paths of which each matches something that the other does not, where a method is judged
 * differently and no route is written for what they share. One for each pair of paths. Pure.
 */
export function findCrossings(trie: Trie): readonly Crossing[] {
  const found: Crossing[] = []
  for (const { one, other, shared } of openCrossings(trie))
    for (const method of methodsOf(one, other)) {
      const routes = [routeFor(one, method), routeFor(other, method)] as const
      if (routes[0] === undefined || routes[1] === undefined) continue
      if (sameRequirement(routes[0], routes[1])) continue
      found.push({ routes: [routes[0], routes[1]], missing: shared })
      break
    }
  return found
}

/**
 * Every method that a narrower path takes away from the next broader one, or from one that it
 * crosses, since the most specific path owns the request whatever its method. Pure.
 */
export function findTakenAway(trie: Trie): readonly TakenAway[] {
  const found: TakenAway[] = []
  const broader = new Map<Owner, Owner[]>(trie.owners.map((owner) => [owner, []]))
  for (const [one, other] of overlapping(trie)) {
    if (contains(one.pattern, other.pattern)) broader.get(other)?.push(one)
    if (contains(other.pattern, one.pattern)) broader.get(one)?.push(other)
  }
  for (const [narrower, around] of broader)
    for (const owner of around)
      if (!around.some((next) => next !== owner && contains(owner.pattern, next.pattern)))
        found.push(...lost(owner, narrower))
  for (const { one, other } of openCrossings(trie))
    found.push(
      ...(compareSpecificity(one.pattern, other.pattern) < 0 ? lost(other, one) : lost(one, other)),
    )
  return found
}

function lost(broader: Owner, narrower: Owner): readonly TakenAway[] {
  return broader.routes.flatMap((route) => {
    const methods = (route.methods ?? [otherMethods]).filter(
      (method) => routeFor(narrower, method) === undefined,
    )
    return methods.length === 0 ? [] : [{ broader: route, narrower: spokesman(narrower), methods }]
  })
}

type OpenCrossing = { readonly one: Owner; readonly other: Owner; readonly shared: Pattern }

/** Crossing paths for whose intersection no route is written. */
function openCrossings(trie: Trie): readonly OpenCrossing[] {
  return overlapping(trie).flatMap(([one, other]) => {
    const shared = crossing(one.pattern, other.pattern)
    return shared === undefined || isOwned(trie, shared) ? [] : [{ one, other, shared }]
  })
}
