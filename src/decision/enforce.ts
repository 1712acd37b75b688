/** (Decision, mode) -> Cleared, or the reason to refuse; only this file makes a Cleared. */
import { type Brand, no, ok, type Result } from '../units.ts'
import type { Decision, Denial } from './decide.ts'
import type { Mode } from './routes.ts'

const cleared: unique symbol = Symbol('cleared')

/** A request target that may go upstream, byte for byte; `forward` takes nothing less. */
export type ClearedTarget = Brand<string, 'ClearedTarget'>

/** A request that may go upstream. The symbol is not exported: nobody else can make one. */
export type Cleared = {
  readonly [cleared]: true
  readonly by: Decision
  readonly target: ClearedTarget
  /** False in report mode: the decision was only reported. */
  readonly enforced: boolean
}

/**
 * Clears a request, or gives the denial to answer with.
 * Pure. Report mode clears every decision, also that on a target which could not be parsed (SPEC 3).
 */
export function enforce(by: Decision, requestTarget: string, mode: Mode): Result<Cleared, Denial> {
  const enforced = mode === 'enforce'
  if (by.kind === 'deny' && enforced) return no(by.denial)
  return ok({ [cleared]: true, by, target: requestTarget as ClearedTarget, enforced })
}
