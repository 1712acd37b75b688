/** A request as somebody asks about it -> what would happen to it and why. Pure: the decision core itself decides. */
import { METHODS } from 'node:http'
import type { InboundConfig } from '../config/config.ts'
import { decide, type Decision, type VerifiedToken } from '../decision/decide.ts'
import type { Condition, Mode, Route } from '../decision/routes.ts'
import { scopeText } from '../decision/scopes.ts'
import { findRoute, type Found } from '../decision/table.ts'
import { parseTarget } from '../decision/target.ts'
import type { Explanation, Verdict } from '../ops/status.ts'
import { no, ok, type Result, seconds } from '../units.ts'
import { type Problem, renderProblem } from './problems.ts'

type Asked = { readonly method: string; readonly target: string }

/**
 * Explains `request` (`GET /export/1`; a path alone is a GET) sent with a valid token that has `scopes`, divided by
 * white space. What a route asks of issuer, client and claims is taken for granted, and named in `provided`.
 */
export function explain(config: InboundConfig, request: string, scopes: string): Explanation {
  const asked = readRequest(request)
  if (!asked.ok) return { kind: 'unreadable', because: asked.problem }
  const { method, target } = asked.value
  // bytes that the parser of HTTP refuses whatever the mode
  const mode = /[^\x21-\x7e]/.test(target) ? 'enforce' : config.mode
  const refused = (problem: Problem): Explanation => ({
    ...{ kind: 'explained', method, target, verdict: denied(problem, mode) },
    ...{ route: undefined, needs: undefined, provided: [], withoutToken: undefined },
  })
  if (method === 'CONNECT' || method === 'TRACE') return refused({ code: 'method_refused' })
  if (target.length > config.limits.maxTargetBytes) return refused({ code: 'target_too_long' })
  const parsed = parseTarget(target, config.paths)
  if (!parsed.ok) return refused(parsed.problem)
  const found = findRoute(config.table, parsed.value, method, config.ignoreCase)
  if (!found.ok) return refused(found.problem)
  const route = routeOf(found.value)
  const conditions = found.value.kind === 'route' ? found.value.route.conditions : []
  const isPublic = found.value.kind === 'route' && found.value.route.access.kind === 'public'
  const granted = scopes.split(/\s+/).filter((scope) => scope !== '')
  const decision = decide(withoutConditions(found.value), ok(tokenWith(granted)))
  return {
    ...{ kind: 'explained', method, target, verdict: verdictOf(decision, config.mode) },
    route: route && { id: route.id, line: route.line },
    needs: route && needsOf(route),
    provided: [
      ...conditions.map(inWords),
      ...(method === 'OPTIONS' && config.allowPreflight
        ? ['it is no CORS preflight, which passes without a token']
        : []),
    ],
    withoutToken: isPublic ? undefined : verdictOf(decide(found.value, undefined), config.mode),
  }
}

function readRequest(text: string): Result<Asked, string> {
  const words = text.trim().split(/\s+/)
  const [first = '', second] = words
  if (first === '' || words.length > 2)
    return no('Write a method and a path, such as GET /export/1.')
  const isPathAlone = second === undefined && first.startsWith('/')
  const method = isPathAlone ? 'GET' : first.toUpperCase()
  const target = isPathAlone ? first : (second ?? '')
  if (!METHODS.includes(method)) return no('This method is not known: it is answered 400.')
  if (!target.startsWith('/')) return no('Write a path that begins with / after the method.')
  return ok({ method, target })
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

function withoutConditions(found: Found): Found {
  return found.kind === 'route'
    ? { kind: 'route', route: { ...found.route, conditions: [] } }
    : found
}

function tokenWith(scopes: readonly string[]): VerifiedToken {
  const claims = { issuer: '', issuerName: '', clientId: undefined, claims: {} }
  return { ...claims, scopes: new Set(scopes), expiresAt: seconds(Infinity) }
}

function verdictOf(decision: Decision, mode: Mode): Verdict {
  if (decision.kind === 'allow') return { kind: 'allow' }
  const { denial, route } = decision
  return denied(denial, denial.code === 'no_route' ? mode : (route?.mode ?? mode))
}

/** Refused in report mode, too. */
const beforeRoutes: ReadonlySet<string> = new Set(['method_refused', 'target_too_long'])

/** As the caller would be told. */
function denied(problem: Problem, mode: Mode): Verdict {
  const { status, body } = renderProblem(problem, '', { realm: undefined, problemTypes: undefined })
  const { detail } = JSON.parse(body) as { readonly detail: string }
  const enforced = mode === 'enforce' || beforeRoutes.has(problem.code)
  return { kind: 'deny', status, code: problem.code, detail, enforced }
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

function inWords(condition: Condition): string {
  switch (condition.kind) {
    case 'issuer':
      return `it is of issuer ${condition.names.join(' or ')}`
    case 'client':
      return `it is of client ${condition.ids.join(' or ')}`
    case 'claim':
      return `its claim ${condition.rule.claim} is ${condition.rule.values.join(' or ')}`
  }
}
