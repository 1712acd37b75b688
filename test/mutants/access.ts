/** Who can call what, and what is found wrong: nothing is guessed, nothing is left out (issue "Reviewed like code"). */
import type { Mutant } from './mutant.ts'

const access = 'test/review/access.test.ts'
const output = 'test/review/access-output.test.ts'
const permissions = 'test/cloudformation/permissions.test.ts'

export const accessMutants: readonly Mutant[] = [
  {
    name: 'unknown-conditions-are-met',
    ids: ['R2'],
    file: 'src/review/access/access.ts',
    find: 'unresolved: [...holder.doubts, ...open.map(doubtOf)]',
    replace: 'unresolved: holder.doubts',
    tests: [access],
  },
  {
    name: 'scopes-count-while-oauth-is-off',
    ids: ['R2'],
    file: 'src/review/holders.ts',
    find: 'const cells = isOff ? [] : client.scopes',
    replace: 'const cells = client.scopes',
    tests: [access],
  },
  {
    name: 'any-pool-is-the-issuer',
    ids: ['R2'],
    file: 'src/review/holders.ts',
    find: 'one.issuers.some((iss) => iss.endsWith(`/${id}`))',
    replace: 'one.issuers.length > 0',
    tests: [access],
  },
  {
    name: 'an-unknown-scope-takes-its-neighbours-along',
    ids: ['R2'],
    file: 'src/cloudformation/permission-members.ts',
    find: "if (!isSeq(node) || node.tag?.startsWith('!') === true) return [{ node, key }]",
    replace: 'if (isSeq(node) || !isSeq(node)) return [{ node, key }]',
    tests: [permissions],
  },
  {
    name: 'parameter-store-names-are-values',
    ids: ['R2'],
    file: 'src/cloudformation/surroundings.ts',
    find: "if (type.startsWith('AWS::SSM::'))",
    replace: "if (type === 'AWS::SSM')",
    tests: [permissions],
  },
  {
    name: 'any-of-two-stacks-will-do',
    ids: ['R2'],
    file: 'src/cloudformation/surroundings.ts',
    find: 'return fitting.length === 1 ? fitting[0] : undefined',
    replace: 'return fitting[0]',
    tests: ['test/cloudformation/parameter-files.test.ts'],
  },
  {
    name: 'a-parameter-that-is-not-to-be-shown-is-shown',
    ids: ['R26'],
    file: 'src/cloudformation/surroundings.ts',
    find: 'hidesNoEcho: true',
    replace: 'hidesNoEcho: false',
    tests: ['test/cloudformation/permissions.test.ts'],
  },
  {
    name: 'a-client-that-is-an-alias-is-left-out',
    ids: ['R2'],
    file: 'src/cloudformation/open-template.ts',
    find: '.find((node) => isAlias(node))',
    replace: '.find((node) => isAlias(node) && false)',
    tests: ['test/cloudformation/permissions.test.ts'],
  },
  {
    name: 'a-spreadsheet-sees-controls',
    ids: ['R27'],
    file: 'src/review/access/as-text.ts',
    find: 'const text = printable(cell)',
    replace: 'const text = cell',
    tests: [output],
  },
  {
    name: 'a-message-repeats-the-password-of-an-address',
    ids: ['R26'],
    file: 'src/config/compile/addresses.ts',
    find: "why === holdsUser ? 'this address' : shown(context, path)",
    replace: 'shown(context, path)',
    tests: ['test/config/outbound.test.ts'],
  },
  {
    name: 'a-spreadsheet-runs-what-a-client-is-called',
    ids: ['R2'],
    file: 'src/review/access/as-text.ts',
    find: "/^[=+\\-@]/.test(text) ? `'${text}` : text",
    replace: 'text',
    tests: [output],
  },
  {
    name: 'ignored-without-a-reason',
    ids: ['R2'],
    file: 'src/review/lint/ignore-list.ts',
    find: "reason: textAt(map, 'reason') }",
    replace: "reason: textAt(map, 'reason') ?? 'none' }",
    tests: ['test/review/ignore-list.test.ts'],
  },
]
