/** Routes that are proposed, from a document or from the log: never wider than what was said or seen (issue "Reviewed like code"). */
import type { Mutant } from './mutant.ts'

const openapi = 'test/review/openapi-import.test.ts'
const drift = 'test/review/openapi-drift.test.ts'
const learn = 'test/review/learn.test.ts'
const bounds = 'test/review/learn-bounds.test.ts'

export const proposedMutants: readonly Mutant[] = [
  {
    name: 'what-the-api-refused-is-taken-as-allowed',
    ids: ['R2'],
    file: 'src/review/learn/learn.ts',
    find: 'new Set([401, 403, 404, 405, 501])',
    replace: 'new Set([404, 405, 501])',
    tests: ['test/review/learn.test.ts'],
  },
  {
    name: 'scopes-of-a-scheme-that-is-not-there-are-lost',
    ids: ['R2'],
    file: 'src/review/openapi/security.ts',
    find: "if (value.kind !== 'list' || value.items().length > 0) isReadable = false",
    replace: 'isReadable &&= true',
    tests: ['test/review/openapi-import.test.ts'],
  },
  {
    name: 'silence-of-a-document-is-public',
    ids: ['R2'],
    file: 'src/review/openapi/security.ts',
    find: "  access: { kind: 'authenticated' },\n  isExact: false,\n  isSilent: true,",
    replace:
      "  access: { kind: 'public', forwardAuthorization: false },\n  isExact: false,\n  isSilent: true,",
    tests: [openapi],
  },
  {
    name: 'unchecked-schemes-are-alternatives',
    ids: ['R2'],
    file: 'src/review/openapi/security.ts',
    find: 'const need = needs.length < tokens.length ? undefined : anyOf(needs)',
    replace: 'const need = needs.length < alternatives.length ? undefined : anyOf(needs)',
    tests: [openapi],
  },
  {
    name: 'partial-parameters-are-whole-segments',
    ids: ['R2'],
    file: 'src/review/openapi/path-template.ts',
    find: 'if (partial !== undefined)',
    replace: 'if (partial === template)',
    tests: [openapi],
  },
  {
    name: 'crossing-paths-ask-for-one-of-both',
    ids: ['R2'],
    file: 'src/review/proposed.ts',
    find: 'const access = parts.map((part) => part.access).reduce(bothAccesses)',
    replace: 'const access = most.access',
    tests: [openapi],
  },
  {
    name: 'wider-routes-are-no-drift',
    ids: ['R2'],
    file: 'src/review/openapi/drift.ts',
    find: "  if (!isAtMost(route.access, access)) return drift('wider', asks)\n",
    replace: '',
    tests: [drift],
  },
  {
    name: 'calls-without-a-token-count-as-calls-of-clients',
    ids: ['R2'],
    file: 'src/review/learn/evidence.ts',
    find: '  if (issuer === undefined) return\n',
    replace: '',
    tests: [learn],
  },
  {
    name: 'scopes-of-some-callers-are-scopes-of-all',
    ids: ['R2'],
    file: 'src/review/learn/propose.ts',
    find: 'new Set(untold > 0 ? [] : held)',
    replace: 'new Set(held)',
    tests: [learn],
  },
  {
    name: 'templates-grow-with-the-log',
    ids: ['R22'],
    file: 'src/review/learn/templates.ts',
    find: '  if (templates.nodes >= mostNodes) return undefined\n',
    replace: '',
    tests: [bounds],
  },
  {
    name: 'scopes-are-logged-of-every-request',
    ids: ['R26'],
    file: 'src/proxy/inbound.ts',
    find: "if (mode === 'report') record.scopes",
    replace: 'record.scopes',
    tests: ['test/commands/learn.test.ts'],
  },
]
