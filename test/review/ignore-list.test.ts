import t from 'tap'
import { type Finding, finding } from '../../src/review/lint/finding-table.ts'
import { applyIgnoreList, readIgnoreList } from '../../src/review/lint/ignore-list.ts'

const problemsOf = (text: string): readonly string[] => {
  const list = readIgnoreList(text)
  return list.ok
    ? []
    : list.problem.map(({ line, column, message }) => `${line}:${column} ${message}`)
}

const found: readonly Finding[] = [
  finding('SG004', { file: 'c.yaml', line: 9, column: 5, message: 'b', names: ['/a', 'GET /a'] }),
  finding('SG003', {
    file: 't.yaml',
    line: 2,
    column: 1,
    message: 'm',
    names: ['worker', 'app-api/x'],
  }),
  finding('SG010', { file: 'c.yaml', line: 9, column: 5, message: 'a', names: ['/a', 'GET /a'] }),
  finding('SG004', { file: 'c.yaml', line: 9, column: 5, message: 'a', names: ['/b', 'GET /b'] }),
  finding('SG004', { file: 'c.yaml', line: 9, column: 1, message: 'a', names: ['/c', 'GET /c'] }),
]

/** `SG004 /a: reason` of what is left of the findings with this list. */
function judged(text: string): readonly string[] {
  const list = readIgnoreList(text)
  if (!list.ok) throw new Error(problemsOf(text).join())
  return applyIgnoreList(found, list.value, 'ignore.yaml').map(
    ({ id, names, ignored, message }) =>
      `${id} ${names[0]}${ignored === undefined ? '' : `: ${ignored}`}${id > 'SG09' ? ` ${message}` : ''}`,
  )
}

t.test('an entry ignores what it names by route, id, scope, client or place', (t) => {
  const sorted = ['SG004 /c', 'SG004 /b', 'SG004 /a', 'SG010 /a', 'SG003 worker']
  t.strictSame(judged(''), sorted, 'an empty list ignores nothing; the order is that of places')
  const ignoring = (entry: string) =>
    judged(`- { ${entry}, reason: why }`).filter((line) => line.endsWith(': why'))
  t.strictSame(ignoring('finding: SG004, at: /a'), ['SG004 /a: why'])
  t.strictSame(ignoring('finding: SG004, at: GET /b'), ['SG004 /b: why'])
  t.strictSame(ignoring('finding: SG003, at: worker'), ['SG003 worker: why'])
  t.strictSame(ignoring('finding: SG003, at: app-api/x'), ['SG003 worker: why'])
  t.strictSame(ignoring('finding: SG003, at: "t.yaml:2"'), ['SG003 worker: why'])
  t.strictSame(ignoring('finding: SG004'), ['SG004 /c: why', 'SG004 /b: why', 'SG004 /a: why'])
  t.end()
})

t.test('an entry without a reason does not count, and one that matches nothing is told', (t) => {
  t.strictSame(
    judged('- { finding: SG003, at: worker }\n- { finding: SG003, at: worker, reason: " " }').slice(
      3,
    ),
    [
      'SG010 /a',
      'SG090 worker SG003 at worker is ignored without a reason',
      'SG090 worker SG003 at worker is ignored without a reason',
      'SG003 worker',
    ],
  )
  t.strictSame(
    judged('- { finding: SG003, at: lost, reason: a }\n- { finding: SG024, reason: b }').slice(
      4,
      6,
    ),
    [
      'SG091 lost SG003 at lost is not found: this entry ignores nothing',
      'SG091 SG024 SG024 is not found: this entry ignores nothing',
    ],
  )
  t.end()
})

t.test('a broken list is told as a whole, with places', (t) => {
  t.match(problemsOf('- { finding: SG004'), [/^1:\d+ this is not YAML: /])
  t.match(problemsOf('finding: SG004'), [/^1:1 the list is written as - \{ finding: SG004/])
  t.match(problemsOf('- text\n- { finding: SG999, raeson: a, at: b }\n- { reason: a }'), [
    /^1:3 an entry is written as/,
    /^2:21 "raeson" is not known; did you mean "reason"\?/,
    /^2:14 `finding` is one of SG000, SG001/,
    /^3:3 `finding` is one of/,
  ])
  t.match(problemsOf('['.repeat(30)), ['1:11 this is nested too deeply'])
  t.end()
})
