/** Every requirement, hazard and advisory has a test that names it, and docs/requirements.md says which. */
import { readFileSync } from 'node:fs'
import t from 'tap'
import { mutants } from './mutants/list.ts'
import { evened } from './support/documents.ts'
import { mutantsOf, naming, requirementsDocument, testTexts } from './support/requirement-table.ts'
import { requirements } from './support/requirements.ts'

const rows = requirements.flatMap((group) => group.rows)
const tests = testTexts()

t.test('each id of the list stands in the text of a test', (t) => {
  t.same(
    rows.filter((row) => naming(row, tests).length === 0).map(({ id }) => id),
    [],
  )
  t.end()
})

t.test('each requirement and each hazard has a mutant', (t) => {
  const inProse = rows.filter(({ id }) => /^[RHUJT]\d+$/.test(id))
  t.equal(inProse.length, 27 + 28)
  t.same(
    inProse.filter((row) => mutantsOf(row, mutants).length === 0).map(({ id }) => id),
    [],
  )
  t.end()
})

t.test('docs/requirements.md is what `npm run requirements` writes', (t) => {
  const committed = readFileSync(new URL('../docs/requirements.md', import.meta.url), 'utf8')
  t.equal(evened(committed), evened(requirementsDocument(requirements, tests, mutants)))
  t.end()
})
