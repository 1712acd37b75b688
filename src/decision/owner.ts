/** A path and the routes that share it: who takes which method (SPEC 2.1). */
import type { Pattern } from './pattern.ts'
import type { Route } from './routes.ts'

/** All routes of one path; `routes` is never empty. */
export type Owner = {
  readonly pattern: Pattern
  readonly routes: Route[]
  readonly byMethod: Map<string, Route>
  /** The route without methods. */
  rest: Route | undefined
}

/** Stands for the methods that nobody lists, where methods are listed. */
export const otherMethods = '*'

/**
 * The route that takes the method, if any. Pure.
 * GET includes HEAD unless HEAD is listed; a route without methods takes what no other lists.
 */
export function routeFor(owner: Owner, method: string): Route | undefined {
  return (
    owner.byMethod.get(method) ??
    (method === 'HEAD' ? owner.byMethod.get('GET') : undefined) ??
    owner.rest
  )
}

/**
 * Adds a route to the owner of its path.
 * Says which route was there first with one of its methods, and with which.
 */
export function addRoute(
  owner: Owner,
  route: Route,
): { readonly first: Route; readonly method: string } | undefined {
  owner.routes.push(route)
  if (route.methods === undefined) {
    if (owner.rest !== undefined) return { first: owner.rest, method: otherMethods }
    owner.rest = route
    return undefined
  }
  for (const method of route.methods) {
    const first = owner.byMethod.get(method)
    if (first !== undefined && first !== route) return { first, method }
    owner.byMethod.set(method, route)
  }
  return undefined
}

/**
 * The route that answers for a path whose method is not listed: one in mode `enforce`, if there is
 * any, so that a route in report mode opens no method of its neighbours. Pure.
 */
export function spokesman(owner: Owner): Route {
  return owner.routes.reduce((one, other) => (one.mode === 'enforce' ? one : other))
}

/** The methods that at least one of the owners lists, and `*` for all others. Pure. */
export function methodsOf(...owners: readonly Owner[]): readonly string[] {
  return [...new Set([...owners.flatMap(({ byMethod }) => [...byMethod.keys()]), otherMethods])]
}

/** Whether two routes ask the same and treat a request alike; who wrote it where is no matter. Pure. */
export function sameRequirement(a: Route, b: Route): boolean {
  return requirement(a) === requirement(b)
}

/** As text: it is plain data, and another order of members is at worst taken for another requirement. */
function requirement({ access, conditions, mode, websocket, timeouts }: Route): string {
  return JSON.stringify([access, conditions, mode, websocket, timeouts])
}
