/** Pairs with the same change -> as few templates as tell exactly which paths are meant. Pure. */
import { contains } from '../crossing.ts'
import type { Owner } from '../owner.ts'
import { compareSpecificity, type Pattern } from '../pattern.ts'
import type { Reading } from '../target.ts'
import { emptyTrie, overlapping, ownerOf } from '../trie.ts'
import { everyPath, type Pair } from './pairs.ts'
import { inSpelling, isSpelled, matches, type Spelling } from './spelling.ts'

/** A pair whose paths belong to a region, in one spelling or (undefined) in any. */
export type Member = { readonly pair: Pair; readonly spelling: Spelling | undefined }

/** The paths that match the template and none of `except`, each spelled as its member says. */
export type Region = {
  readonly template: Pattern
  readonly except: readonly Pattern[]
  /** Whom paths of the template belong to; the first is the one whose template it is. */
  readonly members: readonly [Member, ...Member[]]
}

/** Which pairs have paths of another's template. */
export type Neighbours = (pair: Pair) => ReadonlySet<Pair>

/** Finds every two pairs whose templates match a path in common. */
export function neighboursOf(pairs: readonly Pair[]): Neighbours {
  const trie = emptyTrie()
  const byOwner = new Map(pairs.map((pair) => [ownerOf(trie, pair.template), pair]))
  const found = new Map<Pair, Set<Pair>>(pairs.map((pair) => [pair, new Set()]))
  const pairOf = (owner: Owner): Pair => byOwner.get(owner) as Pair // each stands there for its template
  for (const [one, other] of overlapping(trie)) {
    found.get(pairOf(one))?.add(pairOf(other))
    found.get(pairOf(other))?.add(pairOf(one))
  }
  return (pair) => found.get(pair) as ReadonlySet<Pair> // asked of these pairs only
}

/**
 * The regions of these members, broad ones first. Whatever of a template belongs to a pair that is
 * no member is in `except`; a member whose paths are in another region already gets none of its own.
 */
export function regionsOf(members: readonly Member[], neighbours: Neighbours): readonly Region[] {
  const byPair = new Map(members.map((member) => [member.pair, member]))
  const regions: Region[] = []
  const taken = new Set<Pair>()
  for (const member of [...members].sort((a, b) => byWidth(a.pair, b.pair))) {
    const { pair, spelling } = member
    if (taken.has(pair)) continue
    const around = [...neighbours(pair)]
    const others = new Set(around.filter((other) => !byPair.has(other) && beats(other, pair)))
    const friends = around.flatMap((other) => (beats(other, pair) ? (byPair.get(other) ?? []) : []))
    const inside = friends.filter(({ pair: other }) => {
      if (!contains(pair.template, other.template)) return false
      return [...neighbours(other)].every((next) => !others.has(next) || beats(next, other))
    })
    for (const other of inside) taken.add(other.pair)
    const except = [...others].filter(
      (other) =>
        ![...neighbours(other)].some(
          (wider) => others.has(wider) && contains(wider.template, other.template),
        ),
    )
    regions.push({
      template: spelling ? inSpelling(pair.template, spelling) : pair.template,
      except: except.map(({ template }) => template).sort(byText),
      members: [member, ...friends],
    })
  }
  return regions
}

/** Whether the path is one of the region: decided by what is told of it, and the spellings of its members. */
export function isInRegion({ template, except, members }: Region, path: Reading): boolean {
  if (!matches(template, path) || except.some((pattern) => matches(pattern, path))) return false
  const owning = members
    .filter(({ pair }) => matches(pair.template, path))
    .reduce((one, other) => (beats(other.pair, one.pair) ? other : one))
  return owning.spelling === undefined || isSpelled(owning.spelling, path)
}

/** Whether paths that both templates match are not those of `pair`, because of `other`. */
function beats(other: Pair, pair: Pair): boolean {
  return (
    compareSpecificity(other.before?.pattern ?? everyPath, pair.before?.pattern ?? everyPath) < 0 ||
    compareSpecificity(other.after?.pattern ?? everyPath, pair.after?.pattern ?? everyPath) < 0
  )
}

const byText = (a: Pattern, b: Pattern): number => (a.text < b.text ? -1 : 1)

/** What contains another comes before it. */
const byWidth = (a: Pair, b: Pair): number => compareSpecificity(b.template, a.template)
