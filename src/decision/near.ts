/** Routes that came close to owning a request, and why they do not. Pure. */
import { routeFor, spokesman, type Owner } from './owner.ts'
import { compareSpecificity, foldCase, type Pattern } from './pattern.ts'
import type { Route } from './routes.ts'
import type { Reading } from './target.ts'
import type { Node, Trie } from './trie.ts'

export type NearRoute = {
  readonly route: Route
  readonly kind: 'other_reading' | 'other_case' | 'other_method' | 'less_specific' | 'near_path'
  /** In words that follow the route; nothing of the request but its method. */
  readonly because: string
}

/** Most that are told of paths that differ in one segment. */
const mostNearPaths = 3

/**
 * Every other route whose path matches, the most specific first, and then a few whose path differs in one segment,
 * where the path has no owner but a `**`, or the owner does not take the request. `taken` is the route that does.
 */
export function findNear(
  { root }: Trie,
  segments: Reading,
  method: string,
  taken: Route | undefined,
): readonly NearRoute[] {
  const [owner, ...broader] = matching(root, segments)
  const found = [
    ...(owner === undefined ? [] : besides(owner, method, taken)),
    ...broader.map((one) => lessSpecific(one, owner as Owner, method)),
  ]
  if (taken !== undefined && !taken.pattern.open) return found
  const matched = new Set(owner === undefined ? [] : [owner, ...broader])
  return [...found, ...nearPaths(root, segments, matched).map((one) => nearPath(one, method))]
}

/** Every owner whose path matches, the most specific first. */
function matching(node: Node, reading: Reading, at = 0): readonly Owner[] {
  const segment = reading[at]
  const open = node.open === undefined ? [] : [node.open]
  if (segment === undefined) return [...(node.ends === undefined ? [] : [node.ends]), ...open]
  const literal = node.literals.get(foldCase(segment))
  return [
    ...(literal === undefined ? [] : matching(literal, reading, at + 1)),
    ...(node.name === undefined || segment === '' ? [] : matching(node.name, reading, at + 1)),
    ...open,
  ]
}

/** The other routes of the path that owns the request. */
function besides(owner: Owner, method: string, taken: Route | undefined): readonly NearRoute[] {
  const byMethod = routeFor(owner, method)
  return owner.routes
    .filter((route) => route !== taken)
    .map((route) =>
      route === byMethod
        ? { route, kind: 'other_case', because: otherCase }
        : {
            route,
            kind: 'other_method',
            because: `has this path, but ${methodsIn(route, method)}`,
          },
    )
}

const otherCase = 'has this path, but in another case, and ignoreCase is off'

function methodsIn({ methods }: Route, method: string): string {
  return methods === undefined
    ? `another route of the path lists ${method}`
    : `lists ${methods.join(', ')}, not ${method}`
}

function lessSpecific(owner: Owner, by: Owner, method: string): NearRoute {
  const route = routeFor(owner, method)
  const { because } = moreSpecific(by.pattern, owner.pattern)
  return {
    route: route ?? spokesman(owner),
    kind: 'less_specific',
    because:
      `matches too, but ${by.pattern.text} is more specific: ${because}` +
      (route === undefined ? `; and it does not list ${method}` : ''),
  }
}

/** Where two patterns that match the same path differ first. */
function moreSpecific(one: Pattern, other: Pattern): { readonly because: string } {
  const most = Math.max(one.segments.length, other.segments.length)
  for (let at = 0; at < most; at += 1) {
    const [here, there] = [partAt(one, at), partAt(other, at)]
    if (here !== there) return { because: `${here} before ${there}` }
  }
  return { because: 'it ends before **' }
}

function partAt({ segments }: Pattern, at: number): string {
  const part = segments[at]
  if (part === undefined) return '**'
  return part.kind === 'literal' ? part.text.toLowerCase() : '{name}'
}

type NearPath = {
  readonly owner: Owner
  readonly because: string
  /** The lower the nearer. */
  readonly distance: number
}

function nearPath({ owner, because }: NearPath, method: string): NearRoute {
  const route = routeFor(owner, method)
  const also = route === undefined ? `, and it does not list ${method}` : ''
  return { route: route ?? spokesman(owner), kind: 'near_path', because: because + also }
}

/** The nearest owners of paths that match once one segment is another, more or less. */
function nearPaths(root: Node, reading: Reading, known: ReadonlySet<Owner>): readonly NearPath[] {
  const found = new Map<Owner, NearPath>()
  const see = (owner: Owner | undefined, { edit, isAlike }: Walked): void => {
    if (owner === undefined || edit === undefined || !isAlike || known.has(owner)) return
    if ((found.get(owner)?.distance ?? Infinity) > edit.distance)
      found.set(owner, { owner, ...edit })
  }
  const walk = (node: Node, at: number, walked: Walked): void => {
    const segment = reading[at]
    see(node.open, walked)
    if (walked.edit === undefined) tryEdits(node, at, walked.isAlike)
    if (segment === undefined) {
      see(node.ends, walked)
      return
    }
    const literal = node.literals.get(foldCase(segment))
    if (literal !== undefined) walk(literal, at + 1, { ...walked, isAlike: true })
    if (node.name !== undefined) walk(node.name, at + 1, walked)
  }
  const tryEdits = (node: Node, at: number, isAlike: boolean): void => {
    const segment = reading[at]
    const folded = segment === undefined ? undefined : foldCase(segment)
    const place = `segment ${at + 1}`
    const edited = (because: string, distance: number) => ({ edit: { because, distance }, isAlike })
    if (node.name !== undefined)
      walk(node.name, at, edited(`has one segment more, any as ${place}`, 0.4))
    for (const [text, child] of node.literals) {
      walk(child, at, edited(`has one segment more, ${text} as ${place}`, 0.6))
      const unlike = folded === undefined ? 1 : unlikeness(folded, text)
      if (unlike > 0 && unlike <= 0.5)
        walk(child, at + 1, { ...edited(`has ${text} as ${place}`, unlike), isAlike: true })
    }
    if (segment !== undefined)
      walk(node, at + 1, edited(`has one segment less, none as ${place}`, 0.6))
  }
  walk(root, 0, { edit: undefined, isAlike: false })
  return [...found.values()].sort(byNearness).slice(0, mostNearPaths)
}

/** As near: the more specific. */
function byNearness(a: NearPath, b: NearPath): number {
  return a.distance - b.distance || compareSpecificity(a.owner.pattern, b.owner.pattern)
}

type Edit = Pick<NearPath, 'because' | 'distance'>

/** `isAlike`: a literal on the way is that of the request, or nearly; else every path would be near. */
type Walked = { readonly edit: Edit | undefined; readonly isAlike: boolean }

/** From 0, the same, to 1, nothing alike: what is left between what they begin and end with. */
function unlikeness(one: string, other: string): number {
  const most = Math.max(one.length, other.length)
  const least = Math.min(one.length, other.length)
  let start = 0
  while (start < least && one[start] === other[start]) start += 1
  let end = 0
  while (end < least - start && one.at(-1 - end) === other.at(-1 - end)) end += 1
  return 1 - (start + end) / most
}
