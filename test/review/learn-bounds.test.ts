/** However much a log holds, what is remembered of it is bounded. */
import t from 'tap'
import { createLearning } from '../../src/review/learn/learn.ts'
import { createLines } from '../../src/review/learn/lines.ts'
import { createLogReader } from '../../src/review/learn/log-reader.ts'
import { propose } from '../../src/review/learn/propose.ts'
import { learnedYaml, toldTexts } from '../../src/review/learn/written.ts'
import { unusedOf } from '../../src/review/learn/unused.ts'
import { configOf, problemsOf } from '../support/config.ts'
import { learnedFrom, lineOf, routesOf, standard } from './learn.ts'

function read(chunks: readonly string[], most = 10): readonly (string | undefined)[] {
  const told: (string | undefined)[] = []
  const lines = createLines(most, (line) => told.push(line))
  for (const chunk of chunks) lines.push(Buffer.from(chunk))
  lines.end()
  return told
}

t.test('bytes become lines, wherever they are divided; long ones are told and not kept', (t) => {
  t.strictSame(read(['ab\ncd', 'e\n', '\n', 'f']), ['ab', 'cde', '', 'f'])
  t.strictSame(read([]), [])
  t.strictSame(read(['0123456789\n', '01234567890\n', 'a']), ['0123456789', undefined, 'a'])
  t.strictSame(read(['0123456', '789', '0', 'x'.repeat(50), '\nb\n']), [undefined, 'b'])
  t.strictSame(read(['ü\n'.slice(0, 1), '\n']), ['ü'])
  t.end()
})

t.test('a line of any length and depth is skipped, not kept', (t) => {
  const learning = createLearning(undefined)
  const reader = createLogReader(learning)
  t.equal(reader.push(Buffer.from(`${lineOf('GET /a', 'w', 'x')}\n`)), true)
  for (let at = 0; at < 20; at += 1) reader.push(Buffer.alloc(64 * 1024, 'x'))
  reader.push(Buffer.from(`\n{"a":${'['.repeat(100_000)}\n`))
  reader.push(Buffer.from(`{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}\n`))
  t.equal(reader.end(), undefined)
  t.match(learning.learned.skipped, { tooLong: 1, foreign: 2 })
  t.match(toldTexts(learning.learned, propose(learning.learned, standard)), [
    '2 lines of somebody else',
    '1 line too long',
  ])
  t.end()
})

t.test('another log is told with the place of its first line, and not read to its end', (t) => {
  const first = (text: string): readonly [boolean, string | undefined] => {
    const reader = createLogReader(createLearning(undefined))
    return [reader.push(Buffer.from(text)), reader.end()]
  }
  const cure = 'JSON lines are read, as `log.format: json` writes them'
  t.strictSame(first(''), [true, undefined])
  t.strictSame(first('[10:00:00] INFO: inbound GET /a -> 200\n'), [
    true,
    `1:1 this is the log as text: ${cure}`,
  ])
  t.strictSame(first('{"ip":"::1"}\n'), [true, `1:1 this is no line of the log: ${cure}`])
  t.strictSame(first('x'.repeat(300_000)), [true, `1:1 this is no line of the log: ${cure}`])
  t.strictSame(first('a\n'.repeat(1001)), [false, `1:1 this is no line of the log: ${cure}`])
  t.strictSame(first(`a\n${lineOf('GET /a', 'w', 'x')}\n`), [true, undefined])
  t.end()
})

/** Letters only: not a value by its form. */
const letters = (at: number): string =>
  at.toString(26).replace(/\d/g, (digit) => String.fromCharCode(Number(digit) + 113))

t.test('tens of thousands of different paths are a few templates, however they are made', (t) => {
  const shapes: Readonly<Record<string, (at: number) => string>> = {
    flat: (at) => `/${letters(at)}`,
    deep: (at) => `/a/${letters(at)}/b/${letters(at * 7)}/c`,
    wide: (at) =>
      `/${letters(at % 300)}/${letters(at % 301)}/${letters(at % 307)}/${letters(at % 311)}`,
    mixed: (at) => `/${Array.from(at.toString(2), (bit) => (bit === '1' ? '1' : 'a')).join('/')}`,
  }
  for (const [name, path] of Object.entries(shapes)) {
    const learning = createLearning(undefined)
    for (let at = 0; at < 12_000; at += 1)
      learning.add(lineOf(`GET ${path(at)}`, `client-${at}`, 'x'))
    const { learned } = learning
    t.ok(learned.templates.nodes <= 10_000, name)
    const proposal = propose(learned, standard)
    const calls = proposal.observed.reduce((sum, { evidence }) => sum + evidence.known.count, 0)
    const { overflow } = learned.templates
    t.equal(calls + overflow + proposal.unlisted.calls, 12_000, `${name}: no call is lost`)
    t.comment(`${name}: ${proposal.closed.routes.length} routes, ${overflow} calls left out`)
    if (name !== 'mixed') t.ok(proposal.closed.routes.length < 40)
    else t.ok(overflow > 0 && proposal.unlisted.paths > 0)
  }
  t.end()
})

t.test('so many different lists of scopes and segments are remembered, and no more', (t) => {
  const lines = Array.from({ length: 12_000 }, (_, at) =>
    lineOf(`GET /a/${at}`, 'worker', `x s${at}`),
  )
  t.strictSame(routesOf(learnedFrom(lines)), ['{ path: "/a/{id}", methods: [GET], scopes: x }'])
  t.end()
})

t.test('what others wrote is shown in part and visibly', (t) => {
  const lesson = learnedFrom([
    lineOf(`GET /${'a'.repeat(500)}\u001b[31m\n- x`, 'c\u001b[31m\n'.repeat(50), 'x', {
      route: 'r\n',
    }),
  ])
  t.equal(lesson.learned.skipped.unfit, 1, 'a raw control is in no path')
  const shown = learnedFrom([
    lineOf(`GET /${'a'.repeat(500)}`, 'c\u001b[31m\n'.repeat(50), 'x', { route: 'r\n- y' }),
  ])
  const yaml = learnedYaml(shown.learned, shown.proposal, undefined)
  t.notMatch(yaml, '\u001b')
  t.match(yaml, `such as /${'a'.repeat(59)}… by c\\u001b[31m\\u000a`)
  t.match(yaml, '# taken by r\\u000a- y\n')
  t.ok(yaml.split('\n').every((line) => line.length < 500))
  t.end()
})

const configuration = `version: 1
issuers: { app: { userPoolId: eu-central-1_a1B2c3D4e } }
inbound:
  listen: 127.0.0.1:1
  upstream: http://127.0.0.1:3000
  routes:
    - { path: /a, methods: [GET], scopes: { anyOf: [x, y] } }
    - { path: /b, methods: [GET], scopes: { allOf: [x, z] } }
    - { path: /c, methods: [GET], scopes: w }
    - { path: /d, methods: [GET], public: true }
clients: { a: { tokenEndpoint: https://a.example/t, clientId: a, clientSecret: s3cr3t } }
outbound:
  listen: 127.0.0.1:2
  routes: [{ path: /o, upstream: https://b.example }, { path: /p, upstream: https://b.example }]
`

t.test('routes and scopes that were not in use are told, and what the log cannot know', (t) => {
  t.strictSame(problemsOf(configuration), [])
  const config = configOf(configuration)
  const call = (route: string, day: number, over = {}) =>
    lineOf('GET /a', 'w', undefined, { route, time: `2026-11-${day}T10:00:00.000Z`, ...over })
  const lines = [
    call('GET /a', 20),
    call('GET /a', 19),
    call('GET /b', 10),
    call('GET /c', 20, { decision: 'deny' }),
    call('GET /other', 20),
    call('/o', 20, { direction: 'outbound' }),
  ]
  const { learned, proposal } = learnedFrom(lines, standard, config)
  const unused = unusedOf(config, learned, 5)
  t.strictSame(unused, {
    ...{ days: 5, since: '2026-11-15T10:00:00.000Z', covered: undefined },
    routes: [
      { direction: 'inbound', id: 'GET /b', line: 8, lastUse: '2026-11-10T10:00:00.000Z' },
      { direction: 'inbound', id: 'GET /c', line: 9, lastUse: undefined },
      { direction: 'inbound', id: 'GET /d', line: 10, lastUse: undefined },
      { direction: 'outbound', id: '/p', line: 14, lastUse: undefined },
    ],
    ...{ scopes: ['w', 'z'], doubts: [] },
  })
  t.match(
    learnedYaml(learned, proposal, unused),
    `# Routes of the configuration that allowed no call since 2026-11-15T10:00:00.000Z (5 days):
#   inbound GET /b (line 8): last at 2026-11-10T10:00:00.000Z
#   inbound GET /c (line 9): nowhere in the log
#   inbound GET /d (line 10): nowhere in the log
#   outbound /p (line 14): nowhere in the log
# Scopes that only such routes ask for: w, z
`,
  )
  const long = unusedOf(config, learned, 999_999)
  t.equal(long.covered, 10)
  t.match(learnedYaml(learned, proposal, long), '# The log covers 10 days only, not 999999.\n')
  t.equal(long.routes.length, 3)
  const doubtful = `${configuration}log: { sampleAllowed: 0.1, requests: { inbound: warn, outbound: silent } }\n`
  const doubts = unusedOf(configOf(doubtful), learned, 5)
  t.match(
    learnedYaml(learned, proposal, doubts),
    `# Not to be relied on: log.sampleAllowed is 0.1: most allowed calls may be in no line.
# Not to be relied on: log.requests.inbound leaves allowed calls out of the log.
# Not to be relied on: log.requests.outbound leaves allowed calls out of the log.
`,
  )
  const bare = configOf(configuration.replace(/routes:\n[^]*/, 'routes: []\n'))
  const outbound = configOf(configuration.replace(/inbound:[^]*?clients:/, 'clients:'))
  t.strictSame(unusedOf(outbound, learned, 5).scopes, [])
  const crossing = {
    ...{ ...proposal, undecided: proposal.observed },
    closed: { routes: [], isCrossing: true },
  }
  t.match(toldTexts(learned, crossing), [
    /^no route for \d of the paths and methods: their callers have nothing in common$/,
    'too many paths cross each other: the routes do not load as they are',
  ])
  const none = unusedOf(bare, learned, 5)
  t.match(
    learnedYaml(learned, proposal, none),
    '# Every route of the configuration allowed a call since ',
  )
  t.end()
})
