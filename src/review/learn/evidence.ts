/** What was seen of one path and method: bounded, however much is seen. */
import type { Call } from './call.ts'

export type Seen = {
  count: number
  first: string
  last: string
  /** Paths as received. */
  readonly samples: string[]
}

export type Evidence = {
  /** Calls with a verified token; `count` 0 = none. */
  readonly known: Seen
  /** Calls without: nobody knows who they are. */
  readonly anonymous: Seen
  /** Calls by client id. */
  readonly clients: Map<string, number>
  readonly issuers: Set<string>
  /** More callers than are kept, or one whose token names no client. */
  hasOthers: boolean
  /** Scopes that every caller held so far; undefined before the first. */
  held: ReadonlySet<string> | undefined
  /** Calls whose line tells no scopes. */
  untold: number
  /** Ids of routes that took the calls. */
  readonly routes: Set<string>
}

export const mostClients = 50
const mostSamples = 3
const mostRoutes = 3
const mostIssuers = 5

const nothing = (): Seen => ({ count: 0, first: '', last: '', samples: [] })

export function emptyEvidence(): Evidence {
  return {
    ...{ known: nothing(), anonymous: nothing(), clients: new Map(), issuers: new Set() },
    ...{ hasOthers: false, held: undefined, untold: 0, routes: new Set() },
  }
}

/** Adds a call. */
export function addCall(evidence: Evidence, call: Call): void {
  const { issuer, clientId, scopes, route } = call
  addSeen(issuer === undefined ? evidence.anonymous : evidence.known, {
    ...{ count: 1, first: call.time, last: call.time, samples: [call.path] },
  })
  if (route !== undefined) addSome(evidence.routes, [route], mostRoutes)
  if (issuer === undefined) return
  addSome(evidence.issuers, [issuer], mostIssuers)
  if (clientId === undefined) evidence.hasOthers = true
  else addClient(evidence, clientId, 1)
  if (scopes === undefined) evidence.untold += 1
  else evidence.held = heldByBoth(evidence.held, scopesIn(scopes))
}

/** Adds all that `other` knows. */
export function addEvidence(evidence: Evidence, other: Evidence): void {
  addSeen(evidence.known, other.known)
  addSeen(evidence.anonymous, other.anonymous)
  for (const [client, count] of other.clients) addClient(evidence, client, count)
  addSome(evidence.issuers, other.issuers, mostIssuers)
  addSome(evidence.routes, other.routes, mostRoutes)
  evidence.hasOthers ||= other.hasOthers
  evidence.untold += other.untold
  if (other.held !== undefined) evidence.held = heldByBoth(evidence.held, other.held)
}

function addSeen(seen: Seen, other: Seen): void {
  if (other.count === 0) return
  if (seen.count === 0 || other.first < seen.first) seen.first = other.first
  if (other.last > seen.last) seen.last = other.last
  seen.count += other.count
  for (const sample of other.samples)
    if (seen.samples.length < mostSamples && !seen.samples.includes(sample))
      seen.samples.push(sample)
}

function addClient(evidence: Evidence, client: string, calls: number): void {
  const { clients } = evidence
  const before = clients.get(client)
  if (before === undefined && clients.size >= mostClients) evidence.hasOthers = true
  else clients.set(client, (before ?? 0) + calls)
}

function addSome(set: Set<string>, more: Iterable<string>, most: number): void {
  for (const one of more) if (set.size < most) set.add(one)
}

function heldByBoth(
  held: ReadonlySet<string> | undefined,
  scopes: ReadonlySet<string>,
): ReadonlySet<string> {
  if (held === undefined || held === scopes) return scopes
  const both = [...held].filter((scope) => scopes.has(scope))
  return both.length === held.size ? held : new Set(both)
}

/** The same text is met again and again: one set for it. */
const remembered = new Map<string, ReadonlySet<string>>()
const mostRemembered = 1000

function scopesIn(text: string): ReadonlySet<string> {
  const before = remembered.get(text)
  if (before !== undefined) return before
  const scopes = new Set(text.split(' ').filter((scope) => scope !== ''))
  if (remembered.size >= mostRemembered) remembered.clear()
  remembered.set(text, scopes)
  return scopes
}
