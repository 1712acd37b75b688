/** Results of cases in every form that people and CI systems read. */
import t from 'tap'
import { parse } from 'yaml'
import { knownIssuers } from '../../src/review/explain/asked-token.ts'
import {
  type CaseReport,
  casesJson,
  casesJunit,
  casesTap,
  casesText,
  isGood,
} from '../../src/review/cases/reports.ts'
import { judgeCases } from '../../src/review/cases/results.ts'
import { readCases } from '../../src/review/cases/cases.ts'
import { seconds } from '../../src/units.ts'
import { configOf } from '../support/config.ts'
import { noon } from '../support/issuer.ts'

const yaml = `version: 1
issuers:
  app: { userPoolId: eu-central-1_a1B2c3D4e }
inbound:
  listen: 127.0.0.1:8080
  upstream: http://127.0.0.1:3000
  routes:
    - { path: /a, methods: [GET], scopes: a }
    - { path: /b, authenticated: true, clientIds: [one] }
    - { path: /open, methods: [GET], public: true }
    - { path: /tried, methods: [GET], scopes: a, mode: report }
`

function reportOn(cases: string, minCoverage?: number, text = yaml): CaseReport {
  const { inbound, ...config } = configOf(text)
  if (inbound === undefined) throw new Error('the configuration has no inbound')
  const issuers = knownIssuers({ ...config, inbound })
  const read = readCases(`version: 1\ncases:\n${cases}`, { issuers, env: {}, now: seconds(noon) })
  if (!read.ok) throw new Error(JSON.stringify(read.problem))
  const results = judgeCases(read.value, { ...config, file: 'p.yaml' }, inbound)
  return { ...results, file: 'c.yaml', config: 'p.yaml', configHash: 'h', minCoverage }
}

const failures = (cases: string): readonly string[] =>
  reportOn(cases).results.flatMap((result) => result.failures)

const good = `  - { request: GET /a, scopes: a, expect: allow, route: GET /a }
  - { request: GET /a, expect: deny, code: missing_token, status: 401, route: /a }
  - { requests: [POST /a, GET /A, GET /none], scopes: a, expect: deny, code: no_route }
  - { request: /open, expect: allow }
`
const bad = `  - { name: 'a <b> & "c" # d', request: GET /a, scopes: b, expect: allow }
  - { request: /open, expect: allow }
`

t.test('a case holds when decision, code, status and owner are as expected', (t) => {
  const report = reportOn(good)
  t.strictSame(failures(good), [])
  t.ok(isGood(report))
  t.equal(report.failed, 0)
  t.end()
})

t.test('what is not as expected is said, with what it is', (t) => {
  const cases: readonly (readonly [string, string])[] = [
    ['request: /a, scopes: b, expect: allow', 'expected allow: denied, 403 insufficient_scope'],
    ['request: /open, expect: deny', 'expected deny: allowed'],
    ['request: /b, client: two, expect: allow', 'expected allow: denied, 403 client_not_allowed'],
    [
      'request: /b, scopes: a, expect: allow',
      'expected allow: it depends on what is not said of the token',
    ],
    [
      'request: /b, scopes: a, expect: deny',
      'expected deny: it depends on what is not said of the token',
    ],
    [
      'request: /a, expect: deny, code: no_route',
      'expected the code no_route: it is missing_token',
    ],
    ['request: /a, expect: deny, status: 403', 'expected the status 403: it is 401'],
    ['request: /a, expect: deny, route: /b', 'expected the route /b: the owner is GET /a'],
    ['request: /none, expect: deny, route: /a', 'expected the route /a: the owner is none'],
    [
      'request: /a, expect: deny, route: /tride',
      'expected the route /tride: the owner is GET /a; did you mean "/tried"?',
    ],
    [
      'request: /a, expect: deny, route: /what/ever',
      'expected the route /what/ever: the owner is GET /a; no route is called so',
    ],
  ]
  for (const [written, expected] of cases)
    t.strictSame(failures(`  - { ${written} }\n`), [expected], written)
  t.strictSame(failures('  - { request: /open, expect: deny, code: no_route, status: 403 }\n'), [
    'expected deny: allowed',
  ])
  t.end()
})

t.test('a route is touched by what it takes: not by another method or case', (t) => {
  const { coverage, percent } = reportOn(`${good}  - { request: POST /tried, expect: deny }\n`)
  t.strictSame(
    coverage.map(({ route, allowed, denied }) => [route.id, allowed, denied]),
    [
      ['GET /a', 1, 1],
      ['* /b', 0, 0],
      ['GET /open', 1, 0],
      ['GET /tried', 0, 0],
    ],
  )
  t.equal(percent, 50)
  const [head = ''] = yaml.split('  routes:')
  t.equal(
    reportOn('  - { request: /a, expect: deny }\n', 100, `${head}  routes: []\n`).percent,
    100,
  )
  t.end()
})

t.test('less coverage than asked for is no', (t) => {
  t.notOk(isGood(reportOn(good, 51)))
  t.ok(isGood(reportOn(good, 50)))
  t.end()
})

t.test('text says what failed and why, and what no case touches', (t) => {
  t.equal(
    casesText(reportOn(good, 60)),
    `c.yaml: 6 cases, 6 passed, 0 failed
coverage: 2 of 4 routes, 50 %, less than 60 %
  no case  * /b (p.yaml:9)
  no case  GET /tried (p.yaml:11)
`,
  )
  const text = casesText(reportOn(bad))
  t.match(
    text,
    /^not ok {2}a <b> & "c" # d \(c\.yaml:3\)\n {8}expected allow: denied, 403 insufficient_scope\n/,
  )
  t.match(
    text,
    '\n        GET /a: denied, 403 insufficient_scope\n\n        route    GET /a (p.yaml:8)\n',
  )
  t.match(text, '\nc.yaml: 2 cases, 1 passed, 1 failed\n')
  t.end()
})

t.test('a denial that would only be reported is told of', (t) => {
  const report = reportOn('  - { request: /tried, expect: deny }\n')
  t.ok(isGood(report))
  t.match(
    casesText(report),
    'report mode: 1 denial of these would only be logged, and the request forwarded\n',
  )
  t.match(casesJson(report), { cases: [{ reportOnly: true, ok: true }] })
  t.end()
})

t.test('TAP 14 has a point for each case, and one for the coverage that is asked for', (t) => {
  const tap = casesTap(reportOn(bad, 90))
  const [first, plan, point, ...rest] = tap.split('\n')
  t.strictSame([first, plan, point], ['TAP version 14', '1..3', 'not ok 1 - a <b> & "c" \\# d'])
  const block = rest.slice(rest.indexOf('  ---') + 1, rest.indexOf('  ...')).join('\n')
  t.match(parse(block), {
    message: 'expected allow: denied, 403 insufficient_scope',
    at: { fileName: 'c.yaml', lineNumber: 3 },
    explanation: ['GET /a: denied, 403 insufficient_scope', ''],
  })
  t.match(tap, '\nok 2 - /open, allow\nnot ok 3 - cases touch at least 90 % of the routes\n')
  t.match(tap, '# coverage: 2 of 4 routes, 50 %, less than 90 %\n# no case: * /b (p.yaml:9)\n')
  t.equal(casesTap(reportOn(good, 10)).split('\n')[7], 'ok 6 - /open, allow')
  t.match(casesTap(reportOn(good, 10)), 'ok 7 - cases touch at least 10 % of the routes\n')
  t.match(casesTap(reportOn(good)), '1..6\n')
  t.end()
})

t.test('JUnit has a test case for each, and escapes what XML would read', (t) => {
  const junit = casesJunit(reportOn(bad, 90))
  const sum = 'tests="3" failures="2" errors="0" skipped="0" time="0"'
  t.match(junit, `<testsuites name="scopegate test" ${sum}>\n  <testsuite name="c.yaml" ${sum}>\n`)
  t.match(
    junit,
    '<testcase name="a &lt;b> &amp; &quot;c&quot; # d" classname="c.yaml" file="c.yaml" line="3" time="0">\n' +
      '      <failure type="case" message="expected allow: denied, 403 insufficient_scope">\n' +
      'GET /a: denied, 403 insufficient_scope\n',
  )
  t.match(
    junit,
    '<testcase name="/open, allow" classname="c.yaml" file="c.yaml" line="4" time="0"/>\n',
  )
  t.match(
    junit,
    'message="coverage: 2 of 4 routes, 50 %, less than 90 %">\nno case: * /b (p.yaml:9)\n',
  )
  const well = casesJunit(reportOn(good, 10))
  t.match(well, 'tests="7" failures="0"')
  t.notMatch(well, '<failure')
  t.match(casesJunit(reportOn(good)), 'tests="6" failures="0"')
  const odd = casesJunit(reportOn('  - { name: "a\\e]]>\\n  b", request: /open, expect: allow }\n'))
  t.match(odd, 'name="a?]]&gt; b"')
  const shown = reportOn('  - { name: "a\\e[31m", request: "/\\e[2J", expect: allow }\n')
  t.match(casesText(shown), /^not ok {2}a\?\[31m \(c\.yaml:3\)\n[^]*GET \/\?\[2J: denied, 400/)
  t.match(casesTap(shown), 'not ok 1 - a?[31m\n')
  t.end()
})

t.test('JSON has all of it for programs', (t) => {
  t.match(casesJson(reportOn(bad, 90)), {
    ...{ ok: false, file: 'c.yaml', config: 'p.yaml', configHash: 'h', passed: 1, failed: 1 },
    cases: [
      {
        ...{ name: 'a <b> & "c" # d', line: 3, request: 'GET /a', ok: false, expect: 'allow' },
        ...{ decision: 'deny', route: 'GET /a', reportOnly: false },
        outcomes: [{ status: 403, code: 'insufficient_scope' }],
        failures: ['expected allow: denied, 403 insufficient_scope'],
        explanation: ['GET /a: denied, 403 insufficient_scope'],
      },
      { ok: true, outcomes: [{ decision: 'allow' }], explanation: [] },
    ],
    coverage: {
      ...{ percent: 50, minimum: 90 },
      routes: [{ id: 'GET /a', line: 8, allowed: 0, denied: 1 }, {}, { allowed: 1 }, {}],
    },
  })
  t.match(casesJson(reportOn('  - { request: /none, expect: deny }\n')), {
    ...{ ok: true, cases: [{ route: null }], coverage: { minimum: null } },
  })
  t.end()
})
