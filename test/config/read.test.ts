/**
 * Reading a part of the document by its schema. A file that is something else entirely (46 KB with 5,000
 * keys) took a minute to be refused, one look at the whole for each wrong value, and at a reload every
 * request waited for that.
 */
import t from 'tap'
import * as z from 'zod'
import { readDocument } from '../../src/config/document.ts'
import { read, type Report } from '../../src/config/read.ts'
import { mapping } from '../../src/config/schema/values.ts'

const count = 2000
const many = (part: (at: number) => string) => Array.from({ length: count }, (_, at) => part(at))

/** What is read, what was told, and how often the schema looked at the value. */
function look(yaml: string) {
  const document = readDocument(yaml, {})
  if (!document.ok) throw new Error(yaml)
  const to: Report = {
    document: document.value,
    problems: [],
    told: new Set(),
    incomplete: new Set(),
  }
  let looks = 0
  const counted = z.preprocess(
    (value) => {
      looks += 1
      return value
    },
    mapping({
      name: z.string(),
      list: z.array(z.string()).optional(),
      map: z.record(z.string(), z.number()).optional(),
    }),
  )
  return { value: read(to, [], counted), problems: to.problems, looks: () => looks }
}

t.test('thousands of keys that are not known are each told, and looked at together', (t) => {
  const { value, problems, looks } = look(`name: a\n${many((at) => `k${at}: 1\n`).join('')}`)
  t.strictSame(value, { name: 'a' })
  t.equal(problems.length, count)
  t.match(problems.at(-1), { line: count + 1, column: 1, key: `k${count - 1}` })
  t.ok(looks() < 10, String(looks()))
  t.end()
})

t.test('thousands of names that read as numbers are names, and looked at together', (t) => {
  const { value, problems, looks } = look(`name: 1\nlist: [${many((at) => `0${at}.0`).join()}]`)
  t.strictSame(value, { name: '1', list: many((at) => `0${at}.0`) })
  t.strictSame(problems, [])
  t.ok(looks() < 10, String(looks()))
  t.end()
})

t.test('thousands of wrong values are each told; what is right beside them is kept', (t) => {
  const wrong = many((at) => `k${at}: [x]`).join()
  const { value, problems, looks } = look(`name: a\nmap: { good: 1, ${wrong} }`)
  t.strictSame(value, { name: 'a', map: { good: 1 } })
  t.equal(problems.length, count)
  t.ok(looks() < 10, String(looks()))
  t.end()
})

t.test('where a wrong value cannot be missed, a text stands in its place', (t) => {
  const { value, problems } = look('name: [a]\nlist: [{}, {}]\n')
  t.strictSame(value, { name: 'x' })
  t.strictSame(
    problems.map(({ key }) => key),
    ['name', 'list[0]', 'list[1]'],
  )
  t.end()
})
