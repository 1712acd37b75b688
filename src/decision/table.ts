/** The segment trie behind SPEC 2.1: build finds duplicates and crossings, find has one owner or none. */
import type { NonEmpty, Result } from '../units.ts'
import type { Route } from './routes.ts'
import type { InvalidPath, Target } from './target.ts'

/** Opaque to everybody else. */
export type RouteTable = { readonly routes: readonly Route[] } & object

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

export declare function buildRouteTable(
  routes: readonly Route[],
): Result<RouteTable, NonEmpty<TableProblem>>

export declare function findRoute(
  table: RouteTable,
  target: Target,
  method: string,
  ignoreCase: boolean,
): Result<Found, InvalidPath>
