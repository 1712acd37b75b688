/** What else happens at the request that was asked about: handshakes, preflights, report mode. Pure. */
import type { InboundConfig } from '../config/config.ts'
import type { Route } from '../decision/routes.ts'
import type { ExplainedRequest } from './explained.ts'

/** Sentences, in the order of their weight. */
export function notesOn(told: ExplainedRequest, inbound: InboundConfig): readonly string[] {
  const { method, target, route, isTaken, outcomes, anonymous } = told
  const isForwarded = outcomes.some(({ outcome }) => outcome.kind === 'deny' && !outcome.enforced)
  const isReported = isTaken && route?.mode === 'report'
  const isRouted = isTaken || anonymous !== undefined
  return [
    ...(/[^\x21-\x7e]/.test(target) ? [`Clients send this path as ${escaped(target)}.`] : []),
    ...(isForwarded || isReported
      ? ['Report mode: what is denied is forwarded all the same, logged with "enforced": false.']
      : []),
    ...(method === 'HEAD' && route?.methods?.includes('HEAD') === false
      ? ['HEAD is judged as GET: no route of the path lists HEAD.']
      : []),
    ...(method === 'GET' && isTaken && route !== undefined ? handshake(told, route) : []),
    ...(method === 'OPTIONS' && isRouted && inbound.allowPreflight
      ? ['A CORS preflight is forwarded without a token (allowPreflight: true).']
      : []),
    ...(inbound.tokenHeader !== 'authorization' && anonymous !== undefined
      ? [`The token is read from the header ${inbound.tokenHeader}.`]
      : []),
  ]
}

function handshake({ outcomes }: ExplainedRequest, { websocket }: Route): readonly string[] {
  if (websocket.allowed)
    return ['A WebSocket handshake is judged in the same way (websocket: true).']
  return outcomes.some(({ outcome }) => outcome.kind === 'allow')
    ? ['A WebSocket handshake is answered 403 upgrade_not_allowed where a request is allowed.']
    : []
}

/** Bytes that no target may hold as they are, as UTF-8 and escaped; halves of characters too. */
function escaped(target: string): string {
  return target.replace(/[^\x21-\x7e]/gu, (character) =>
    [...Buffer.from(character)].map((byte) => `%${byte.toString(16).toUpperCase()}`).join(''),
  )
}
