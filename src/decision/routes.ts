/** RouteTable: build (finds duplicates and crossings), find (one owner or none). SPEC 2.1. */
import type { Milliseconds, NonEmpty } from '../units.ts'
import type { ClaimRule } from './claims.ts'
import type { Pattern } from './pattern.ts'
import type { ScopeNeed } from './scopes.ts'

export type Mode = 'enforce' | 'report'

export type Access =
  | { readonly kind: 'public'; readonly forwardAuthorization: boolean }
  | { readonly kind: 'authenticated' }
  | { readonly kind: 'scopes'; readonly need: ScopeNeed }

/** What must hold besides the access; all of a route's conditions must. */
export type Condition =
  | {
      readonly kind: 'issuer'
      /** names of the configuration, not `iss` */ readonly names: NonEmpty<string>
    }
  | { readonly kind: 'client'; readonly ids: NonEmpty<string> }
  | { readonly kind: 'claim'; readonly rule: ClaimRule }

export type Route = {
  /** For people, logs and metrics: methods joined by a comma, a space, the pattern; unique in a table. */
  readonly id: string
  /** Where it stands in the configuration file, from 1. */
  readonly line: number
  readonly column: number
  readonly pattern: Pattern
  /** Upper case; undefined = those that no other route of its path lists. */
  readonly methods: NonEmpty<string> | undefined
  readonly access: Access
  /** Issuer, then clients, then claims: the order in which they are judged (SPEC 3). */
  readonly conditions: readonly Condition[]
  /** Name of the policy that access and conditions came from. */
  readonly policy: string | undefined
  readonly mode: Mode
  /** Undefined = the upstream's. */
  readonly timeouts: {
    readonly headers: Milliseconds | undefined
    readonly body: Milliseconds | undefined
  }
  readonly websocket: { readonly allowed: boolean; readonly outliveToken: boolean }
}
