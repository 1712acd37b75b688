/** Which clients of templates can call something now and could not before, or the other way round. Pure. */
import { type Comparison, type Row, rowsOf } from '../../decision/difference/difference.ts'
import { isMet, type Holders as Accepted, type Who } from '../../decision/difference/who.ts'
import type { Holder } from '../holders.ts'

/** `perhaps …`: a template or a client id that is not known decides. */
export type ClientEffect = 'gained' | 'perhaps gained' | 'lost' | 'perhaps lost'

export type ClientChange = {
  readonly effect: ClientEffect
  /** Names, sorted. */
  readonly clients: readonly string[]
}

/** Clients of one side, and the keys of its issuers by their names. */
export type ClientSide = {
  readonly holders: readonly Holder[]
  readonly issuers: ReadonlyMap<string, string>
}

type Answer = 'yes' | 'no' | 'unsure'

/** One client on both sides; undefined = it is not there. */
type Matched = {
  readonly name: string
  readonly before: Known | undefined
  readonly after: Known | undefined
}

/** Asked for each route. */
type Known = Omit<Holder, 'scopes'> & { readonly scopes: ReadonlySet<string> }

const effects: readonly ClientEffect[] = ['gained', 'perhaps gained', 'lost', 'perhaps lost']

/** Rows by effect; also where routes are the same and only a client's scopes changed. */
export function clientRows(
  comparison: Comparison,
  before: ClientSide,
  after: ClientSide,
): readonly Row<ClientChange>[] {
  const matched = matchClients(before.holders, after.holders)
  const answers = {
    before: remembered((who: Who) =>
      matched.map((client) => answerFor(who, client.before, before.issuers)),
    ),
    after: remembered((who: Who) =>
      matched.map((client) => answerFor(who, client.after, after.issuers)),
    ),
  }
  return effects.flatMap((effect) =>
    rowsOf<ClientChange>(comparison, (old, now) => {
      const [were, are] = [answers.before(old), answers.after(now)]
      const clients = matched
        .filter((_, at) => effectOf(were[at], are[at]) === effect)
        .map(({ name }) => name)
      if (clients.length === 0) return undefined
      // that it is open to everyone is told by itself
      if (now.kind === 'everyone') return undefined
      return { key: JSON.stringify(clients), change: { effect, clients } }
    }),
  )
}

function effectOf(was: Answer | undefined, is: Answer | undefined): ClientEffect | undefined {
  if (was === is) return undefined
  if (was === 'no') return is === 'yes' ? 'gained' : 'perhaps gained'
  if (is === 'no') return was === 'yes' ? 'lost' : 'perhaps lost'
  return is === 'yes' ? 'perhaps gained' : 'perhaps lost'
}

/** Whether the client is among them, as far as its template and the configuration say. */
function answerFor(
  who: Who,
  holder: Known | undefined,
  issuers: ReadonlyMap<string, string>,
): Answer {
  if (who.kind !== 'holders') return who.kind === 'everyone' ? 'yes' : 'no'
  if (holder === undefined || holder.barred !== undefined) return 'no'
  const answers: readonly Answer[] = [
    issuerAnswer(who, holder, issuers),
    clientAnswer(who.clients, holder),
    needAnswer(who, holder),
    holder.doubts.length > 0 ? 'unsure' : 'yes',
  ]
  if (answers.includes('no')) return 'no'
  return answers.includes('unsure') ? 'unsure' : 'yes'
}

/** Whether tokens that its issuer signs for it are valid, and count here. */
function issuerAnswer(who: Accepted, holder: Known, issuers: ReadonlyMap<string, string>): Answer {
  const { issuer } = holder
  if (issuer === undefined) return 'unsure'
  const key = issuers.get(issuer.name) as string // it is one of this side's
  if (!who.issuers.includes(key)) return 'no'
  return issuer.claims.length > 0 ? 'unsure' : clientAnswer(issuer.clientIds, holder)
}

function clientAnswer(accepted: readonly string[] | undefined, { clientId }: Known): Answer {
  if (accepted === undefined) return 'yes'
  if (clientId === undefined) return 'unsure'
  return accepted.includes(clientId) ? 'yes' : 'no'
}

/** No template says which claims tokens have. */
function needAnswer({ need }: Accepted, { scopes, openScopes }: Known): Answer {
  const isGranted = (scope: string): boolean => scopes.has(scope)
  if (isMet(need, (atom) => atom.kind === 'scope' && isGranted(atom.scope))) return 'yes'
  const mayBe = (scope: string): boolean => openScopes.length > 0 || isGranted(scope)
  return isMet(need, (atom) => atom.kind === 'claim' || mayBe(atom.scope)) ? 'unsure' : 'no'
}

/** By logical id where that is one client's alone, else by name; a client may be renamed. */
function matchClients(before: readonly Holder[], after: readonly Holder[]): readonly Matched[] {
  const old = byKey(before)
  const matched = new Map<string, Matched>()
  for (const [key, was] of old) matched.set(key, { name: was.name, before: was, after: undefined })
  for (const [key, is] of byKey(after))
    matched.set(key, { name: is.name, before: old.get(key), after: is })
  return [...matched.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
}

function byKey(holders: readonly Holder[]): ReadonlyMap<string, Known> {
  const counts = new Map<string, number>()
  for (const { logicalId } of holders) counts.set(logicalId, (counts.get(logicalId) ?? 0) + 1)
  return new Map(
    holders.map((holder) => {
      const { logicalId, name } = holder
      const known: Known = { ...holder, scopes: new Set(holder.scopes) }
      return [counts.get(logicalId) === 1 ? `id ${logicalId}` : `name ${name}`, known]
    }),
  )
}

function remembered<Value>(make: (who: Who) => Value): (who: Who) => Value {
  const values = new Map<Who, Value>()
  return (who) => {
    const value = values.get(who) ?? make(who)
    values.set(who, value)
    return value
  }
}
