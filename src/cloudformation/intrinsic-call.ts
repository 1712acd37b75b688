/** The parts of an intrinsic function call, and what the names in it may refer to. */
import { isMap, isScalar, isSeq } from 'yaml'
import type { Node } from 'yaml'
import type { Result } from '../units.ts'
import { intrinsicNames } from './template-document.ts'
import type { IntrinsicName } from './template-document.ts'

/** Scalars are text, as CloudFormation treats them: `60`, `'60'` and a parameter's `60` are the same. */
export type Value = string | readonly Value[] | ReadonlyMap<string, Value>

/** Could not be resolved; the problem has been reported. */
export const unresolved: unique symbol = Symbol('unresolved')
/** `AWS::NoValue`: as if the property were not there. */
export const absent: unique symbol = Symbol('absent')
export type Resolved = Value | typeof unresolved | typeof absent

/** What names stand for. A "no" says why, in words that can follow "`Name`: ". */
export type Scope = {
  reference(name: string): Result<Resolved, string>
  attribute(name: string, attribute: string): Result<Resolved, string>
  mapping(map: string, first: string, second: string): Result<Resolved, string>
  exported(name: string): Result<Resolved, string>
  /** A condition by name or as a node; undefined = could not be resolved, and was reported. */
  condition(name: string, at: Node): boolean | undefined
  report(node: Node | null, message: string): void
}

export type Call = {
  readonly name: IntrinsicName
  readonly argument: Node | null
  /** `!Name argument`: the tag sits on the argument itself. */
  readonly short: boolean
  readonly at: Node
}

/** `!Ref X`, `{ Ref: X }` or `{ Fn::Join: [...] }`; undefined for anything else. */
export function intrinsicCall(node: Node | null): Call | undefined {
  if (node?.tag?.startsWith('!') === true) {
    const name = intrinsicNames.find((known) => `!${known}` === node.tag)
    return name === undefined ? undefined : { name, argument: node, short: true, at: node }
  }
  if (!isMap(node)) return undefined
  const [pair, more] = node.items
  if (!pair || more) return undefined
  const key = literal(pair.key as Node)
  const name = intrinsicNames.find((known) =>
    known === 'Ref' || known === 'Condition' ? key === known : key === `Fn::${known}`,
  )
  return name && { name, argument: pair.value as Node | null, short: false, at: node }
}

/** The argument as a list of nodes, or a problem that shows the right form. */
export function itemsOf(call: Call, scope: Scope, form: string): readonly Node[] | undefined {
  const wanted = form.split(',').length
  if (isSeq(call.argument) && call.argument.items.length === wanted)
    return call.argument.items as Node[]
  scope.report(call.at, `${call.name} is written as [${form}]`)
  return undefined
}

/** A name written out, not computed. */
export function literal(node: Node | null): string | undefined {
  return isScalar(node) && typeof node.value === 'string' ? node.value : undefined
}
