/** Paths that were called -> templates: a tree of bounded size, whatever is called. */
import { foldCase } from '../../decision/pattern.ts'
import type { Call } from './call.ts'
import { addCall, addEvidence, emptyEvidence, type Evidence } from './evidence.ts'

export type TemplateNode = {
  /** As first written. */
  readonly text: string
  /** By folded text. */
  readonly names: Map<string, TemplateNode>
  /** Where a value stands. */
  value: TemplateNode | undefined
  readonly methods: Map<string, Evidence>
  /** Calls that came by before this one was made, of its parent. */
  readonly bornAt: number
  /** Calls that came by. */
  calls: number
  /** Names that were many, and are a value now: how many, and some of them. */
  readonly folded: { count: number; readonly examples: string[] }
}

export type Templates = {
  readonly root: TemplateNode
  nodes: number
  /** Names beside each other from which on they are a value, whatever they are. */
  mostNames: number
  /** Calls that no place was left for. */
  overflow: number
}

/** Deeper paths are left out. */
export const deepest = 32
const mostNodes = 10_000
const mostNamesAtFirst = 500
/** Each is tried when the tree is full, before calls are left out. */
const narrower = [100, 30, 10]
const mostExamples = 3
/** Share of the nodes that may be there when the tree is no longer full. */
const roomLeft = 0.8

/** Of `names`, those that turned up in the second half of the calls: a set of names is complete by then. */
const mostLate = 0.1

/** At the end of the log: makes values of names that are more than `most` and still became more. */
export function settle(node: TemplateNode, most: number): void {
  const names = [...node.names.values()]
  const late = names.filter(({ bornAt }) => bornAt * 2 > node.calls).length
  if (node.names.size > most && late > node.names.size * mostLate) foldNames(node)
  for (const child of node.names.values()) settle(child, most)
  if (node.value !== undefined) settle(node.value, most)
}

export function emptyTemplates(): Templates {
  return { root: newNode('', 0), nodes: 1, mostNames: mostNamesAtFirst, overflow: 0 }
}

/** Adds a call whose path has these segments, decoded; no more than `deepest`. */
export function addToTemplates(
  templates: Templates,
  segments: readonly { readonly text: string; readonly isValue: boolean }[],
  call: Call,
): void {
  if (templates.nodes > mostNodes - deepest && templates.mostNames > 1) narrow(templates)
  let node: TemplateNode | undefined = templates.root
  node.calls += 1
  for (const { text, isValue } of segments) {
    const known: TemplateNode | undefined = childOf(node, text, isValue)
    node = known ?? makeChild(templates, node, text, isValue)
    if (node === undefined) {
      templates.overflow += 1
      return
    }
    node.calls += 1
  }
  const evidence = node.methods.get(call.method) ?? emptyEvidence()
  node.methods.set(call.method, evidence)
  addCall(evidence, call)
}

/** Where a segment leads; undefined when it is new. */
function childOf(node: TemplateNode, text: string, isValue: boolean): TemplateNode | undefined {
  const named = isValue ? undefined : node.names.get(foldCase(text))
  return named ?? (isValue || node.folded.count > 0 ? node.value : undefined)
}

/** Undefined when no place is left. */
function makeChild(
  templates: Templates,
  parent: TemplateNode,
  text: string,
  isValue: boolean,
): TemplateNode | undefined {
  if (templates.nodes >= mostNodes) return undefined
  const child = newNode(text, parent.calls)
  templates.nodes += 1
  // where names were folded there is a value already
  if (isValue) {
    parent.value = child
    return child
  }
  parent.names.set(foldCase(text), child)
  if (parent.names.size <= templates.mostNames) return child
  foldNames(parent)
  return childOf(parent, text, false)
}

const newNode = (text: string, bornAt: number): TemplateNode => ({
  ...{ text, names: new Map(), value: undefined, methods: new Map(), bornAt, calls: 0 },
  folded: { count: 0, examples: [] },
})

/** A name that is called so many times more than the mean of all is one, whatever the others are. */
const oftenCalled = 10

/** Makes one value of the names below a node, but for those that are called much more often than others. */
export function foldNames(node: TemplateNode): void {
  const { names, folded } = node
  const value = (node.value ??= newNode('', node.calls))
  const calls = [...names.values()].reduce((sum, child) => sum + child.calls, 0)
  const most = (calls / names.size) * oftenCalled
  for (const [key, child] of names) {
    if (child.calls > most) continue
    addExamples(folded, 1, [child.text])
    merge(value, child)
    names.delete(key)
  }
}

function addExamples(
  folded: TemplateNode['folded'],
  count: number,
  examples: readonly string[],
): void {
  folded.count += count
  for (const one of examples) if (folded.examples.length < mostExamples) folded.examples.push(one)
}

function merge(into: TemplateNode, from: TemplateNode): void {
  into.calls += from.calls
  for (const [method, evidence] of from.methods) {
    const before = into.methods.get(method)
    if (before === undefined) into.methods.set(method, evidence)
    else addEvidence(before, evidence)
  }
  addExamples(into.folded, from.folded.count, from.folded.examples)
  if (from.value !== undefined) merge((into.value ??= newNode('', into.calls)), from.value)
  for (const [key, child] of from.names) {
    const before = into.names.get(key)
    if (before === undefined) into.names.set(key, child)
    else merge(before, child)
  }
}

/** The tree is full: what is left after folding is counted, and fewer names may stand beside each other. */
function narrow(templates: Templates): void {
  templates.nodes = refold(templates.root, templates.mostNames)
  while (templates.nodes > mostNodes * roomLeft && templates.mostNames > 1) {
    templates.mostNames = narrower.find((most) => most < templates.mostNames) ?? 1
    templates.nodes = refold(templates.root, templates.mostNames)
  }
}

/** Folds where names are more than `most`; counts the nodes that are left. */
function refold(node: TemplateNode, most: number): number {
  if (node.names.size > most) foldNames(node)
  const children = [...node.names.values(), ...(node.value === undefined ? [] : [node.value])]
  return children.reduce((count, child) => count + refold(child, most), 1)
}
