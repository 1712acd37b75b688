/** Rows of a difference in words for people. Pure. */
import type { Methods } from '../../decision/difference/changes.ts'
import type { Gain, GainPart, Term } from '../../decision/difference/gain.ts'
import type { Region } from '../../decision/difference/regions.ts'
import type { Atom, Holders, Need } from '../../decision/difference/who.ts'

/** How a name from a configuration is shown: as it is, or marked as code. */
export type Quote = (name: string) => string

export type Words = { readonly quote: Quote; readonly hasIssuers: boolean }

/** `GET, PUT`; GET stands for HEAD too. Pure. */
export function methodsText({ kind, methods, websocket }: Methods): string {
  const handshake = websocket ? ['WebSocket'] : []
  if (kind === 'only') {
    const isWhole = methods.includes('GET') && methods.includes('HEAD')
    const told = methods
      .filter((method) => !(isWhole && method === 'HEAD'))
      .map((method) => (method === 'GET' && !isWhole ? 'GET without HEAD' : method))
    return [...told, ...handshake].join(', ')
  }
  const but = methods.filter((method) => method !== 'HEAD' || !methods.includes('GET'))
  return [but.length === 0 ? 'any method' : `any but ${but.join(', ')}`, ...handshake].join(', ')
}

/** The template and what of it is not meant; of many exceptions only the first are named. */
export function pathsText({ template, except }: Region, quote: Quote, most = 5): string {
  if (except.length === 0) return quote(template.text)
  const named = except.slice(0, most).map(({ text }) => quote(text))
  const rest = except.length - named.length
  const more = rest > 0 ? ` and ${rest} more` : ''
  return `${quote(template.text)} except ${named.join(', ')}${more}`
}

/** Who was gained, or lost; `others` begins the words on those for whom nothing changed: `before`, `still`. */
export function gainText(gain: Gain, others: string, words: Words): string {
  if (gain.kind === 'everyone') {
    const { before } = gain
    const told = before.kind === 'nobody' ? '' : ` (${others}: ${holdersText(before, words)})`
    return `everyone, without a token${told}`
  }
  return gain.parts.map((part) => partText(part, others, words)).join('; ')
}

function partText(part: GainPart, others: string, words: Words): string {
  const { issuers, clients, terms, unless } = part
  const told = [orText(terms.map((term) => termText(term, words)))]
  if (clients.kind === 'only') told.push(`client ${orText(clients.ids.map(words.quote))}`)
  else if (clients.ids.length > 0)
    told.push(`any client but ${clients.ids.map(words.quote).join(', ')}`)
  if (words.hasIssuers) told.push(`issuer ${orText(issuers.map(words.quote))}`)
  const except = unless === undefined ? '' : ` (${others}: ${needText(unless, words)})`
  return `${told.join(', ')}${except}`
}

function holdersText({ need, clients, issuers }: Holders, words: Words): string {
  const told = [needText(need, words)]
  if (clients !== undefined) told.push(`client ${orText(clients.map(words.quote))}`)
  if (words.hasIssuers) told.push(`issuer ${orText(issuers.map(words.quote))}`)
  return told.join(', ')
}

function needText(need: Need, words: Words): string {
  if (need.kind === 'scope' || need.kind === 'claim') return atomText(need, words)
  if (need.needs.length === 0) return anyToken
  const parts = need.needs.map((part) =>
    part.kind === 'scope' || part.kind === 'claim'
      ? atomText(part, words)
      : `(${needText(part, words)})`,
  )
  return parts.join(need.kind === 'all' ? ' and ' : ' or ')
}

const anyToken = 'any valid token'

function termText(term: Term, words: Words): string {
  return term.length === 0 ? anyToken : term.map((atom) => atomText(atom, words)).join(' and ')
}

function atomText(atom: Atom, { quote }: Words): string {
  return atom.kind === 'scope'
    ? `scope ${quote(atom.scope)}`
    : `claim ${quote(atom.claim)} = ${quote(JSON.stringify(atom.value))}`
}

const orText = (parts: readonly string[]): string => parts.join(' or ')
