/** What was called by whom -> routes to propose, and what a person has to decide. Pure but for settling the tree. */
import {
  foldCase,
  type Pattern,
  type PatternSegment,
  writePattern,
} from '../../decision/pattern.ts'
import type { Access } from '../../decision/routes.ts'
import type { NonEmpty } from '../../units.ts'
import { allOf, isScopeName, oneScope } from '../needs.ts'
import { type Closed, type ProposedRoute, withoutCrossings } from '../proposed.ts'
import type { Evidence, Seen } from './evidence.ts'
import { settle, type TemplateNode } from './templates.ts'
import type { Learned } from './learn.ts'

export type Observed = {
  readonly pattern: Pattern
  readonly method: string
  readonly evidence: Evidence
  /** `31 names such as a, b` for a value that came of names. */
  readonly folded: readonly string[]
}

export type ProposeOptions = {
  /** Rarer calls are left out. */
  readonly minCount: number
  /** Names beside each other that stay names. */
  readonly mostNames: number
}

export type Proposal = {
  readonly closed: Closed
  /** Routes with what they come from; those for what paths share are not among them. */
  readonly observed: readonly (Observed & { readonly route: ProposedRoute })[]
  /** Calls without a valid token: public, or refused? Nobody but a person knows. */
  readonly anonymous: readonly Observed[]
  /** Callers that cannot be told apart by scopes or client ids. */
  readonly undecided: readonly Observed[]
  readonly rare: Uncounted
  /** The least called of more paths and methods than a person reads. */
  readonly unlisted: Uncounted
}

/** Paths with their methods, and calls. */
type Uncounted = { readonly paths: number; readonly calls: number }

const mostListed = 2000

/** The narrowest routes under which every call with a token would have been allowed. */
export function propose({ templates }: Learned, options: ProposeOptions): Proposal {
  settle(templates.root, options.mostNames)
  const all = observedBelow(templates.root)
  const byCalls = all.toSorted((a, b) => callsOf(b.evidence) - callsOf(a.evidence))
  const unlisted = new Set(byCalls.slice(mostListed))
  const listed = all.filter((one) => !unlisted.has(one))
  const often = listed.filter(({ evidence }) => callsOf(evidence) >= options.minCount)
  const rare = listed.filter(({ evidence }) => callsOf(evidence) < options.minCount)
  const called = often.filter(({ evidence }) => evidence.known.count > 0)
  const observed = called.flatMap((one) => {
    const route = routeFor(one)
    return route === undefined ? [] : [{ ...one, route }]
  })
  return {
    closed: withoutCrossings(observed.map(({ route }) => route)),
    observed,
    anonymous: often.filter(({ evidence }) => evidence.anonymous.count > 0),
    undecided: called.filter((one) => !observed.some(({ evidence }) => evidence === one.evidence)),
    rare: sumOf(rare),
    unlisted: sumOf([...unlisted]),
  }
}

const sumOf = (list: readonly Observed[]): Uncounted => ({
  paths: list.length,
  calls: list.reduce((sum, { evidence }) => sum + callsOf(evidence), 0),
})

const callsOf = ({ known, anonymous }: Evidence): number => known.count + anonymous.count

function observedBelow(root: TemplateNode): readonly Observed[] {
  const found: Observed[] = []
  const walk = (
    node: TemplateNode,
    parts: readonly PatternSegment[],
    folded: readonly string[],
  ) => {
    const pattern = { text: writePattern(parts, false), segments: parts, open: false }
    for (const [method, evidence] of node.methods) found.push({ pattern, method, evidence, folded })
    for (const child of node.names.values()) walk(child, [...parts, literal(child.text)], folded)
    if (node.value === undefined) return
    const names = parts.filter(({ kind }) => kind === 'name').length
    const name = names === 0 ? 'id' : `id${names + 1}`
    const { count, examples } = node.folded
    const more =
      count === 0
        ? []
        : [`{${name}} was ${count} names or more, such as ${examples.map(short).join(', ')}`]
    walk(node.value, [...parts, { kind: 'name', name }], [...folded, ...more])
  }
  walk(root, [], [])
  return found
}

const literal = (text: string): PatternSegment => ({
  ...{ kind: 'literal', text, folded: foldCase(text) },
})

function routeFor({ pattern, method, evidence, folded }: Observed): ProposedRoute | undefined {
  const need = allOf([...heldByAll(evidence)].filter(isScopeName).toSorted().map(oneScope))
  const [first, ...others] = [...evidence.clients.keys()].toSorted()
  if (need === undefined && (evidence.hasOthers || first === undefined)) return undefined
  const access: Access = need === undefined ? { kind: 'authenticated' } : { kind: 'scopes', need }
  const clientIds: NonEmpty<string> | undefined =
    need === undefined && first !== undefined ? [first, ...others] : undefined
  const notes = [
    ...notesOf(evidence),
    ...folded,
    ...(clientIds === undefined ? [] : [whyClients(evidence)]),
  ]
  const now = [...evidence.routes]
  const source = now.length === 0 ? 'no route took these' : `taken by ${now.join(', ')}`
  return { pattern, method, access, clientIds, notes, source }
}

/** Nothing where some line did not tell what its token held. */
const heldByAll = ({ held, untold }: Evidence): ReadonlySet<string> =>
  new Set(untold > 0 ? [] : held)

const whyClients = ({ untold }: Evidence): string =>
  untold > 0
    ? `these clients, since the log tells no scopes for ${untold} of the calls`
    : 'these clients, since there is no scope that all of them held'

function notesOf({ known, anonymous, clients, hasOthers, issuers }: Evidence): readonly string[] {
  const who = [...clients.keys(), ...(hasOthers ? ['others'] : [])]
  return [
    `${seenText(known)} by ${who.slice(0, 5).map(short).join(', ')}${who.length > 5 ? `, ${who.length - 5} more` : ''}`,
    ...(issuers.size < 2
      ? []
      : [
          `tokens of several issuers: ${[...issuers].join(', ')}; say which count with \`issuers\``,
        ]),
    ...(anonymous.count === 0
      ? []
      : [`REFUSED BY THIS ROUTE: ${seenText(anonymous)} without a valid token`]),
  ]
}

/** How often, when, and some of the paths. */
export function seenText({ count, first, last, samples }: Seen): string {
  const calls = count === 1 ? `1 call at ${first}` : `${count} calls from ${first} to ${last}`
  return `${calls} such as ${samples.map(short).join(', ')}`
}

const mostShown = 60

const short = (text: string): string =>
  text.length > mostShown ? `${text.slice(0, mostShown)}…` : text
