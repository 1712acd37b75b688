/** Where an OpenAPI document and the routes of a configuration say different things. Pure. */
import type { InboundConfig } from '../../config/config.ts'
import { contains } from '../../decision/crossing.ts'
import type { Owner } from '../../decision/owner.ts'
import { compareSpecificity, type Pattern } from '../../decision/pattern.ts'
import type { Route } from '../../decision/routes.ts'
import { findRoute } from '../../decision/table.ts'
import { parseTarget } from '../../decision/target.ts'
import { emptyTrie, overlapping, ownerOf } from '../../decision/trie.ts'
import { isAtMost } from '../needs.ts'
import type { Imported, Placed } from './import.ts'
import { needsOf } from '../../proxy/explain.ts'

export type Drift = {
  readonly kind: 'no_route' | 'wider' | 'narrower' | 'no_operation'
  /** Where to look first: at the operation, or at the route. */
  readonly in: 'document' | 'configuration'
  readonly line: number
  readonly column: number
  readonly message: string
}

/** Operations without a route, routes that ask something else, and routes without an operation; those of the document first. */
export function driftOf(imported: Imported, config: InboundConfig): readonly Drift[] {
  const { placed } = imported
  return [
    ...placed.flatMap((one) => driftOfOperation(one, config)),
    ...driftOfRoutes(placed, config.routes),
  ]
}

/** Stands for any value of a parameter. */
const anyValue = 'any-value-of-a-parameter'

function driftOfOperation(placed: Placed, config: InboundConfig): readonly Drift[] {
  const { operation, pattern, access, line, column } = placed
  const shown = `${operation.method} ${pattern.text}`
  const drift = (kind: Drift['kind'], message: string): readonly Drift[] => [
    { kind, in: 'document', line, column, message: `${shown}: ${message}` },
  ]
  const path = pattern.segments.map((one) => (one.kind === 'literal' ? one.text : anyValue))
  const target = parseTarget(`/${path.map(encodeURIComponent).join('/')}`, config.paths)
  if (!target.ok) return drift('no_route', `no request has this path: ${target.problem.because}`)
  const found = findRoute(config.table, target.value, operation.method, config.ignoreCase)
  if (!found.ok) return drift('no_route', found.problem.because)
  if (found.value.kind === 'none') return drift('no_route', 'no route has this path')
  if (found.value.kind === 'not_listed')
    return drift('no_route', `${found.value.because} (line ${found.value.owner.line})`)
  const { route } = found.value
  const asks = `its route at line ${route.line} asks for ${needsOf(route)}, the document for ${needsOf({ access })}`
  if (!isAtMost(route.access, access)) return drift('wider', asks)
  const isSame = isAtMost(access, route.access)
  return isSame || !operation.demand.isExact ? [] : drift('narrower', asks)
}

function driftOfRoutes(placed: readonly Placed[], routes: readonly Route[]): readonly Drift[] {
  const trie = emptyTrie()
  const operations = new Map<Owner, Placed[]>()
  for (const one of placed) {
    const owner = ownerOf(trie, one.pattern)
    operations.set(owner, [...(operations.get(owner) ?? []), one])
  }
  const owners = routes.map((route) => ownerOf(trie, route.pattern))
  const meeting = new Map<Owner, Placed[]>()
  const meet = (owner: Owner, other: Owner): void => {
    const found = operations.get(other)
    if (found !== undefined) meeting.set(owner, [...(meeting.get(owner) ?? []), ...found])
  }
  for (const [one, other] of overlapping(trie)) {
    meet(one, other)
    meet(other, one)
  }
  return routes.flatMap((route, at) => {
    const owner = owners[at] as Owner // one for each route
    const own = operations.get(owner) ?? []
    return driftOfRoute(route, own, meeting.get(owner) ?? [])
  })
}

function driftOfRoute(
  route: Route,
  own: readonly Placed[],
  around: readonly Placed[],
): readonly Drift[] {
  const drift = (kind: Drift['kind'], method: string, message: string): Drift => {
    const { line, column, pattern } = route
    const shown = method === '' ? pattern.text : `${method} ${pattern.text}`
    return { kind, in: 'configuration', line, column, message: `${shown}: ${message}` }
  }
  const ofMethod = (list: readonly Placed[], method: string): readonly Placed[] =>
    method === '' ? list : list.filter(({ operation }) => operation.method === method)
  return (route.methods ?? ['']).flatMap((method) => {
    const all = ofMethod([...own, ...around], method)
    if (all.length === 0)
      return [drift('no_operation', method, 'the document has no operation here')]
    const wide = around.filter(({ pattern }) => contains(pattern, route.pattern))
    const nearest = ofMethod(wide, method).toSorted(bySpecificity)[0]
    if (own.length > 0 || nearest === undefined || isAtMost(route.access, nearest.access)) return []
    const asks = `asks for ${needsOf(route)}, the document (line ${nearest.line}) for ${needsOf(nearest)}`
    return [drift('wider', method, asks)]
  })
}

const bySpecificity = (
  a: { readonly pattern: Pattern },
  b: { readonly pattern: Pattern },
): number => compareSpecificity(a.pattern, b.pattern)
