/** One of two configurations that are compared: whom it lets through on a path, with a method. Pure. */
import { routeFor, spokesman, type Owner } from '../owner.ts'
import type { Mode, Route } from '../routes.ts'
import type { RouteTable } from '../table.ts'
import { everyone, nobody, type Who, whoMeets } from './who.ts'

/** What of a configuration decides, besides the tokens that its issuers sign. */
export type Side = {
  readonly table: RouteTable
  readonly mode: Mode
  readonly ignoreCase: boolean
  /** From the names of its issuers to keys that mean the same issuer on both sides. */
  readonly issuers: ReadonlyMap<string, string>
}

/** Stands for a WebSocket handshake among the methods; no method of HTTP has a colon. */
export const handshake = 'GET:websocket'

/**
 * Whom the side lets through to the upstream. `isSpelled`: the literals stand in the case in which
 * the owner has them. Whoever can come through by leaving the token out is let through.
 */
export type Verdict = (owner: Owner | undefined, method: string, isSpelled: boolean) => Who

/** Gives the same object for equal values, so that they can be told apart at a glance. */
export type Same = (who: Who) => Who

export function sameObjects(): Same {
  const known = new Map<string, Who>()
  return (who) => {
    const key = JSON.stringify(who)
    const same = known.get(key) ?? who
    known.set(key, same)
    return same
  }
}

/** Equal values are the same object, for both sides if they share `same`. */
export function verdictOf({ mode, ignoreCase, issuers }: Side, same: Same): Verdict {
  const known = new Map<Route, Who>()
  const unlisted = (answering: Route): Who => {
    return mode === 'report' && answering.mode === 'report' ? everyone : nobody
  }
  const meets = (route: Route): Who => {
    const who = known.get(route) ?? same(whoMeets(route, issuers))
    known.set(route, who)
    return who
  }
  return (owner, method, isSpelled) => {
    if (owner === undefined) return mode === 'report' ? everyone : nobody
    const route = routeFor(owner, method === handshake ? 'GET' : method)
    if (route === undefined) return unlisted(spokesman(owner))
    if (!isSpelled && !ignoreCase) return unlisted(route)
    if (route.mode === 'report') return everyone
    return method === handshake && !route.websocket.allowed ? nobody : meets(route)
  }
}
