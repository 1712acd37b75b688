/** YAML as nodes that know their place. Pure. */
import { isAlias, isMap, isScalar, isSeq, visit } from 'yaml'
import type { Alias, Document, Node, ParsedNode, Scalar } from 'yaml'
import { parseWithin } from '../../config/depth.ts'
import { no, ok, type Result } from '../../units.ts'
import type { Entry, SourceNode } from './node.ts'

/** Why a text is no YAML that is read here, and where. */
export type YamlFault = { readonly offset: number; readonly message: string }

/** Deeper than any schema that people write; the library composes by recursion. */
const deepest = 200

/** The root of the first document in `text`; the first fault when it is no YAML. */
export function yamlNode(text: string): Result<SourceNode, YamlFault> {
  const parsed = parseWithin(text, deepest, { uniqueKeys: false, stringKeys: true })
  if (!parsed.ok) return no({ offset: parsed.problem, message: 'this is nested too deeply' })
  const first = parsed.value
  const fault = first.errors[0]
  if (fault?.code === 'MULTIPLE_DOCS')
    return no({ offset: fault.pos[0], message: 'one document only; remove what follows ---' })
  if (fault !== undefined)
    return no({ offset: fault.pos[0], message: `this is not YAML: ${fault.message}` })
  return ok(nodeOf(first.contents, { offset: 0, anchors: anchorsOf(first) }))
}

type Around = {
  /** Where a value that is not written is said to be. */
  readonly offset: number
  /** Looked for when the first alias is met. */
  readonly anchors: () => readonly Node[]
}

function nodeOf(node: unknown, around: Around): SourceNode {
  const { anchors } = around
  const written = isAlias(node) ? anchored(node as Alias.Parsed, anchors()) : node
  const offset = (written as ParsedNode | null | undefined)?.range[0] ?? around.offset
  const inside = { anchors, offset }
  if (isMap(written)) {
    const { items } = written
    let known: readonly Entry[] | undefined
    const entries = (): readonly Entry[] =>
      items.map(({ key, value }) => {
        // the option stringKeys makes every key a scalar
        const { value: name, range } = key as Scalar.Parsed
        const [at] = range
        return { name: String(name), offset: at, value: nodeOf(value, { anchors, offset: at }) }
      })
    return { kind: 'map', offset, entries: () => (known ??= entries()) }
  }
  if (isSeq(written)) {
    const { items } = written
    return { kind: 'list', offset, items: () => items.map((item) => nodeOf(item, inside)) }
  }
  return { kind: 'scalar', offset, value: isScalar(written) ? written.value : null }
}

/** The last one before it that has its name (YAML 1.2 §7.1); no alias has an anchor. */
function anchored({ source, range }: Alias.Parsed, anchors: readonly Node[]): Node | undefined {
  return anchors.findLast(
    (node) => nameOf(node) === source && (node as ParsedNode).range[0] < range[0],
  )
}

const nameOf = (node: Node): string | undefined => (node as { readonly anchor?: string }).anchor

function anchorsOf(document: Document.Parsed): Around['anchors'] {
  let known: readonly Node[] | undefined
  const find = (): readonly Node[] => {
    const found: Node[] = []
    visit(document, {
      Node(_key, node) {
        if (nameOf(node) !== undefined) found.push(node)
      },
    })
    return found
  }
  return () => (known ??= find())
}
