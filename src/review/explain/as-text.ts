/** An explained request as text for people: plain, the same into a pipe. Pure. */
import type { JudgedNeed, State } from '../../decision/explain.ts'
import type { Route } from '../../decision/routes.ts'
import { needsOf } from '../../proxy/explain.ts'
import type { ExplainedRequest, Outcome, PossibleOutcome } from '../../proxy/explained.ts'
import { bodyOf, conditionText, type Told } from './as-json.ts'

/** Lines without their ends; the first has the decision. */
export function explainText(told: Told): readonly string[] {
  const { explained, token, notes, file } = told
  const { anonymous, near } = explained
  const isAnonymous = explained.outcomes.length === 1 && token.told[0] === 'none'
  const lines = [
    headline(explained),
    '',
    ...field('route', [routeText(explained, file)]),
    ...field('token', [token.told.join(', ')]),
    ...token.provided.map((one) => `${pad('')}provided that ${one}`),
    ...field('needs', needs(explained)),
    ...answers(explained),
    ...(anonymous === undefined || isAnonymous
      ? []
      : field('without', [`a token: ${outcomeText(anonymous)}`])),
    ...field(
      'close',
      near().map(({ route, because }) => `${placed(route, file)} ${because}`),
    ),
    ...field('note', notes),
  ]
  return lines.map(plainText)
}

/** What a terminal would obey, or show in another order, as `?`: requests and names may be anybody's. Pure. */
export function plainText(line: string): string {
  return line.replace(/[\p{Cc}\p{Cf}\p{Cs}]/gu, '?')
}

/** `GET /a: allowed`. Pure. */
export function headline({ method, target, decision, outcomes }: ExplainedRequest): string {
  const request = `${method} ${target}`
  const [{ outcome }] = outcomes
  switch (decision) {
    case 'allow':
      return `${request}: allowed`
    case 'deny':
      return outcomes.length === 1
        ? `${request}: ${outcomeText(outcome)}`
        : `${request}: denied in any case`
    case 'depends':
      return `${request}: depends on what is not known of the token`
  }
}

/** `denied, 403 no_route`. Pure. */
export function outcomeText(outcome: Outcome): string {
  if (outcome.kind === 'allow') return 'allowed'
  const { answer, enforced } = outcome
  const what = `${answer.status} ${answer.code}`
  return enforced ? `denied, ${what}` : `forwarded in report mode, else denied, ${what}`
}

function routeText(
  { route, isTaken, outcomes, anonymous }: ExplainedRequest,
  file: string,
): string {
  if (route !== undefined)
    return `${placed(route, file)}${isTaken ? '' : ' owns the path, but does not take the request'}`
  const [{ outcome }] = outcomes
  return anonymous === undefined && outcome.kind === 'deny'
    ? `none is looked for: ${outcome.answer.detail}`
    : 'none has this path'
}

const placed = (route: Route, file: string): string => `${route.id} (${file}:${route.line})`

function needs({ route, isTaken, conditions }: ExplainedRequest): readonly string[] {
  if (route === undefined || !isTaken) return []
  if (conditions.length === 0) return [needsOf(route)]
  return conditions.flatMap((condition) => [
    `${mark(condition.state)} ${conditionText(condition)}`,
    ...(condition.kind === 'scopes' ? parts(condition.need, '  ') : []),
  ])
}

/** A tree part by part; one scope alone is told already. */
function parts(need: JudgedNeed, indent: string): readonly string[] {
  if (need.kind === 'one') return []
  const kind = need.kind === 'anyOf' ? 'one of' : 'all of'
  return [
    `${mark(need.state)} ${indent}${kind}`,
    ...need.needs.flatMap((part) =>
      part.kind === 'one'
        ? [`${mark(part.state)} ${indent}  ${part.scope}`]
        : parts(part, `${indent}  `),
    ),
  ]
}

const mark = (state: State): string => state.padEnd(7)

function answers({ outcomes, decision }: ExplainedRequest): readonly string[] {
  if (outcomes.length === 1 && decision === 'allow')
    return field('answer', ['that of the upstream'])
  if (outcomes.length === 1) return field('answer', answerLines(outcomes[0].outcome))
  return field('answer', outcomes.flatMap(possible))
}

function possible({ outcome, unless }: PossibleOutcome): readonly string[] {
  const when = unless === undefined ? 'all else' : `unless ${conditionText(unless)}`
  return [`${when}: ${outcomeText(outcome)}`, ...answerLines(outcome).map((line) => `  ${line}`)]
}

function answerLines(outcome: Outcome): readonly string[] {
  if (outcome.kind === 'allow') return []
  const { answer } = outcome
  const { status, challenge } = answer
  return [
    `HTTP ${status}`,
    ...(challenge === undefined ? [] : [`WWW-Authenticate: ${challenge}`]),
    JSON.stringify(bodyOf(answer)),
  ]
}

const pad = (name: string): string => name.padEnd(9)

function field(name: string, lines: readonly string[]): readonly string[] {
  return lines.map((line, index) => `${pad(index === 0 ? name : '')}${line}`)
}
