/** Every two owners, one of each table, that own a path together. Pure. */
import { intersection } from '../crossing.ts'
import type { Owner } from '../owner.ts'
import type { Pattern } from '../pattern.ts'
import type { Node, Trie } from '../trie.ts'

/** Undefined = no route of that table has the path. */
export type Pair = {
  readonly before: Owner | undefined
  readonly after: Owner | undefined
  /** What both match. Paths that a more specific pair matches too are that one's; no two pairs have the same. */
  readonly template: Pattern
}

/** Nodes that a path may have reached, the most specific first, and who owns it when none of them leads on. */
type Live = { readonly nodes: readonly Node[]; readonly rest: Owner | undefined }
type Place = { readonly before: Live; readonly after: Live }

/** Places to look at before the tables count as too entangled. */
export const mostPlaces = 500_000

/** The pattern of every path. */
export const everyPath: Pattern = { text: '/**', segments: [], open: true }

/**
 * Walks both tables at once (subset construction): at each place the next segment is one of the
 * literals that stand there in either table, or any other, or the path ends. Undefined when there
 * are more than `most`.
 */
export function pairsOf(before: Trie, after: Trie, most = mostPlaces): readonly Pair[] | undefined {
  const pairs = new Map<string, Pair>()
  const number = numbers()
  const add = (old: Owner | undefined, now: Owner | undefined): void => {
    const key = `${number(old)} ${number(now)}`
    if (!pairs.has(key)) pairs.set(key, pairOf(old, now))
  }
  const seen = new Set<string>()
  const left: Place[] = []
  const visit = (place: Place): void => {
    const key = keyOf(place, number)
    if (seen.has(key)) return
    seen.add(key)
    left.push(place)
  }
  visit({ before: start(before), after: start(after) })
  for (let place = left.pop(); place !== undefined; place = left.pop()) {
    if (seen.size > most) return undefined
    const { before: old, after: now } = place
    add(ownerAt(old), ownerAt(now))
    if (old.nodes.length === 0 && now.nodes.length === 0) continue
    for (const segment of [...literalsAt(old, now), undefined])
      visit({ before: step(old, segment), after: step(now, segment) })
  }
  return [...pairs.values()]
}

const start = ({ root }: Trie): Live => ({ nodes: [root], rest: undefined })

/** `undefined` stands for a segment that is no literal here. What stands behind an open path is never reached. */
function step({ nodes, rest }: Live, segment: string | undefined): Live {
  const next: Node[] = []
  for (const node of nodes) {
    const literal = segment === undefined ? undefined : node.literals.get(segment)
    if (literal) next.push(literal)
    if (node.name) next.push(node.name)
    if (node.open) return { nodes: next, rest: node.open }
  }
  return { nodes: next, rest }
}

/** Who owns the path that ends here. */
function ownerAt({ nodes, rest }: Live): Owner | undefined {
  for (const { ends, open } of nodes) {
    const owner = ends ?? open
    if (owner) return owner
  }
  return rest
}

function literalsAt(...places: readonly Live[]): ReadonlySet<string> {
  return new Set(
    places.flatMap(({ nodes }) => nodes.flatMap(({ literals }) => [...literals.keys()])),
  )
}

function pairOf(before: Owner | undefined, after: Owner | undefined): Pair {
  const patterns = [after?.pattern ?? everyPath, before?.pattern ?? everyPath] as const
  // they own a path together, so that it exists
  return { before, after, template: intersection(...patterns) as Pattern }
}

/** The same number for the same object; 0 for none. */
function numbers(): (of: object | undefined) => number {
  const known = new Map<object, number>()
  return (of) => {
    if (of === undefined) return 0
    const number = known.get(of) ?? known.size + 1
    known.set(of, number)
    return number
  }
}

function keyOf({ before, after }: Place, number: (of: object | undefined) => number): string {
  return [before, after].map(({ nodes, rest }) => [...nodes, rest].map(number).join()).join(' ')
}
