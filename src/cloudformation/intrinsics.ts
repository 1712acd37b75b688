/** CloudFormation's intrinsic functions: a node and what it may refer to -> a value, or a problem at its place. */
import { isAlias, isMap, isScalar, isSeq } from 'yaml'
import type { Node, YAMLMap } from 'yaml'
import type { Result } from '../units.ts'
import { intrinsicCall, itemsOf, literal, unresolved } from './intrinsic-call.ts'
import type { Call, Resolved, Scope, Value } from './intrinsic-call.ts'
import type { IntrinsicName } from './template-document.ts'

/** Resolves `node`; what cannot be resolved is reported to `scope`, never guessed. */
export function evaluate(node: Node | null, scope: Scope): Resolved {
  const call = intrinsicCall(node)
  return call === undefined ? plain(node, scope) : functions[call.name](call, scope)
}

function plain(node: Node | null, scope: Scope): Resolved {
  if (isScalar(node)) {
    // a parsed scalar always has its source
    if (node.value !== null) return node.source as string
  } else if (isSeq(node)) {
    return collect(node.items as Node[], scope)
  } else if (isMap(node)) {
    return fields(node, scope)
  }
  scope.report(node, isAlias(node) ? 'CloudFormation knows no aliases' : 'a value is missing')
  return unresolved
}

function collect(nodes: readonly Node[], scope: Scope): Resolved {
  const values = nodes.map((item) => evaluate(item, scope))
  if (values.includes(unresolved)) return unresolved
  return values.filter((value) => typeof value !== 'symbol')
}

function fields(node: YAMLMap, scope: Scope): Resolved {
  const entries = node.items.map(
    ({ key, value }) => [String(key), evaluate(value as Node | null, scope)] as const,
  )
  if (entries.some(([, value]) => value === unresolved)) return unresolved
  return new Map(entries.filter((entry): entry is [string, Value] => typeof entry[1] !== 'symbol'))
}

/** Text that `node` comes to; anything else is reported. */
function textOf(node: Node | null, scope: Scope, short = false): string | typeof unresolved {
  const value = short ? plain(node, scope) : evaluate(node, scope)
  if (typeof value === 'string' || value === unresolved) return value
  scope.report(node, 'text is expected here')
  return unresolved
}

function listOf(node: Node, scope: Scope): readonly Value[] | typeof unresolved {
  const value = evaluate(node, scope)
  if (value === unresolved || (typeof value === 'object' && !(value instanceof Map)))
    return value as readonly Value[]
  scope.report(node, 'a list is expected here')
  return unresolved
}

function lookUp(name: string, found: Result<Resolved, string>, at: Node, scope: Scope): Resolved {
  if (found.ok) return found.value
  scope.report(at, `\`${name}\`: ${found.problem}`)
  return unresolved
}

const functions: Record<IntrinsicName, (call: Call, scope: Scope) => Resolved> = {
  Ref(call, scope) {
    const name = literal(call.argument)
    if (name !== undefined) return lookUp(name, scope.reference(name), call.at, scope)
    scope.report(call.at, 'Ref takes the name of a parameter or resource')
    return unresolved
  },
  GetAtt(call, scope) {
    const path = isSeq(call.argument)
      ? call.argument.items.map((item) => literal(item as Node)).join('.')
      : literal(call.argument)
    const [name, attribute] = splitOnce(path ?? '')
    if (attribute)
      return lookUp(`${name}.${attribute}`, scope.attribute(name, attribute), call.at, scope)
    scope.report(call.at, 'GetAtt takes Resource.Attribute')
    return unresolved
  },
  Sub(call, scope) {
    const parts = isSeq(call.argument) ? (call.argument.items as Node[]) : [call.argument]
    const template = literal(parts[0] ?? null)
    if (template === undefined) {
      scope.report(call.at, 'Sub takes a text, or [text, names and values]')
      return unresolved
    }
    const own = parts[1] ? evaluate(parts[1], scope) : new Map<string, Value>()
    return own === unresolved ? own : substitute(template, own, call.at, scope)
  },
  Join(call, scope) {
    const items = itemsOf(call, scope, 'delimiter, list')
    if (!items) return unresolved
    const delimiter = textOf(items[0] as Node, scope)
    const list = listOf(items[1] as Node, scope)
    if (delimiter === unresolved || list === unresolved) return unresolved
    if (list.every((item) => typeof item === 'string')) return list.join(delimiter)
    scope.report(call.at, 'Join joins texts only')
    return unresolved
  },
  Select(call, scope) {
    const items = itemsOf(call, scope, 'index, list')
    if (!items) return unresolved
    const index = textOf(items[0] as Node, scope)
    const list = listOf(items[1] as Node, scope)
    if (index === unresolved || list === unresolved) return unresolved
    const value = /^\d+$/.test(index) ? list[Number(index)] : undefined
    if (value !== undefined) return value
    scope.report(call.at, `there is no item ${index} in a list of ${list.length}`)
    return unresolved
  },
  Split(call, scope) {
    const items = itemsOf(call, scope, 'delimiter, text')
    if (!items) return unresolved
    const delimiter = textOf(items[0] as Node, scope)
    const text = textOf(items[1] as Node, scope)
    return delimiter === unresolved || text === unresolved ? unresolved : text.split(delimiter)
  },
  FindInMap(call, scope) {
    const items = itemsOf(call, scope, 'map, first key, second key')
    if (!items) return unresolved
    const keys = items.map((item) => textOf(item, scope))
    if (keys.includes(unresolved)) return unresolved
    const [map, first, second] = keys as [string, string, string]
    return lookUp(`${map}.${first}.${second}`, scope.mapping(map, first, second), call.at, scope)
  },
  If(call, scope) {
    const items = itemsOf(call, scope, 'condition, value if true, value if false')
    if (!items) return unresolved
    const condition = scope.condition(literal(items[0] as Node) ?? '', items[0] as Node)
    if (condition === undefined) return unresolved
    return evaluate((condition ? items[1] : items[2]) as Node, scope)
  },
  Base64(call, scope) {
    const text = textOf(call.argument, scope, call.short)
    return text === unresolved ? text : Buffer.from(text).toString('base64')
  },
  ImportValue(call, scope) {
    const name = textOf(call.argument, scope, call.short)
    return name === unresolved ? name : lookUp(name, scope.exported(name), call.at, scope)
  },
  And: onlyInConditions,
  Condition: onlyInConditions,
  Equals: onlyInConditions,
  Not: onlyInConditions,
  Or: onlyInConditions,
  Cidr: notHere,
  GetAZs: notHere,
  Length: notHere,
  ToJsonString: notHere,
  Transform: notHere,
}

function onlyInConditions(call: Call, scope: Scope): Resolved {
  scope.report(call.at, `${call.name} belongs into Conditions`)
  return unresolved
}

function notHere(call: Call, scope: Scope): Resolved {
  scope.report(call.at, `${call.name} is not supported here; write the value or pass a parameter`)
  return unresolved
}

const placeholder = /\$\{(!?)([^}]*)\}/g

/** `${Name}`, `${Resource.Attribute}`, and `${!Literal}` for `${Literal}`. */
function substitute(template: string, own: Resolved, at: Node, scope: Scope): Resolved {
  const values = [...template.matchAll(placeholder)].map(([, escaped, name = '']) => {
    if (escaped) return `\${${name}}`
    const value = substitution(name.trim(), own, at, scope)
    if (typeof value === 'string' || value === unresolved) return value
    scope.report(at, `\`${name}\` is no text`)
    return unresolved
  })
  if (values.includes(unresolved)) return unresolved
  return template.replace(placeholder, () => values.shift() as string)
}

function substitution(name: string, own: Resolved, at: Node, scope: Scope): Resolved {
  const value = own instanceof Map ? (own as ReadonlyMap<string, Value>).get(name) : undefined
  if (value !== undefined) return value
  const [resource, attribute] = splitOnce(name)
  const found = attribute ? scope.attribute(resource, attribute) : scope.reference(name)
  return lookUp(name, found, at, scope)
}

function splitOnce(path: string): readonly [string, string] {
  const dot = path.indexOf('.')
  return dot === -1 ? [path, ''] : [path.slice(0, dot), path.slice(dot + 1)]
}
