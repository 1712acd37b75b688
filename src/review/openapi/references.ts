/** `$ref` within a document (RFC 6901, RFC 3986 §3.5). Pure. */
import { no, ok, type Result } from '../../units.ts'
import type { OpenapiDocument } from './document.ts'
import { memberOf, referenceOf, type SourceNode } from './node.ts'

/** The node that is meant in the end; `node` itself when it has no `$ref`. The problem says what is wrong with it. */
export function followReferences(
  { root }: OpenapiDocument,
  node: SourceNode,
): Result<SourceNode, string> {
  const seen = new Set<number>()
  let current = node
  for (;;) {
    const reference = referenceOf(current)
    if (reference === undefined) return ok(current)
    const shown = JSON.stringify(reference)
    if (!reference.startsWith('#'))
      return no(`$ref ${shown} leads to another document: bundle them into one first`)
    if (seen.has(current.offset)) return no(`$ref ${shown} leads back to itself`)
    seen.add(current.offset)
    const target = pointedAt(root, reference)
    if (target === undefined) return no(`$ref ${shown} leads nowhere`)
    current = target
  }
}

function pointedAt(root: SourceNode, reference: string): SourceNode | undefined {
  let node: SourceNode | undefined = root
  for (const part of reference.slice(1).split('/').slice(1)) {
    const name = decoded(part).replaceAll('~1', '/').replaceAll('~0', '~')
    node = node?.kind === 'list' ? node.items()[Number(name)] : memberOf(node, name)
  }
  return node
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
