/** What changes on the paths of one pair of owners, by method and spelling. Pure. */
import { methodsOf, otherMethods, routeFor, type Owner } from '../owner.ts'
import type { Pattern, PatternSegment } from '../pattern.ts'
import { everyPath, type Pair } from './pairs.ts'
import { handshake, type Verdict } from './side.ts'
import { isWritten, type Spelling, spellingsOf } from './spelling.ts'
import type { Who } from './who.ts'

/** These methods alone, or every method but these; sorted. */
export type Methods = {
  readonly kind: 'only' | 'except'
  readonly methods: readonly string[]
  /** WebSocket handshakes too, which are requests of their own. */
  readonly websocket: boolean
}

/** `key` is the same for changes that people would call the same. */
export type Compared<Change> = { readonly key: string; readonly change: Change }

/** Looks at whom both sides let through; undefined when there is nothing to tell. */
export type Compare<Change> = (before: Who, after: Who) => Compared<Change> | undefined

export type Entry<Change> = {
  readonly pair: Pair
  readonly methods: Methods
  /** Undefined = any. */
  readonly spelling: Spelling | undefined
  /** Entries with the same one belong together: the same change of the same methods. */
  readonly key: string
  readonly change: Change
}

export type Verdicts = { readonly before: Verdict; readonly after: Verdict }

/** Methods of a pair whose routes have their literals in the same case, and whom both sides let through. */
export type Case = {
  readonly pair: Pair
  readonly listed: readonly string[]
  readonly spellings: readonly {
    readonly spelling: Spelling
    readonly methods: readonly Judged[]
  }[]
}

type Judged = { readonly method: string; readonly before: Who; readonly after: Who }

/** What both sides say to every request on the paths of this pair. */
export function casesOf(pair: Pair, verdicts: Verdicts): readonly Case[] {
  const listed = listedBy([pair.before, pair.after])
  return byPatterns(pair, listed).map(({ patterns, methods }) => ({
    ...{ pair, listed },
    spellings: spellingsOf(...patterns).map((spelling) => ({
      spelling,
      methods: methods.map((method) => ({
        method,
        before: verdicts.before(pair.before, method, spelling.before.isKept),
        after: verdicts.after(pair.after, method, spelling.after.isKept),
      })),
    })),
  }))
}

/** Every change in this case. */
export function entriesOf<Change>(
  { pair, listed, spellings }: Case,
  compare: Compare<Change>,
): readonly Entry<Change>[] {
  const found = spellings.map(({ spelling, methods }) => ({
    spelling,
    changes: changesOf(listed, methods, compare),
  }))
  if (found.every(({ changes }) => changes.length === 0)) return []
  const [first, ...others] = found.map(({ changes }) => changes)
  if (first !== undefined && others.every((changes) => keysOf(changes) === keysOf(first)))
    return first.map((one) => ({ pair, spelling: undefined, ...one, key: `written ${one.key}` }))
  return found.flatMap(({ spelling, changes }) =>
    changes.map((one) => ({ pair, spelling, ...one, key: `${kindOf(spelling)} ${one.key}` })),
  )
}

/** Paths as they are written go together with those of which any spelling will do. */
function kindOf(spelling: Spelling): string {
  const { before, after } = spelling
  if (before.isKept && after.isKept) return 'written'
  return `${isWritten(spelling) ? 'one' : 'other'} ${before.isKept} ${after.isKept}`
}

type Patterns = readonly [Pattern, Pattern]
type Together = { readonly patterns: Patterns; readonly methods: string[] }

/** Methods whose routes have their literals in the same case: mostly all of them. */
function byPatterns(pair: Pair, listed: readonly string[]): readonly Together[] {
  const groups = new Map<string, Together>()
  for (const method of [...listed, otherMethods, handshake]) {
    const patterns: Patterns = [patternFor(pair.before, method), patternFor(pair.after, method)]
    const key = patterns.map(literalsIn).join('//')
    const group = groups.get(key) ?? { patterns, methods: [] }
    group.methods.push(method)
    groups.set(key, group)
  }
  return [...groups.values()]
}

/** No literal has a slash in it. */
const literalsIn = ({ segments }: Pattern): string => segments.map(textOf).join('/')

const textOf = (part: PatternSegment): string => (part.kind === 'name' ? '{}' : part.text)

function patternFor(owner: Owner | undefined, method: string): Pattern {
  if (owner === undefined) return everyPath
  const route = routeFor(owner, method === handshake ? 'GET' : method)
  return route?.pattern ?? owner.pattern
}

type Changed<Change> = Pick<Entry<Change>, 'methods' | 'key' | 'change'>

const keysOf = (changes: readonly Changed<unknown>[]): string =>
  JSON.stringify(changes.map(({ key }) => key))

function changesOf<Change>(
  listed: readonly string[],
  judged: readonly Judged[],
  compare: Compare<Change>,
): readonly Changed<Change>[] {
  const byKey = new Map<string, { readonly change: Change; readonly changed: Set<string> }>()
  for (const { method, before, after } of judged) {
    const compared = compare(before, after)
    if (compared === undefined) continue
    const group = byKey.get(compared.key) ?? { change: compared.change, changed: new Set() }
    group.changed.add(method)
    byKey.set(compared.key, group)
  }
  return [...byKey].map(([key, { change, changed }]) => {
    const methods = methodsIn(changed, listed)
    return { methods, change, key: `${JSON.stringify(methods)} ${key}` }
  })
}

/** Listed methods, and HEAD wherever GET stands for it. */
function listedBy(owners: readonly (Owner | undefined)[]): readonly string[] {
  const listed = new Set(methodsOf(...owners.filter((owner) => owner !== undefined)))
  listed.delete(otherMethods)
  if (listed.has('GET')) listed.add('HEAD')
  return [...listed].sort()
}

/** The same value for the same methods, whatever the owners list. */
function methodsIn(changed: ReadonlySet<string>, listed: readonly string[]): Methods {
  const websocket = changed.has(handshake)
  return changed.has(otherMethods)
    ? { kind: 'except', methods: listed.filter((method) => !changed.has(method)), websocket }
    : { kind: 'only', methods: listed.filter((method) => changed.has(method)), websocket }
}
