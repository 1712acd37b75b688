/** Routes that are proposed to people: not yet in any configuration. Pure. */
import { emptyTrie, ownerOf, type Trie } from '../decision/trie.ts'
import { type Crossing, findCrossings } from '../decision/overlaps.ts'
import { addRoute, methodsOf, otherMethods, routeFor } from '../decision/owner.ts'
import { compareSpecificity, type Pattern } from '../decision/pattern.ts'
import type { Access, Route } from '../decision/routes.ts'
import type { NonEmpty } from '../units.ts'
import { bothAccesses } from './needs.ts'

export type ProposedRoute = {
  readonly pattern: Pattern
  /** Upper case; each route has one. */
  readonly method: string
  readonly access: Access
  /** Only these callers; undefined = whoever has the access. */
  readonly clientIds: NonEmpty<string> | undefined
  /** Lines of comment before the route. */
  readonly notes: readonly string[]
  /** Comment behind the route: where it comes from. */
  readonly source: string
}

/** More routes than a person reads, which come of paths that all cross each other. */
const mostAdded = 300

export type Closed = {
  readonly routes: readonly ProposedRoute[]
  /** Paths still cross: the routes do not load before somebody has thought about them. */
  readonly isCrossing: boolean
}

/**
 * Adds a route for what two paths share where these ask different things (SPEC 2.1): it asks for both.
 * Of callers it takes those that both name; where there are none, those of the more specific path, as matching does.
 */
export function withoutCrossings(proposed: readonly ProposedRoute[]): Closed {
  const routes = [...proposed]
  for (;;) {
    const { trie, origin } = trieOf(routes)
    const crossings = findCrossings(trie)
    if (crossings.length === 0) return { routes, isCrossing: false }
    if (routes.length - proposed.length > mostAdded) return { routes, isCrossing: true }
    for (const [missing, owners] of sharedPaths(trie, crossings.slice(0, mostAdded)))
      for (const method of methodsOf(...owners)) {
        const parts = [...owners].flatMap((owner) => routeFor(owner, method) ?? [])
        const [first, ...others] = parts.map((route) => origin.get(route) as ProposedRoute)
        if (first !== undefined && method !== otherMethods)
          routes.push(sharedRoute(missing, method, [first, ...others]))
      }
  }
}

type Owner = ReturnType<typeof ownerOf>

/** Each path that has to be written, with all whose requests it takes. */
function sharedPaths(
  trie: Trie,
  crossings: readonly Crossing[],
): ReadonlyMap<Pattern, ReadonlySet<Owner>> {
  const seen = emptyTrie()
  const found = new Map<Pattern, Set<Owner>>()
  for (const { routes, missing } of crossings) {
    const { pattern } = ownerOf(seen, missing)
    const owners = found.get(pattern) ?? new Set()
    found.set(pattern, owners)
    for (const route of routes) owners.add(ownerOf(trie, route.pattern))
  }
  return found
}

function sharedRoute(
  pattern: Pattern,
  method: string,
  parts: NonEmpty<ProposedRoute>,
): ProposedRoute {
  const of = [...new Set(parts.map((part) => part.pattern.text))].join(' and ')
  const about = { pattern, method, notes: [], source: `what ${of} share` }
  const ordered = parts.toSorted((a, b) => compareSpecificity(a.pattern, b.pattern))
  const access = parts.map((part) => part.access).reduce(bothAccesses)
  const named = ordered.flatMap(({ clientIds }) => (clientIds === undefined ? [] : [clientIds]))
  const [first, ...others] = named
  if (first === undefined) return { ...about, access, clientIds: undefined }
  const [one, ...more] = first.filter((id) => others.every((ids) => ids.includes(id)))
  const clientIds = one === undefined ? first : ([one, ...more] as const)
  return { ...about, access, clientIds }
}

function trieOf(routes: readonly ProposedRoute[]): {
  readonly trie: Trie
  readonly origin: ReadonlyMap<Route, ProposedRoute>
} {
  const trie = emptyTrie()
  const origin = new Map<Route, ProposedRoute>()
  for (const proposed of routes) {
    const route = routeOf(proposed)
    origin.set(route, proposed)
    addRoute(ownerOf(trie, proposed.pattern), route)
  }
  return { trie, origin }
}

/** As the decision core has it. */
export function routeOf({ pattern, method, access, clientIds }: ProposedRoute): Route {
  return {
    id: `${method} ${pattern.text}`,
    line: 0,
    column: 0,
    pattern,
    methods: [method],
    access,
    conditions: clientIds === undefined ? [] : [{ kind: 'client', ids: clientIds }],
    policy: undefined,
    mode: 'enforce',
    timeouts: { headers: undefined, body: undefined },
    websocket: { allowed: false, outliveToken: false },
  }
}
