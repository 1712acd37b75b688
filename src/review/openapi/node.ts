/** A document, YAML or JSON, as nodes that know their place and are opened when they are read. */

export type SourceNode = MapNode | ListNode | ScalarNode

export type MapNode = {
  readonly kind: 'map'
  /** Where it begins, in characters of the text. */
  readonly offset: number
  /** In the order of the text; a key that stands twice is there twice. */
  entries(): readonly Entry[]
}

export type Entry = {
  readonly name: string
  /** Of the key. */
  readonly offset: number
  readonly value: SourceNode
}

export type ListNode = {
  readonly kind: 'list'
  readonly offset: number
  items(): readonly SourceNode[]
}

export type ScalarNode = {
  readonly kind: 'scalar'
  readonly offset: number
  readonly value: unknown
}

/** The entry of this name; the first one, if it stands twice. Undefined when there is none. Pure. */
export const entryOf = (node: SourceNode | undefined, name: string): Entry | undefined =>
  node?.kind === 'map' ? node.entries().find((entry) => entry.name === name) : undefined

/** The value under this name. Pure. */
export const memberOf = (node: SourceNode | undefined, name: string): SourceNode | undefined =>
  entryOf(node, name)?.value

/** The text that a node is; undefined when it is none. Pure. */
export const textOf = (node: SourceNode | undefined): string | undefined =>
  node?.kind === 'scalar' && typeof node.value === 'string' ? node.value : undefined

/** What `$ref` says, if the node has one. Pure. */
export const referenceOf = (node: SourceNode | undefined): string | undefined =>
  textOf(memberOf(node, '$ref'))
