/** What `explain` and `test` promise: that they say what the proxy does, and never the token (issue 6). */
import type { Mutant } from './mutant.ts'

const property = 'test/proxy/explained.test.ts'
const command = 'test/commands/explain.test.ts'

export const explainedMutants: readonly Mutant[] = [
  {
    name: 'what-is-not-known-is-taken-for-met',
    ids: ['R2'],
    file: 'src/decision/explain.ts',
    find: "kept = judged.filter((one) => one.state === 'missing' || one === unless)",
    replace: "kept = judged.filter((one) => one.state === 'missing')",
    tests: ['test/decision/explain.test.ts'],
  },
  {
    name: 'an-open-claim-is-taken-for-known',
    ids: ['R2'],
    file: 'src/decision/explain.ts',
    find: 'claims === undefined || sketch.openClaims.includes(condition.rule.claim)',
    replace: 'claims === undefined',
    tests: ['test/decision/explain.test.ts'],
  },
  {
    name: 'explain-forgets-that-a-claim-must-fit-its-header',
    ids: ['R4'],
    file: 'src/proxy/explained.ts',
    find: '  if (identity.ok) return decision\n',
    replace: '  if (identity.ok || token.kind !== undefined) return decision\n',
    tests: [property],
  },
  {
    name: 'explain-takes-the-mode-of-the-route-where-no-route-takes-it',
    ids: ['R4'],
    file: 'src/proxy/explained.ts',
    find: 'modeOf(decision, inbound.mode)',
    replace: 'decision.route?.mode ?? inbound.mode',
    tests: [property],
  },
  {
    name: 'explain-does-not-look-at-the-clock',
    ids: ['R7'],
    file: 'src/tokens/offline.ts',
    find: 'const verdict = judge(token, issuer, undefined, now)',
    replace: 'const verdict = judge(token, issuer, undefined, token.claims.iat as EpochSeconds)',
    tests: ['test/tokens/offline.test.ts'],
  },
  {
    name: 'a-token-as-an-argument-is-said-again',
    ids: ['R26'],
    file: 'src/cli/explain.ts',
    find: 'self.error(onlyStdin)',
    replace: 'self.error(onlyStdin + flags.token)',
    tests: [command],
  },
  {
    name: 'a-case-holds-when-it-depends',
    ids: ['R2'],
    file: 'src/review/cases/results.ts',
    find: '...(decision === expect ? [] :',
    replace: "...(decision === expect || decision === 'depends' ? [] :",
    tests: ['test/review/case-reports.test.ts'],
  },
  {
    name: 'a-failed-case-ends-well',
    ids: ['R2'],
    file: 'src/review/cases/reports.ts',
    find: 'return failed === 0 && percent >= minCoverage',
    replace: 'return percent >= minCoverage',
    tests: ['test/commands/test.test.ts'],
  },
]
