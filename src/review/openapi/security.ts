/** `security` of an operation -> what its route asks for (OpenAPI 3.1 §4.8.30). Pure. */
import type { Access } from '../../decision/routes.ts'
import type { ScopeNeed } from '../../decision/scopes.ts'
import { allOf, anyOf, isScopeName, oneScope } from '../needs.ts'
import { type OpenapiDocument, entriesOf, onlyEntry } from './document.ts'
import type { Entry, MapNode, SourceNode } from './node.ts'
import { schemesOf } from './schemes.ts'

export type Demand = {
  /** Undefined when it cannot be written down; that is reported. */
  readonly access: Access | undefined
  /** The access is all that the document asks for, and no more. */
  readonly isExact: boolean
  /** Neither the operation nor the document says anything. */
  readonly isSilent?: true
  /** What who reads the route must know. */
  readonly notes: readonly string[]
}

/** One requirement object. */
type Alternative =
  | { readonly kind: 'token'; readonly need: ScopeNeed | undefined; readonly beside: Names }
  | { readonly kind: 'other'; readonly beside: Names }
  | { readonly kind: 'unreadable' }
/** Schemes that are not checked. */
type Names = readonly string[]

const unwritable: Demand = { access: undefined, isExact: false, notes: [] }
const silent: Demand = {
  access: { kind: 'authenticated' },
  isExact: false,
  isSilent: true,
  notes: ['the document says nothing of security here: `security: []` would say public'],
}

/** Reads the `security` of each operation, or else that of the document. `scopePrefix` goes before each scope. */
export function securityOf(
  document: OpenapiDocument,
  scopePrefix: string,
): (operation: MapNode, key: string) => Demand {
  const schemeOf = schemesOf(document)
  const defaults = onlyEntry(document, document.root, 'security')

  return (operation, key) => {
    const own = onlyEntry(document, operation, 'security')
    if (!own.ok) return unwritable
    if (own.value !== undefined) return demandOf(own.value, `${key}.security`)
    if (!defaults.ok) return unwritable
    return defaults.value === undefined ? silent : demandOf(defaults.value, 'security')
  }

  function demandOf({ value: list }: Entry, key: string): Demand {
    if (list.kind !== 'list') {
      document.report(list.offset, key, 'must be a list of security requirements')
      return unwritable
    }
    const items = list.items()
    if (items.length === 0) return publicBecause('`security: []`')
    if (items.some((item) => item.kind === 'map' && item.entries().length === 0))
      return publicBecause('`{}` among the requirements makes the token optional')
    return joined(items.map((item) => readAlternative(item, key)))
  }

  function readAlternative(item: SourceNode, key: string): Alternative {
    const scopes: ScopeNeed[] = []
    const beside: string[] = []
    let isToken = false
    let isReadable = item.kind === 'map'
    for (const { name, offset, value } of entriesOf(document, item, key)) {
      const scheme = schemeOf(name)
      if (scheme.kind !== 'token') beside.push(name)
      if (scheme.kind === 'unknown') {
        document.report(offset, key, `${name} is no scheme of \`components.securitySchemes\``)
        // what it names may be scopes, which must not be lost
        if (value.kind !== 'list' || value.items().length > 0) isReadable = false
      }
      if (scheme.kind !== 'token') continue
      isToken = true
      const read = readScopes(value, key, scheme.scopes)
      if (read === undefined) isReadable = false
      else scopes.push(...read)
    }
    if (!isReadable) return { kind: 'unreadable' }
    return isToken ? { kind: 'token', need: allOf(scopes), beside } : { kind: 'other', beside }
  }

  function readScopes(
    list: SourceNode,
    key: string,
    declared: ReadonlySet<string> | undefined,
  ): readonly ScopeNeed[] | undefined {
    const items = list.kind === 'list' ? list.items() : undefined
    const needs = items?.map((item) => readScope(item, key, declared))
    if (items === undefined) document.report(list.offset, key, 'must be a list of scopes')
    return needs?.every((need) => need !== undefined) === true ? needs : undefined
  }

  function readScope(
    item: SourceNode,
    key: string,
    declared: ReadonlySet<string> | undefined,
  ): ScopeNeed | undefined {
    const value = item.kind === 'scalar' ? item.value : undefined
    const scope =
      typeof value === 'string' && !value.startsWith(scopePrefix) ? scopePrefix + value : value
    if (typeof scope !== 'string' || !isScopeName(scope)) {
      document.report(item.offset, key, 'is no scope: it is text without blanks, quotes and \\')
      return undefined
    }
    if (declared?.has(String(value)) === false)
      document.warn(item.offset, key, `the scheme does not list the scope ${JSON.stringify(value)}`)
    return oneScope(scope)
  }
}

function publicBecause(reason: string): Demand {
  const access: Access = { kind: 'public', forwardAuthorization: false }
  return { access, isExact: true, notes: [`PUBLIC, no token needed: ${reason}`] }
}

function joined(alternatives: readonly Alternative[]): Demand {
  const tokens = alternatives.filter((one) => one.kind === 'token')
  const others = alternatives.filter((one) => one.kind === 'other')
  if (tokens.length === 0 && others.length === 0) return unwritable
  const names = (list: readonly { readonly beside: Names }[]): string =>
    [...new Set(list.flatMap(({ beside }) => beside))].join(', ')
  if (tokens.length === 0)
    return {
      access: { kind: 'authenticated' },
      isExact: false,
      notes: [`asks for ${names(others)}, which is not checked here: any valid token instead`],
    }
  const notes = [
    ...(others.length > 0 ? [`who comes with ${names(others)} alone is refused here`] : []),
    ...(names(tokens) === '' ? [] : [`${names(tokens)} is left to the API`]),
  ]
  const needs = tokens.flatMap(({ need }) => (need === undefined ? [] : [need]))
  const need = needs.length < tokens.length ? undefined : anyOf(needs)
  const access: Access = need === undefined ? { kind: 'authenticated' } : { kind: 'scopes', need }
  return { access, isExact: alternatives.length === tokens.length && notes.length === 0, notes }
}
