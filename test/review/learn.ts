/** Logs of a few lines, and what is learned of them. */
import type { Config } from '../../src/config/config.ts'
import { createLearning, type Learned } from '../../src/review/learn/learn.ts'
import { propose, type Proposal } from '../../src/review/learn/propose.ts'
import { learnedYaml } from '../../src/review/learn/written.ts'
import { routeText } from '../../src/review/route-yaml.ts'

export type Fields = Readonly<Record<string, unknown>>

export const issuer = 'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_a1B2c3D4e'

/** The line of a call in report mode; `who` and `scopes` as the token says, undefined = there was none. */
export function lineOf(
  request: string,
  who: string | undefined,
  scopes: string | undefined,
  over: Fields = {},
): string {
  const [method, path] = request.split(' ')
  return JSON.stringify({
    ...{ level: 'info', time: '2026-11-20T10:00:00.000Z', direction: 'inbound', requestId: 'r' },
    ...{ method, path, status: 200, route: '* /**', decision: 'allow', enforced: false },
    ...(who === undefined
      ? { decision: 'deny', reason: 'missing_token' }
      : { clientId: who, issuer, scopes }),
    ...{ configHash: 'h', durationMs: 1, msg: 'request' },
    ...over,
  })
}

export type Lesson = { readonly learned: Learned; readonly proposal: Proposal }

export const standard = { minCount: 1, mostNames: 30 }

export function learnedFrom(lines: readonly string[], options = standard, config?: Config): Lesson {
  const learning = createLearning(config)
  const { learned } = learning
  for (const line of lines) learning.add(line)
  return { learned, proposal: propose(learned, options) }
}

/** Routes as YAML. */
export const routesOf = ({ proposal }: Lesson): readonly string[] =>
  proposal.closed.routes.map(routeText)

export const yamlOf = ({ learned, proposal }: Lesson): string =>
  learnedYaml(learned, proposal, undefined)
