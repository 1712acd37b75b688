/** Who is let through by one requirement and not by another: exact, over minimal sets of scopes and claims. Pure. */
import { no, ok, type NonEmpty, type Result } from '../../units.ts'
import {
  type Atom,
  has,
  type Holders,
  includes,
  isMet,
  type Need,
  type Presented,
  type Who,
} from './who.ts'

/** Things that are enough together; none of them can be left out. */
export type Term = readonly Atom[]

/** Which clients: these alone, or all but these. */
export type Clients = { readonly kind: 'only' | 'except'; readonly ids: readonly string[] }

/** Tokens of these issuers and clients that hold all of one term, and do not meet `unless`. */
export type GainPart = {
  readonly issuers: readonly string[]
  readonly clients: Clients
  readonly terms: NonEmpty<Term>
  /** Those who meet it were let through already; undefined = nobody of them was. */
  readonly unless: Need | undefined
}

/** Who is let through now and was not before. */
export type Gain =
  /** Everyone; `before` could already. */
  | { readonly kind: 'everyone'; readonly before: Exclude<Who, { kind: 'everyone' }> }
  | { readonly kind: 'holders'; readonly parts: NonEmpty<GainPart> }

/** More ways to meet one need than these are not compared. */
export const mostTerms = 1024

/** Who is let through by `after` and not by `before`; undefined when nobody is. The problem: too many terms. */
export function gain(before: Who, after: Who): Result<Gain | undefined, 'too many terms'> {
  if (before.kind === 'everyone' || after.kind === 'nobody') return ok(undefined)
  if (after.kind === 'everyone') return ok({ kind: 'everyone', before })
  const terms = minimalTerms(after.need)
  if (terms === undefined) return no('too many terms')
  const [first, ...others] = partsOf(before, after, terms)
  return ok(first && { kind: 'holders', parts: [first, ...others] })
}

/** Whether this token, or none, is what was gained. */
export function isGained(gained: Gain, token: Presented | undefined): boolean {
  if (gained.kind === 'everyone') return !includes(gained.before, token)
  return token !== undefined && gained.parts.some((part) => isOf(part, token))
}

/**
 * The smallest sets of scopes and claims that meet the need: none holds another.
 * Undefined when there are more than `mostTerms`.
 */
export function minimalTerms(need: Need): readonly Term[] | undefined {
  switch (need.kind) {
    case 'scope':
    case 'claim':
      return [[need]]
    case 'any': {
      const found: Term[] = []
      for (const part of need.needs) {
        const terms = minimalTerms(part)
        if (terms === undefined || found.length + terms.length > mostTerms) return undefined
        found.push(...terms)
      }
      return smallest(found)
    }
    case 'all': {
      let found: readonly Term[] = [[]]
      for (const part of need.needs) {
        const terms = minimalTerms(part)
        if (terms === undefined || found.length * terms.length > mostTerms) return undefined
        found = smallest(found.flatMap((one) => terms.map((other) => [...one, ...other])))
      }
      return found
    }
  }
}

/** The parts do not overlap: new issuers, then new clients of the others, then new needs of the rest. */
function partsOf(before: Who, after: Holders, terms: readonly Term[]): readonly GainPart[] {
  const all = terms as NonEmpty<Term> // a need has at least one way to meet it
  const clients = clientsOf(after)
  if (before.kind !== 'holders')
    return [{ issuers: after.issuers, clients, terms: all, unless: undefined }]
  const { inside: sameIssuers, outside: newIssuers } = divided(after.issuers, before.issuers)
  const newClients = without(clients, clientsOf(before))
  const sameClients = shared(clients, clientsOf(before))
  const [first, ...others] = terms.filter((term) => !meets(term, before.need))
  return [
    ...part({ issuers: newIssuers, clients, terms: all, unless: undefined }),
    ...part({ issuers: sameIssuers, clients: newClients, terms: all, unless: undefined }),
    ...(first === undefined
      ? []
      : part({
          issuers: sameIssuers,
          clients: sameClients,
          terms: [first, ...others],
          unless: before.need,
        })),
  ]
}

function part(of: GainPart): readonly GainPart[] {
  const isNobody = of.clients.kind === 'only' && of.clients.ids.length === 0
  return of.issuers.length === 0 || isNobody ? [] : [of]
}

function isOf({ issuers, clients, terms, unless }: GainPart, token: Presented): boolean {
  const isNamed = token.clientId !== undefined && clients.ids.includes(token.clientId)
  return (
    issuers.includes(token.issuer) &&
    isNamed === (clients.kind === 'only') &&
    terms.some((term) => term.every((atom) => has(token, atom))) &&
    (unless === undefined || !isMet(unless, (atom) => has(token, atom)))
  )
}

function meets(term: Term, need: Need): boolean {
  const keys = new Set(term.map(keyOf))
  return isMet(need, (atom) => keys.has(keyOf(atom)))
}

const keyOf = (atom: Atom): string => JSON.stringify(atom)

/** Each term once and sorted, without those that hold another one. */
function smallest(terms: readonly Term[]): readonly Term[] {
  const sets = new Map<string, ReadonlyMap<string, Atom>>()
  for (const term of terms) {
    const atoms = new Map(term.map((atom) => [keyOf(atom), atom]))
    sets.set([...atoms.keys()].sort().join(), atoms)
  }
  const found: ReadonlyMap<string, Atom>[] = []
  for (const [, set] of [...sets].sort(([a, x], [b, y]) => x.size - y.size || (a < b ? -1 : 1)))
    if (!found.some((other) => [...other.keys()].every((key) => set.has(key)))) found.push(set)
  return found.map((set) => [...set].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, atom]) => atom))
}

const clientsOf = ({ clients }: Holders): Clients =>
  clients === undefined ? { kind: 'except', ids: [] } : { kind: 'only', ids: clients }

function divided(list: readonly string[], by: readonly string[]) {
  const names = new Set(by)
  return {
    inside: list.filter((item) => names.has(item)),
    outside: list.filter((item) => !names.has(item)),
  }
}

/** Clients of `a` that are not of `b`. */
function without(a: Clients, b: Clients): Clients {
  return shared(a, { kind: b.kind === 'only' ? 'except' : 'only', ids: b.ids })
}

function shared(a: Clients, b: Clients): Clients {
  if (a.kind === 'except' && b.kind === 'except')
    return { kind: 'except', ids: [...new Set([...a.ids, ...b.ids])].sort() }
  const [only, other] = a.kind === 'only' ? [a, b] : [b, a]
  const { inside, outside } = divided(only.ids, other.ids)
  return { kind: 'only', ids: other.kind === 'only' ? inside : outside }
}
