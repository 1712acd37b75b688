import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { Ajv } from 'ajv'
import t from 'tap'
import { type Finding, finding, findingIds } from '../../src/review/lint/finding-table.ts'
import { findingsAsSarif } from '../../src/review/lint/sarif.ts'

type Result = {
  ruleId: string
  ruleIndex: number
  level: string
  partialFingerprints: Record<string, string>
  suppressions?: unknown
  locations: { physicalLocation: { artifactLocation: { uri: string }; region: object } }[]
}
type Log = {
  runs: { tool: { driver: { rules: { id: string; help: object }[] } }; results: Result[] }[]
}

const file = createRequire(import.meta.url).resolve(
  '@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json',
)
// draft 4 has its `id` without a dollar, which is all that this schema has of draft 4
const { $schema, id, ...schema } = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>
const validate = new Ajv({ strict: false, validateFormats: false, unicodeRegExp: false }).compile(
  schema,
)

const one: Finding = finding('SG004', {
  ...{ file: 'my config/c.yaml', line: 9, column: 5, message: 'x' },
  names: ['/a', 'GET /a'],
})
type Told = Finding & { readonly ignored?: string }
const facts = { version: '1.2.3', pathOf: (name: string) => name }
const sarifOf = (...findings: readonly Told[]): Log =>
  JSON.parse(
    findingsAsSarif(
      findings.map((each) => ({ ignored: undefined, ...each })),
      facts,
    ),
  ) as Log
const resultsOf = (...findings: readonly Told[]): readonly Result[] =>
  sarifOf(...findings).runs[0]?.results ?? []

t.test('it is SARIF 2.1.0 by the schema', (t) => {
  t.match([$schema, id], [/draft-04/, /sarif-2\.1\.0/])
  for (const log of [sarifOf(), sarifOf(one, { ...one, ignored: 'why' })])
    t.ok(validate(log), JSON.stringify(validate.errors))
  t.notOk(validate({ ...sarifOf(one), version: '2' }), 'and the schema says no to what is none')
  t.end()
})

t.test('one rule for each finding, with help; a result says where, relative and escaped', (t) => {
  const rules = sarifOf().runs[0]?.tool.driver.rules ?? []
  t.strictSame(
    rules.map((rule) => rule.id),
    findingIds,
  )
  for (const { help } of rules) t.match(help, { text: /\w+/, markdown: /\w\.\n\n\w/ })
  const [result] = resultsOf(one)
  t.match(result, {
    ...{ ruleId: 'SG004', ruleIndex: findingIds.indexOf('SG004'), level: 'warning' },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: 'my%20config/c.yaml', uriBaseId: '%SRCROOT%' },
          region: { startLine: 9, startColumn: 5 },
        },
      },
    ],
  })
  t.notOk('suppressions' in (result ?? {}))
  t.match(resultsOf({ ...one, ignored: 'why' }), [
    { suppressions: [{ kind: 'external', justification: 'why' }] },
  ])
  t.end()
})

t.test('a fingerprint stays when lines are put before a finding, and tells findings apart', (t) => {
  const printOf = (result: Result | undefined) => result?.partialFingerprints['scopegateFinding/v1']
  const print = printOf(resultsOf(one)[0])
  t.match(print, /^[0-9a-f]{64}$/)
  t.equal(printOf(resultsOf({ ...one, line: 90, message: 'y' })[0]), print)
  const others = resultsOf(one, one, { ...one, names: ['/b'] }, { ...one, file: 'd' }).map(printOf)
  t.equal(new Set(others).size, 4)
  t.equal(others[0], print)
  t.end()
})
