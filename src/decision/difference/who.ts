/** Who is let through, as a value that can be compared: nobody, everyone, or holders of certain tokens. Pure. */
import { holds, type ClaimRule } from '../claims.ts'
import type { VerifiedToken } from '../decide.ts'
import type { Condition, Route } from '../routes.ts'
import { meets, type ScopeName, type ScopeNeed } from '../scopes.ts'

/** One thing that a token has or has not. A list claim may have several values, so each is a thing of its own. */
export type Atom =
  | { readonly kind: 'scope'; readonly scope: string }
  | { readonly kind: 'claim'; readonly claim: string; readonly value: ClaimRule['values'][number] }

/** What a token must hold; `all` of nothing is met by every token. */
export type Need = { readonly kind: 'all' | 'any'; readonly needs: readonly Need[] } | Atom

/** `clients` undefined = every client, and tokens without one. Both lists are sorted and not empty. */
export type Holders = {
  readonly kind: 'holders'
  /** Keys of issuers, the same on both sides of a comparison. */
  readonly issuers: readonly string[]
  readonly clients: readonly string[] | undefined
  readonly need: Need
}

export type Who = { readonly kind: 'nobody' } | { readonly kind: 'everyone' } | Holders

export const nobody: Who = { kind: 'nobody' }
export const everyone: Who = { kind: 'everyone' }

/** A token as both sides see it; `issuer` is the key of its issuer. */
export type Presented = Pick<VerifiedToken, 'clientId' | 'scopes' | 'claims'> & {
  readonly issuer: string
}

/**
 * Who meets what a route asks of its callers; `issuers` gives the key of each issuer's name.
 * The route's mode is no part of it.
 */
export function whoMeets(route: Route, issuers: ReadonlyMap<string, string>): Who {
  const { access, conditions } = route
  if (access.kind === 'public') return everyone
  const of = <Kind extends Condition['kind']>(kind: Kind) =>
    conditions.filter((one): one is Extract<Condition, { kind: Kind }> => one.kind === kind)
  const accepted = of('issuer').map(({ names }) => names.flatMap((name) => issuers.get(name) ?? []))
  const claims = of('claim').map(({ rule }) => needOfClaim(rule))
  const scopes = access.kind === 'scopes' ? [needOfScopes(access.need)] : []
  return holders({
    issuers: inEach(accepted) ?? [...issuers.values()],
    clients: inEach(of('client').map(({ ids }) => ids)),
    need: all([...scopes, ...claims]),
  })
}

/** Whether the token, or none, is among them. */
export function includes(who: Who, token: Presented | undefined): boolean {
  if (who.kind !== 'holders') return who.kind === 'everyone'
  return (
    token !== undefined &&
    who.issuers.includes(token.issuer) &&
    (who.clients === undefined ||
      (token.clientId !== undefined && who.clients.includes(token.clientId))) &&
    isMet(who.need, (atom) => has(token, atom))
  )
}

/** Whether the need is met when exactly these things are there. */
export function isMet(need: Need, isThere: (atom: Atom) => boolean): boolean {
  switch (need.kind) {
    case 'all':
      return need.needs.every((part) => isMet(part, isThere))
    case 'any':
      return need.needs.some((part) => isMet(part, isThere))
    case 'scope':
    case 'claim':
      return isThere(need)
  }
}

/** Whether the token has it. */
export function has({ scopes, claims }: Pick<Presented, 'scopes' | 'claims'>, atom: Atom): boolean {
  return atom.kind === 'scope'
    ? meets({ kind: 'one', scope: atom.scope as ScopeName }, scopes) // any text may be asked about
    : holds({ claim: atom.claim, values: [atom.value] }, claims)
}

/** Needs of all parts, without brackets that say nothing; parts in an order of their own, each once. */
export const all = (needs: readonly Need[]): Need => joined('all', needs)

function joined(kind: 'all' | 'any', needs: readonly Need[]): Need {
  const parts = new Map<string, Need>()
  for (const need of needs)
    for (const part of need.kind === kind ? need.needs : [need])
      parts.set(JSON.stringify(part), part)
  const sorted = [...parts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, part]) => part)
  const [only, second] = sorted
  return only !== undefined && second === undefined ? only : { kind, needs: sorted }
}

function needOfScopes(need: ScopeNeed): Need {
  if (need.kind === 'one') return { kind: 'scope', scope: need.scope }
  return joined(need.kind === 'anyOf' ? 'any' : 'all', need.needs.map(needOfScopes))
}

function needOfClaim({ claim, values }: ClaimRule): Need {
  const name = plainName(claim)
  return joined(
    'any',
    values.map((value) => ({ kind: 'claim', claim: name, value })),
  )
}

/** `/tenant` and `tenant` are the same claim. */
function plainName(claim: string): string {
  const name = /^\/([^/~]+)$/.exec(claim)?.[1]
  return name ?? claim
}

function holders({ issuers, clients, need }: Omit<Holders, 'kind'>): Who {
  if (issuers.length === 0 || clients?.length === 0) return nobody
  const sorted = (list: readonly string[]) => [...new Set(list)].sort()
  return { kind: 'holders', issuers: sorted(issuers), clients: clients && sorted(clients), need }
}

/** What stands in every list; undefined when there is no list. */
function inEach(lists: readonly (readonly string[])[]): readonly string[] | undefined {
  const [first, ...others] = lists
  return first?.filter((item) => others.every((list) => list.includes(item)))
}
