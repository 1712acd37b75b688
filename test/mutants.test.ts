/** The list of mutants does not rot: each still has its place in the code and its tests. `npm run test:mutants` runs them. */
import { existsSync, readFileSync } from 'node:fs'
import t from 'tap'
import { mutants } from './mutants/list.ts'
import { mutate } from './mutants/mutate.ts'
import { requirements } from './support/requirements.ts'

const at = (file: string): URL => new URL(`../${file}`, import.meta.url)
const known = new Set(
  requirements.flatMap(({ rows }) => rows.flatMap(({ id, also = [] }) => [id, ...also])),
)

t.test('the text of each mutant stands in its file exactly once, and is replaced', (t) => {
  for (const mutant of mutants) {
    const text = readFileSync(at(mutant.file), 'utf8')
    const mutated = mutate(text, mutant)
    t.ok(mutated !== undefined && mutated !== text, `${mutant.name} in ${mutant.file}`)
  }
  t.equal(mutate('a b a', { ...mutants[0]!, find: 'a' }), undefined)
  t.end()
})

t.test('names are single, ids are known, tests exist', (t) => {
  t.equal(new Set(mutants.map(({ name }) => name)).size, mutants.length)
  for (const { name, ids, tests } of mutants) {
    t.same(
      ids.filter((id) => !known.has(id)),
      [],
      name,
    )
    for (const file of tests) t.ok(existsSync(at(file)), `${name}: ${file}`)
  }
  t.end()
})
