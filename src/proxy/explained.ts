/** A request and what is known of its token -> what the running inbound proxy would do with it, and why. Pure. */
import type { InboundConfig } from '../config/config.ts'
import { decide, type Decision, modeOf, type TokenResult } from '../decision/decide.ts'
import {
  explainDecision,
  type JudgedCondition,
  type PossibleDecision,
  sketchOf,
  type TokenSketch,
  unknownToken,
} from '../decision/explain.ts'
import type { NearRoute } from '../decision/near.ts'
import type { Mode, Route } from '../decision/routes.ts'
import { findRoute, type Found, nearRoutes } from '../decision/table.ts'
import { parseTarget } from '../decision/target.ts'
import type { NonEmpty } from '../units.ts'
import { noHttp } from './client-error.ts'
import { createIdentity } from './identity.ts'
import { type Problem, renderProblem } from './problems.ts'

export type AskedRequest = {
  /** Upper case, one that Node's parser knows. */
  readonly method: string
  /** Begins with `/`. */
  readonly target: string
}

/** The token that comes with the request. */
export type AskedToken =
  | { readonly kind: 'none' }
  /** Valid; not everything is known of it. */
  | { readonly kind: 'sketch'; readonly sketch: TokenSketch }
  /** Judged as far as it can be. */
  | { readonly kind: 'read'; readonly token: TokenResult }

/** What a caller gets, but for the request id. */
export type ExactAnswer = {
  readonly status: number
  readonly code: Problem['code']
  readonly type: string
  readonly title: string
  readonly detail: string
  /** `WWW-Authenticate`. */
  readonly challenge: string | undefined
}

export type Outcome =
  | { readonly kind: 'allow' }
  | {
      readonly kind: 'deny'
      readonly answer: ExactAnswer
      /** False in report mode: it is forwarded all the same. */
      readonly enforced: boolean
    }

export type PossibleOutcome = {
  readonly outcome: Outcome
  /** See `PossibleDecision`. */
  readonly unless: JudgedCondition | undefined
}

export type ExplainedRequest = AskedRequest & {
  /** `depends`: on what is not known of the token. */
  readonly decision: 'allow' | 'deny' | 'depends'
  readonly outcomes: NonEmpty<PossibleOutcome>
  /** Who owns the request, if the path has an owner. */
  readonly route: Route | undefined
  /** Whether `route` takes it: not when its method or case is another. */
  readonly isTaken: boolean
  readonly conditions: readonly JudgedCondition[]
  /** Looked for when it is asked: in a large table that takes longer than the decision. */
  readonly near: () => readonly NearRoute[]
  /** Without a token; undefined where none is read, or the request is refused before. */
  readonly anonymous: Outcome | undefined
}

/** Settings of the proxy, and the names of all issuers whose tokens are verified. */
export type ExplainSettings = {
  readonly inbound: InboundConfig
  readonly issuers: readonly string[]
}

/** What happens to a request that is valid HTTP, has no body and asks for no upgrade. */
export function explainRequest(
  { inbound, issuers }: ExplainSettings,
  asked: AskedRequest,
  token: AskedToken,
): ExplainedRequest {
  const { method, target } = asked
  const refuse = (problem: Problem, mode: Mode): ExplainedRequest => ({
    ...{ ...asked, decision: 'deny', outcomes: [sure(denied(problem, mode, inbound))] },
    ...{ route: undefined, isTaken: false, conditions: [], near: () => [], anonymous: undefined },
  })
  // bytes that the parser of HTTP takes for the end of the target, or refuses, whatever the mode
  if (/[^\x21-\x7e]/.test(target)) return refuse(noHttp, 'enforce')
  if (method === 'CONNECT') return refuse({ code: 'method_refused' }, 'enforce')
  if (target.length > inbound.limits.maxTargetBytes)
    return refuse({ code: 'target_too_long' }, 'enforce')
  if (method === 'TRACE') return refuse({ code: 'method_refused' }, 'enforce')
  const parsed = parseTarget(target, inbound.paths)
  if (!parsed.ok) return refuse(parsed.problem, inbound.mode)
  const found = findRoute(inbound.table, parsed.value, method, inbound.ignoreCase)
  if (!found.ok) {
    const near = () => nearRoutes(inbound.table, parsed.value, method, undefined)
    return { ...refuse(found.problem, inbound.mode), near }
  }
  const { conditions, possible } = judge(found.value, token, issuers)
  const [first, ...others] = possible
  const outcomeOf = ({ decision, unless }: PossibleDecision): PossibleOutcome => ({
    outcome: settle(fit(decision, token, inbound), inbound),
    unless,
  })
  const outcomes = [outcomeOf(first), ...others.map(outcomeOf)] as const
  return {
    ...{ ...asked, decision: together(outcomes), outcomes, conditions },
    ...{ route: routeOf(found.value), isTaken: found.value.kind === 'route' },
    near: () => nearRoutes(inbound.table, parsed.value, method, found.value),
    anonymous: isPublic(found.value) ? undefined : settle(decide(found.value, undefined), inbound),
  }
}

function judge(
  found: Found,
  token: AskedToken,
  issuers: readonly string[],
): ReturnType<typeof explainDecision> {
  if (token.kind === 'sketch') return explainDecision(found, token.sketch, issuers)
  const result = token.kind === 'read' ? token.token : undefined
  if (result?.ok === true) return explainDecision(found, sketchOf(result.value), issuers)
  // what would be judged is told all the same
  const { conditions: judged } = explainDecision(found, unknownToken, issuers)
  const conditions = judged.map((one): JudgedCondition => ({ ...one, state: 'unknown' }))
  return { conditions, possible: [{ decision: decide(found, result), unless: undefined }] }
}

/** As `inbound.ts` does: a claim that fits no header turns an allowed request into a refused one. */
function fit(decision: Decision, token: AskedToken, inbound: InboundConfig): Decision {
  if (decision.kind === 'deny' || decision.token === undefined) return decision
  if (token.kind === 'sketch' && token.sketch.claims === undefined) return decision
  const identity = createIdentity(inbound.identityHeaders)(decision.token)
  if (identity.ok) return decision
  const denial = { code: 'invalid_claim_value', header: identity.problem.header } as const
  return { ...decision, kind: 'deny', denial, isListed: true }
}

function settle(decision: Decision, inbound: InboundConfig): Outcome {
  if (decision.kind === 'allow') return { kind: 'allow' }
  return denied(decision.denial, modeOf(decision, inbound.mode), inbound)
}

function denied(problem: Problem, mode: Mode, inbound: InboundConfig): Outcome {
  const { realm, problemTypes } = inbound
  const { status, headers, body } = renderProblem(problem, '', { realm, problemTypes })
  const { type, title, detail } = JSON.parse(body) as Pick<ExactAnswer, 'type' | 'title' | 'detail'>
  const at = headers.indexOf('WWW-Authenticate')
  const challenge = at < 0 ? undefined : headers[at + 1]
  const answer = { status, code: problem.code, type, title, detail, challenge }
  return { kind: 'deny', answer, enforced: mode === 'enforce' }
}

const sure = (outcome: Outcome): PossibleOutcome => ({ outcome, unless: undefined })

function together(outcomes: NonEmpty<PossibleOutcome>): ExplainedRequest['decision'] {
  const [{ outcome: first }] = outcomes
  return outcomes.every(({ outcome }) => outcome.kind === first.kind) ? first.kind : 'depends'
}

function routeOf(found: Found): Route | undefined {
  switch (found.kind) {
    case 'route':
      return found.route
    case 'not_listed':
      return found.owner
    case 'none':
      return undefined
  }
}

function isPublic(found: Found): boolean {
  return found.kind === 'route' && found.route.access.kind === 'public'
}
