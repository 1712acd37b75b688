/** The `Conditions` section: Equals, And, Or, Not over parameters. */
import type { Node } from 'yaml'
import { isSeq } from 'yaml'
import { intrinsicCall, itemsOf, literal, unresolved } from './intrinsic-call.ts'
import type { Call, Scope } from './intrinsic-call.ts'
import { evaluate } from './intrinsics.ts'
import type { IntrinsicName } from './template-document.ts'

/** True or false; undefined when it could not be resolved, which has been reported to `scope`. */
export function holds(node: Node | null, scope: Scope): boolean | undefined {
  const call = intrinsicCall(node)
  const condition = call && conditions[call.name]
  if (condition) return condition(call, scope)
  scope.report(node, 'a condition is one of Equals, And, Or, Not, Condition')
  return undefined
}

const conditions: Partial<
  Record<IntrinsicName, (call: Call, scope: Scope) => boolean | undefined>
> = {
  Equals: equal,
  And: (call, scope) => all(call, scope, (results) => results.every(Boolean)),
  Or: (call, scope) => all(call, scope, (results) => results.some(Boolean)),
  Not: (call, scope) => all(call, scope, (results) => !results[0]),
  Condition: (call, scope) => scope.condition(literal(call.argument) ?? '', call.at),
}

function equal(call: Call, scope: Scope): boolean | undefined {
  const items = itemsOf(call, scope, 'one value, other value')
  if (!items) return undefined
  const [one, other] = items.map((item) => evaluate(item, scope))
  if (one === unresolved || other === unresolved) return undefined
  return one === other
}

function all(
  call: Call,
  scope: Scope,
  combine: (results: readonly (boolean | undefined)[]) => boolean,
): boolean | undefined {
  if (!isSeq(call.argument) || call.argument.items.length === 0) {
    scope.report(call.at, `${call.name} takes a list of conditions`)
    return undefined
  }
  const results = call.argument.items.map((item) => holds(item as Node, scope))
  return results.includes(undefined) ? undefined : combine(results)
}
