/** What two configurations decide differently, and how it is told (issue "Reviewed"). */
import type { Mutant } from './mutant.ts'

const property = 'test/decision/difference/difference.test.ts'
const rows = 'test/decision/difference/rows.test.ts'
const command = 'test/commands/diff.test.ts'

export const differenceMutants: readonly Mutant[] = [
  {
    name: 'a-file-named-like-a-revision-wins-over-git',
    ids: ['R2'],
    file: 'src/commands/read-revision-text.ts',
    find: 'if (colon > 0 && !/^\\.{0,2}\\//.test(argument))',
    replace: 'if (colon > 0 && !readTextFile(argument).ok)',
    tests: [command],
  },
  {
    name: 'any-spelling-belongs-to-a-region',
    ids: ['R2'],
    file: 'src/decision/difference/regions.ts',
    find: 'return owning.spelling === undefined || isSpelled(owning.spelling, path)',
    replace: 'return owning.spelling === undefined || owning.pair.template.segments.length >= 0',
    tests: [property],
  },
  {
    name: 'more-specific-paths-are-not-excepted',
    ids: ['R2'],
    file: 'src/decision/difference/regions.ts',
    find: '!byPair.has(other) && beats(other, pair)',
    replace: '!byPair.has(other) && beats(other, pair) && beats(pair, other)',
    tests: [property, rows],
  },
  {
    name: 'report-mode-opens-nothing',
    ids: ['R25'],
    file: 'src/decision/difference/side.ts',
    find: "    if (route.mode === 'report') return everyone\n",
    replace: '',
    tests: [property],
  },
  {
    name: 'every-client-is-a-new-one',
    ids: ['R2'],
    file: 'src/decision/difference/gain.ts',
    find: 'const newClients = without(clients, clientsOf(before))',
    replace: 'const newClients = clients',
    tests: [property, rows],
  },
  {
    name: 'what-decides-is-guessed',
    ids: ['R25'],
    file: 'src/review/absent.ts',
    find: "  if (partOf(path) === 'needed') return undefined\n",
    replace: '',
    tests: ['test/review/revision.test.ts'],
  },
  {
    name: 'a-scope-that-is-not-known-is-none',
    ids: ['R25'],
    file: 'src/review/difference/clients.ts',
    find: 'openScopes.length > 0 || isGranted(scope)',
    replace: 'openScopes.length < 0 || isGranted(scope)',
    tests: ['test/review/client-difference.test.ts'],
  },
  {
    name: 'a-cell-ends-where-a-name-says',
    ids: ['R26'],
    file: 'src/review/difference/as-text.ts',
    find: "plain(name).replaceAll('|', '\\\\|')",
    replace: 'plain(name)',
    tests: ['test/review/difference-text.test.ts'],
  },
  {
    name: 'a-revision-is-an-option-of-git',
    ids: ['R27'],
    file: 'src/commands/read-revision-text.ts',
    find: "  if (object.startsWith('-')) return no('a revision does not begin with -')\n",
    replace: '',
    tests: [command],
  },
]
