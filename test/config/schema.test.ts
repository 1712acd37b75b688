import t from 'tap'
import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { configJsonSchema } from '../../src/config/schema.ts'
import { formatProblem, loadConfig, readTextFile } from '../../src/config/load.ts'
import { loadText } from '../support/config.ts'
import '../support/seed.ts'
import {
  evened,
  keyTables,
  markdownTable,
  markedTables,
  yamlBlocks,
  type Schema,
} from '../support/documents.ts'

const read = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8')

t.test('the committed JSON Schema is the one that the code makes', (t) => {
  t.strictSame(
    JSON.parse(read('proxy.config.schema.json')),
    JSON.parse(JSON.stringify(configJsonSchema())),
  )
  t.end()
})

t.test('every key has a description, and defaults are in the JSON Schema', (t) => {
  for (const [table, rows] of keyTables(configJsonSchema()))
    for (const row of rows) t.not(row.description, '', `${table}.${row.key}`)
  const schema = configJsonSchema() as Schema
  t.match(schema.properties?.admin, { properties: { listen: { default: '127.0.0.1:9901' } } })
  t.match(schema.properties?.shutdown, {
    properties: { timeout: { default: '25s' } },
    additionalProperties: false,
  })
  t.end()
})

t.test(
  "the repository's own configuration loads without any variable and without a warning",
  (t) => {
    const file = new URL('../../proxy.config.yaml', import.meta.url).pathname
    const loaded = loadConfig({ file }, { env: {}, readFile: readTextFile })
    t.strictSame(loaded.ok ? loaded.value.warnings : loaded.problem.problems, [])
    t.end()
  },
)

t.test('docs/configuration.md has the table of every mapping, as the schema has it', (t) => {
  const marked = markedTables(read('docs/configuration.md'))
  const tables = keyTables(configJsonSchema())
  const documented = new Set(marked.values())
  for (const [name, rows] of tables)
    t.ok(documented.has(evened(markdownTable(rows))), `keys of ${name}`)
  for (const [name, table] of marked)
    t.equal(table, evened(markdownTable(tables.get(name) ?? [])), `table ${name}`)
  t.end()
})

t.test('every whole configuration in docs/configuration.md loads', (t) => {
  const blocks = yamlBlocks(read('docs/configuration.md')).filter(({ text }) =>
    text.includes('version:'),
  )
  t.ok(blocks.length >= 5)
  for (const { line, text } of blocks) {
    const env = { DOC: text, WORKER_CLIENT_SECRET: 'x' }
    const loaded = loadConfig({ env: 'DOC' }, { env, readFile: readTextFile })
    const problems = loaded.ok ? [] : loaded.problem.problems
    t.strictSame(
      problems.map((problem) => formatProblem(`block at ${line}`, problem)),
      [],
    )
  }
  t.end()
})

t.test('a file that was garbled anywhere gives problems or a configuration, never a crash', (t) => {
  const whole = read('proxy.config.yaml')
    .split('\n')
    .filter((line) => !/^\s*(#|$)/.test(line))
  const pieces = ' |  |\t|{|}|[|]|: |- |"|${X}|&a |*a|!t |\0|~|0x1|__proto__: |null'.split('|')
  const change = fc.record({
    index: fc.nat(whole.length - 1),
    piece: fc.constantFrom('', ...pieces),
    at: fc.nat(40),
    cut: fc.constantFrom(0, 1, 3, 100),
  })
  let loadedSome = false
  fc.assert(
    fc.property(fc.array(change, { maxLength: 3 }), (changes) => {
      const lines = [...whole]
      for (const { index, piece, at, cut } of changes) {
        const line = String(lines[index])
        lines[index] = line.slice(0, at) + piece + line.slice(at + cut)
      }
      const loaded = loadText(lines.join('\n'), { env: { X: 'x' } })
      loadedSome ||= loaded.ok
      return (
        loaded.ok || loaded.problem.problems.every(({ line, column }) => line > 0 && column > 0)
      )
    }),
    { numRuns: 400 },
  )
  t.ok(loadedSome)
  t.end()
})
