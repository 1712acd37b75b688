/** Cases against a configuration: which hold, why the others do not, and which routes they touch. Pure. */
import type { Config } from '../../config/config.ts'
import { didYouMean } from '../../config/suggest.ts'
import type { Route } from '../../decision/routes.ts'
import { notesOn } from '../../proxy/explain-notes.ts'
import { explainRequest, type ExplainedRequest } from '../../proxy/explained.ts'
import type { Case } from './cases.ts'
import { explainText, outcomeText } from '../explain/as-text.ts'

export type CaseResult = {
  readonly asked: Case
  readonly explained: ExplainedRequest
  /** What is not as expected, in words; none when the case holds. */
  readonly failures: readonly string[]
  /** It is denied as expected, but forwarded all the same. */
  readonly isReportOnly: boolean
  /** Lines of the explanation. */
  readonly explanation: () => readonly string[]
}

export type RouteCoverage = {
  readonly route: Route
  /** How many cases the route took that were allowed, and that were not. */
  readonly allowed: number
  readonly denied: number
}

export type CaseResults = {
  readonly results: readonly CaseResult[]
  readonly failed: number
  readonly coverage: readonly RouteCoverage[]
  /** Share of the routes that took a case, 0 to 100, rounded down. */
  readonly percent: number
}

/** Judges every case by the code that serves requests. */
export function judgeCases(
  cases: readonly Case[],
  { file, hash, issuers }: Pick<Config, 'file' | 'hash' | 'issuers'>,
  inbound: NonNullable<Config['inbound']>,
): CaseResults {
  const settings = { inbound, issuers: issuers.map(({ name }) => name) }
  const results = cases.map((asked): CaseResult => {
    const explained = explainRequest(settings, asked.request, asked.token.token)
    const notes = notesOn(explained, inbound)
    const told = { file, configHash: hash, explained, token: asked.token, notes }
    return {
      ...{ asked, explained, failures: failuresOf(asked, explained, inbound.routes) },
      isReportOnly:
        asked.expect === 'deny' &&
        explained.outcomes.some(({ outcome }) => outcome.kind === 'deny' && !outcome.enforced),
      explanation: () => explainText(told),
    }
  })
  const coverage = coverageOf(results, inbound.routes)
  const touched = coverage.filter(({ allowed, denied }) => allowed + denied > 0).length
  return {
    ...{ results, coverage, failed: results.filter(({ failures }) => failures.length > 0).length },
    percent: coverage.length === 0 ? 100 : Math.floor((touched / coverage.length) * 100),
  }
}

function failuresOf(
  { expect, code, status, route }: Case,
  explained: ExplainedRequest,
  routes: readonly Route[],
): readonly string[] {
  const { decision, outcomes, route: owner } = explained
  const [{ outcome: first }] = outcomes
  const is =
    decision === 'depends' ? 'it depends on what is not said of the token' : outcomeText(first)
  const said = outcomes.flatMap(({ outcome }) => (outcome.kind === 'deny' ? [outcome.answer] : []))
  const codes = said.map((answer) => answer.code).join(' or ')
  const statuses = said.map((answer) => answer.status).join(' or ')
  return [
    ...(decision === expect ? [] : [`expected ${expect}: ${is}`]),
    ...(code === undefined || said.every((answer) => answer.code === code)
      ? []
      : [`expected the code ${code}: it is ${codes}`]),
    ...(status === undefined || said.every((answer) => answer.status === status)
      ? []
      : [`expected the status ${status}: it is ${statuses}`]),
    ...(route === undefined || (owner !== undefined && isNamed(owner, route))
      ? []
      : [
          `expected the route ${route}: the owner is ${owner?.id ?? 'none'}${adviceFor(route, routes)}`,
        ]),
  ]
}

const isNamed = ({ id, pattern }: Route, name: string): boolean =>
  id === name || pattern.text === name

function adviceFor(name: string, routes: readonly Route[]): string {
  if (routes.some((route) => isNamed(route, name))) return ''
  const names = routes.flatMap(({ id, pattern }) => [pattern.text, id])
  return didYouMean(name, names) || '; no route is called so'
}

/** A route is touched by a request that it takes: not by one whose method or case is another. */
function coverageOf(
  results: readonly CaseResult[],
  routes: readonly Route[],
): readonly RouteCoverage[] {
  const counts = new Map(routes.map((route) => [route, { allowed: 0, denied: 0 }]))
  for (const { explained } of results) {
    const count = explained.isTaken && explained.route && counts.get(explained.route)
    if (!count) continue
    if (explained.decision === 'allow') count.allowed += 1
    else count.denied += 1
  }
  return [...counts].map(([route, count]) => ({ route, ...count }))
}
