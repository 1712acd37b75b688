/** What is remembered of tokens (R9), and the keys that they are verified with (R10). */
import type { Mutant } from './mutant.ts'

const verified = 'test/tokens/verified.test.ts'
const keyset = 'test/tokens/keyset.test.ts'

export const verdictMutants: readonly Mutant[] = [
  {
    name: 'a-verdict-is-kept-without-the-signature',
    ids: ['R9', 'CVE-2026-35039'],
    file: 'src/tokens/verified.ts',
    find: "hash('sha256', compact, 'base64')",
    replace: "hash('sha256', compact.slice(0, compact.lastIndexOf('.')), 'base64')",
    tests: [verified],
  },
  {
    name: 'a-verdict-outlives-exp',
    ids: ['R9', 'GHSA-4mq7-pvjg-xp2r'],
    file: 'src/tokens/verified.ts',
    find: 'now < notAfter && ',
    replace: '',
    tests: [verified],
  },
  {
    name: 'a-verdict-outlives-its-keys',
    ids: ['R9', 'J8'],
    file: 'src/tokens/verified.ts',
    find: ' && basis.keysAt(now) === keys',
    replace: ' && basis.keysAt(now) !== null && keys !== null',
    tests: [verified],
  },
  {
    name: 'a-verdict-outlives-its-settings',
    ids: ['R9', 'GHSA-4mq7-pvjg-xp2r'],
    file: 'src/tokens/verified.ts',
    find: ' && basis.isLive()',
    replace: '',
    tests: [verified],
  },
  {
    name: 'verdicts-are-kept-without-bound',
    ids: ['R9'],
    file: 'src/tokens/verified.ts',
    find: 'capacity = 10_000',
    replace: 'capacity = 20_000',
    tests: [verified],
  },
  {
    name: 'what-was-found-forged-is-checked-again',
    ids: ['R22', 'R27'],
    file: 'src/tokens/issuers.ts',
    find: '    const memory = isForged ? forged : verified\n',
    replace: '    if (isForged) return result\n    const memory = verified\n',
    tests: ['test/attacks/remembered-verdicts.test.ts', 'test/attacks/token-floods.test.ts'],
  },
  {
    name: 'what-was-found-forged-drives-good-ones-out',
    ids: ['R9'],
    file: 'src/tokens/issuers.ts',
    find: '    const memory = isForged ? forged : verified\n',
    replace: '    const memory = verified\n',
    tests: ['test/attacks/remembered-verdicts.test.ts', 'test/attacks/token-floods.test.ts'],
  },
  {
    name: 'short-rsa-keys-verify',
    ids: ['R10', 'J6'],
    file: 'src/tokens/keyset.ts',
    find: 'modulusLength < 2048 || ',
    replace: '',
    tests: [keyset],
  },
  {
    name: 'rsa-exponent-1-verifies',
    ids: ['R10', 'J6'],
    file: 'src/tokens/keyset.ts',
    find: ' || publicExponent <= 2n',
    replace: '',
    tests: [keyset],
  },
  {
    name: 'key-ops-are-ignored',
    ids: ['R10', 'J6'],
    file: 'src/tokens/keyset.ts',
    find: "    return 'its key_ops lack verify'\n",
    replace: '    return undefined\n',
    tests: [keyset],
  },
  {
    name: 'of-two-keys-with-one-kid-the-first-verifies',
    ids: ['R10'],
    file: 'src/tokens/keyset.ts',
    find: '    keys.delete(kid)\n',
    replace: '',
    tests: [keyset],
  },
  {
    name: 'keys-of-roca-verify',
    ids: ['R10'],
    file: 'src/tokens/keyset.ts',
    find: 'if (jwk.n !== undefined && isRoca(jwk.n))',
    replace: 'if (jwk.n === null)',
    tests: ['test/attacks/weak-keys.test.ts'],
  },
]
