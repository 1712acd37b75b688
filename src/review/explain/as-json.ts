/** An explained request as JSON for programs; members are only ever added. Pure. */
import type { JudgedCondition, JudgedNeed } from '../../decision/explain.ts'
import { scopeText } from '../../decision/scopes.ts'
import type { Route } from '../../decision/routes.ts'
import { inWords, needsOf } from '../../proxy/explain.ts'
import type { ExactAnswer, ExplainedRequest, Outcome } from '../../proxy/explained.ts'
import type { ReadToken } from './asked-token.ts'

/** What is told: the request as the proxy sees it, the token as it was described, and of which file. */
export type Told = {
  readonly file: string
  readonly configHash: string
  readonly explained: ExplainedRequest
  readonly token: Pick<ReadToken, 'told' | 'provided'>
  readonly notes: readonly string[]
}

export function explainJson({ file, configHash, explained, token, notes }: Told): object {
  const { method, target, decision, outcomes, route, isTaken, near, anonymous } = explained
  return {
    ...{ file, configHash, request: { method, target }, decision },
    token: { is: token.told, provided: token.provided },
    route: route === undefined ? null : { ...describeRoute(route), takesRequest: isTaken },
    conditions: explained.conditions.map(describeCondition),
    outcomes: outcomes.map(({ outcome, unless }) => ({
      ...describeOutcome(outcome),
      unless: unless === undefined ? null : conditionText(unless),
    })),
    withoutToken: anonymous === undefined ? null : describeOutcome(anonymous),
    near: near().map(({ route: other, kind, because }) => ({
      ...{ route: other.id, line: other.line, kind, because },
    })),
    notes,
  }
}

/** A condition as a claim about a token: `it has a and (b or c)`. Pure. */
export function conditionText(condition: JudgedCondition): string {
  return condition.kind === 'scopes' ? `it has ${scopeText(condition.need)}` : inWords(condition)
}

function describeRoute(route: Route): object {
  const { id, line, column, methods, pattern, policy, mode } = route
  return {
    ...{ id, line, column, path: pattern.text, methods: methods ?? null, mode },
    ...{ policy: policy ?? null, needs: needsOf(route) },
  }
}

function describeCondition(condition: JudgedCondition): object {
  const { state } = condition
  const text = conditionText(condition)
  switch (condition.kind) {
    case 'scopes':
      return { kind: 'scopes', state, text, scopes: describeNeed(condition.need) }
    case 'issuer':
      return { kind: 'issuer', state, text, issuers: condition.names }
    case 'client':
      return { kind: 'client', state, text, clientIds: condition.ids }
    case 'claim':
      return { kind: 'claim', state, text, ...condition.rule }
  }
}

function describeNeed(need: JudgedNeed): object {
  return need.kind === 'one'
    ? { scope: need.scope, state: need.state }
    : { [need.kind]: need.needs.map(describeNeed), state: need.state }
}

/** The answer as a caller gets it, but for the request id. Pure. */
export function describeOutcome(outcome: Outcome): object {
  if (outcome.kind === 'allow') return { decision: 'allow' }
  const { enforced, answer } = outcome
  const { status, code, challenge } = answer
  return {
    ...{ decision: 'deny', status, code, enforced },
    answer: { status, wwwAuthenticate: challenge ?? null, body: bodyOf(answer) },
  }
}

/** The members of the problem body, in its order. Pure. */
export function bodyOf({ type, title, status, code, detail }: ExactAnswer): object {
  return { type, title, status, code, detail }
}
