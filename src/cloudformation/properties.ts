/** The properties of one resource, resolved and of the type that is wanted; anything else is a problem at its place. */
import { isMap } from 'yaml'
import type { Node, YAMLMap } from 'yaml'
import { absent, unresolved } from './intrinsic-call.ts'
import type { Resolved, Value } from './intrinsic-call.ts'
import { evaluate } from './intrinsics.ts'
import type { ScopeAt } from './template-scope.ts'

export type Properties = {
  /** As it resolves; `absent` when it is not there. */
  value(name: string): Resolved
  /** Undefined = not there, or reported. */
  text(name: string): string | undefined
  /** Undefined = reported. */
  requiredText(name: string): string | undefined
  /** Empty = not there, or reported. */
  texts(name: string): readonly string[]
  flag(name: string): boolean
  /** Undefined = not there, or reported. */
  number(name: string): number | undefined
  /** A mapping, or a list of mappings as in `Scopes`; empty = not there, or reported. */
  mappings(name: string): readonly ReadonlyMap<string, Value>[]
  report(name: string, message: string): void
}

/** Reads `resource.Properties`; problems get the key `key.name`. */
export function propertiesOf(resource: YAMLMap, key: string, scopeAt: ScopeAt): Properties {
  const own = resource.get('Properties')
  const map = isMap(own) ? own : undefined
  const nodeOf = (name: string) => map?.get(name, true) as Node | undefined

  const report: Properties['report'] = (name, message) =>
    scopeAt(`${key}.${name}`).report(nodeOf(name) ?? resource, message)

  const value: Properties['value'] = (name) => {
    const node = nodeOf(name)
    return node === undefined ? absent : evaluate(node, scopeAt(`${key}.${name}`))
  }

  function typed<Wanted>(
    name: string,
    what: string,
    read: (value: Value) => Wanted | undefined,
  ): Wanted | undefined {
    const found = value(name)
    if (found === absent || found === unresolved) return undefined
    const wanted = read(found)
    if (wanted === undefined) report(name, `${what} is expected here`)
    return wanted
  }

  const text: Properties['text'] = (name) =>
    typed(name, 'text', (found) => (typeof found === 'string' ? found : undefined))

  return {
    value,
    text,
    report,
    requiredText(name) {
      if (nodeOf(name) === undefined) report(name, 'is missing')
      return text(name)
    },
    texts: (name) => typed(name, 'a list of texts', textsIn) ?? [],
    flag: (name) => typed(name, 'true or false', flagIn) ?? false,
    number: (name) => typed(name, 'a whole number', numberIn),
    mappings: (name) => typed(name, 'a mapping', mappingsIn) ?? [],
  }
}

function textsIn(value: Value): readonly string[] | undefined {
  const items = Array.isArray(value) ? (value as readonly Value[]) : [value]
  return items.every((item) => typeof item === 'string') ? items : undefined
}

function flagIn(value: Value): boolean | undefined {
  const word = typeof value === 'string' ? value.toLowerCase() : ''
  return word === 'true' ? true : word === 'false' ? false : undefined
}

function numberIn(value: Value): number | undefined {
  return typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : undefined
}

function mappingsIn(value: Value): readonly ReadonlyMap<string, Value>[] | undefined {
  const items = Array.isArray(value) ? (value as readonly Value[]) : [value]
  return items.every((item) => item instanceof Map) ? items : undefined
}
