/** The question of the status page's form -> its answer. Pure: the engine of `scopegate explain` decides. */
import { type Condition, type Route } from '../decision/routes.ts'
import { unknownToken } from '../decision/explain.ts'
import { scopeText } from '../decision/scopes.ts'
import { didYouMean } from '../config/suggest.ts'
import type { InboundConfig } from '../config/config.ts'
import { http } from '../node-http.ts'
import type { Explanation, Verdict } from '../ops/status.ts'
import { no, ok, type Result } from '../units.ts'
import { type AskedRequest, explainRequest, type Outcome } from './explained.ts'

/**
 * Explains `request` (`GET /export/1`; a path alone is a GET) sent with a valid token that has `scopes`, divided by
 * white space. What a route asks of issuer, client and claims is taken for granted, and named in `provided`.
 */
export function explain(inbound: InboundConfig, request: string, scopes: string): Explanation {
  const asked = readRequest(request)
  if (!asked.ok) return { kind: 'unreadable', because: asked.problem }
  const { method, target } = asked.value
  const granted = new Set(scopes.split(/\s+/).filter((scope) => scope !== ''))
  const sketch = { ...unknownToken, scopes: granted }
  const told = explainRequest({ inbound, issuers: [] }, asked.value, { kind: 'sketch', sketch })
  const { route, isTaken, anonymous } = told
  const { outcome } = told.outcomes.reduce((_, best) => best)
  const isJudged = route !== undefined || anonymous !== undefined
  const isPreflight = method === 'OPTIONS' && inbound.allowPreflight && isJudged
  return {
    ...{ kind: 'explained', method, target, verdict: verdictOf(outcome) },
    route: route && { id: route.id, line: route.line },
    needs: route && needsOf(route),
    provided: [
      ...(isTaken && route !== undefined ? route.conditions.map(inWords) : []),
      ...(isPreflight ? ['it is no CORS preflight, which passes without a token'] : []),
    ],
    withoutToken: anonymous && verdictOf(anonymous),
  }
}

/** `GET /a`, or `/a` alone, as a request that could be sent; the problem says what to write. Pure. */
export function readRequest(text: string): Result<AskedRequest, string> {
  const words = text.trim().split(/\s+/)
  const [first = '', second] = words
  if (first === '' || words.length > 2)
    return no('Write a method and a path, such as GET /export/1.')
  const isPathAlone = second === undefined && first.startsWith('/')
  const method = isPathAlone ? 'GET' : first.toUpperCase()
  const target = isPathAlone ? first : (second ?? '')
  if (!http.METHODS.includes(method))
    return no(
      `This method is not known: it is answered 400${didYouMean(method, http.METHODS) || '.'}`,
    )
  if (!target.startsWith('/')) return no('Write a path that begins with / after the method.')
  return ok({ method, target })
}

function verdictOf(outcome: Outcome): Verdict {
  if (outcome.kind === 'allow') return { kind: 'allow' }
  const { status, code, detail } = outcome.answer
  return { kind: 'deny', status, code, detail, enforced: outcome.enforced }
}

/** What a route asks for, for people. Pure. */
export function needsOf({ access }: Pick<Route, 'access'>): string {
  switch (access.kind) {
    case 'public':
      return 'no token'
    case 'authenticated':
      return 'any valid token'
    case 'scopes':
      return scopeText(access.need)
  }
}

/** A condition as a claim about a token, `it` or its. Pure. */
export function inWords(condition: Condition): string {
  switch (condition.kind) {
    case 'issuer':
      return `it is of issuer ${condition.names.join(' or ')}`
    case 'client':
      return `it is of client ${condition.ids.join(' or ')}`
    case 'claim':
      return `its claim ${condition.rule.claim} is ${condition.rule.values.join(' or ')}`
  }
}
