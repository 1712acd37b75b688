/** The paths of a table by their segments: one owner a path, and which of them share requests. */
import type { Owner } from './owner.ts'
import type { Pattern } from './pattern.ts'

export type Node = {
  /** By folded text. */
  readonly literals: Map<string, Node>
  name: Node | undefined
  /** Owner of the path that ends here. */
  ends: Owner | undefined
  /** Owner of the path that goes on with `**`. */
  open: Owner | undefined
}

/** `owners` stand in the order in which their first route was written. */
export type Trie = { readonly root: Node; readonly owners: Owner[] }

export function emptyTrie(): Trie {
  return { root: emptyNode(), owners: [] }
}

/** The owner of exactly this path, made when it is new. */
export function ownerOf({ root, owners }: Trie, pattern: Pattern): Owner {
  let node = root
  for (const segment of pattern.segments)
    if (segment.kind === 'name') node = node.name ??= emptyNode()
    else {
      const next = node.literals.get(segment.folded) ?? emptyNode()
      node.literals.set(segment.folded, next)
      node = next
    }
  const key = pattern.open ? 'open' : 'ends'
  return (node[key] ??= newOwner(pattern, owners))
}

/** Whether exactly this path has an owner. Pure. */
export function isOwned({ root }: Trie, pattern: Pattern): boolean {
  let node: Node | undefined = root
  for (const segment of pattern.segments)
    node = segment.kind === 'name' ? node?.name : node?.literals.get(segment.folded)
  return node?.[pattern.open ? 'open' : 'ends'] !== undefined
}

/**
 * Every two owners whose paths match a request in common, in the order of owners. Pure.
 *
 * The tree is walked beside itself, so that a file of thousands of routes is looked at pair by pair
 * only where paths really meet; comparing all with all stopped the event loop for seconds (a reload
 * is done between two requests). No recursion: a path may be as deep as a file is long.
 */
export function overlapping({ root, owners }: Trie): readonly (readonly [Owner, Owner])[] {
  const found: [Owner, Owner][] = []
  const places = new Map(owners.map((owner, at) => [owner, at]))
  const place = (owner: Owner): number => places.get(owner) as number
  const meet = (one: Owner | undefined, other: Owner | undefined): void => {
    if (one === undefined || other === undefined) return
    found.push(place(one) < place(other) ? [one, other] : [other, one])
  }
  const left: [Node, Node][] = [[root, root]]
  for (let pair = left.pop(); pair !== undefined; pair = left.pop()) {
    const [a, b] = pair
    meet(a.ends, b.open)
    if (a.open) for (const below of ownersBelow(b)) meet(a.open, below)
    if (a !== b) {
      meet(a.ends, b.ends)
      meet(a.open, b.ends)
      meet(a.open, b.open)
      if (b.open) for (const below of ownersBelow(a)) meet(b.open, below)
    }
    for (const children of childrenOf(a, b)) left.push(children)
  }
  return found.sort(([a, b], [c, d]) => place(a) - place(c) || place(b) - place(d))
}

/** The pairs of nodes one segment further that share a segment; of a node with itself each once. */
function* childrenOf(a: Node, b: Node): Generator<[Node, Node]> {
  if (a.name && b.name) yield [a.name, b.name]
  if (b.name) for (const literal of a.literals.values()) yield [literal, b.name]
  if (a !== b && a.name) for (const literal of b.literals.values()) yield [a.name, literal]
  const [few, many] = a.literals.size < b.literals.size ? [a, b] : [b, a]
  for (const [folded, literal] of few.literals) {
    const same = many.literals.get(folded)
    if (same) yield [literal, same]
  }
}

function* ownersBelow(node: Node): Generator<Owner | undefined> {
  const left = [node]
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    if (next !== node) yield next.ends
    if (next !== node) yield next.open
    if (next.name) left.push(next.name)
    for (const literal of next.literals.values()) left.push(literal)
  }
}

function newOwner(pattern: Pattern, owners: Owner[]): Owner {
  const owner: Owner = { pattern, routes: [], byMethod: new Map(), rest: undefined }
  owners.push(owner)
  return owner
}

function emptyNode(): Node {
  return { literals: new Map(), name: undefined, ends: undefined, open: undefined }
}
