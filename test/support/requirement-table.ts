/** docs/requirements.md, made of the list of requirements, the texts of the tests, and the mutants. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Mutant } from '../mutants/mutant.ts'
import { type Requirement, type RequirementGroup } from './requirements.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

export type TestText = { readonly file: string; readonly text: string }

/** Every test file with its text, from the root of the repository, sorted. */
export function testTexts(): readonly TestText[] {
  return readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .sort()
    .map((name) => ({
      file: `test/${name}`,
      text: readFileSync(join(root, 'test', name), 'utf8'),
    }))
}

/** The files that name the requirement, as a word of its own. Pure. */
export function naming({ id, also = [] }: Requirement, tests: readonly TestText[]): string[] {
  const word = new RegExp(`(?<![\\w-])(?:${[id, ...also].join('|')})(?![\\w-])`)
  return tests.filter(({ text }) => word.test(text)).map(({ file }) => file)
}

/** The mutants that take the requirement's cure out. Pure. */
export function mutantsOf({ id, also = [] }: Requirement, mutants: readonly Mutant[]): Mutant[] {
  const ids = new Set([id, ...also])
  return mutants.filter((mutant) => mutant.ids.some((one) => ids.has(one)))
}

const head = `# Requirements and their tests

What Scopegate must hold, what its libraries would do against it, and what happened to others, with the tests that guard each: those that
name it, and those that notice when its cure is taken out (\`npm run test:mutants\`; the last column is the number of such mutants).

Written by \`npm run requirements\` from \`test/support/requirements.ts\`, the tests and \`test/mutants/\`; a test holds it against them.
`

/** The document, before Prettier. Pure. */
export function requirementsDocument(
  groups: readonly RequirementGroup[],
  tests: readonly TestText[],
  mutants: readonly Mutant[],
): string {
  const parts = groups.map(({ title, about, rows }) => {
    const lines = rows.map((row) => {
      const killing = mutantsOf(row, mutants)
      const files = new Set([...naming(row, tests), ...killing.flatMap((mutant) => mutant.tests)])
      const shown = [...files].sort().map((file) => `\`${file.slice(5, -8)}\``)
      return `| ${[row.id, ...(row.also ?? [])].join(', ')} | ${row.says} | ${shown.join(', ')} | ${killing.length} |`
    })
    return `\n## ${title}\n\n${about}\n\n| id | what | tests | mutants |\n| --- | --- | --- | --- |\n${lines.join('\n')}\n`
  })
  return head + parts.join('')
}
