import t from 'tap'
import { parse } from 'yaml'
import { asMarkdown, asText, code, plain } from '../../src/review/difference/as-text.ts'
import { documentOf, summaryOf } from '../../src/review/difference/document.ts'
import { asJson } from '../../src/review/difference/as-json.ts'
import { inboundWith } from '../support/config.ts'
import { linesOf, reportOf } from './support.ts'

const many = (count: number, scope: string) =>
  inboundWith(
    Array.from(
      { length: count },
      (_, at) => `{ path: "/service/number-${at}/{id}", methods: [GET], scopes: ${scope} }`,
    ).join(', '),
  )

t.test('the first line says what a reviewer must know', (t) => {
  const nothing = inboundWith('')
  const scoped = inboundWith('{ path: /a, methods: [GET], scopes: s }')
  const open = inboundWith('{ path: /a, methods: [GET], public: true }')
  const other = inboundWith('{ path: /b, methods: [GET], scopes: s }')
  const cases: readonly (readonly [string, string, string])[] = [
    [scoped, scoped, 'no change of access'],
    [nothing, scoped, 'widened: 1 newly callable'],
    [scoped, nothing, 'narrowed: 1 no longer callable'],
    [scoped, open, 'widened: 1 open to everyone now'],
    [scoped, other, 'widened and narrowed: 1 newly callable, 1 no longer callable'],
    [
      scoped,
      inboundWith('{ path: /a, methods: [GET], scopes: s }', '  forwardToken: true'),
      'no change of access: 1 setting',
    ],
    [
      scoped,
      inboundWith(
        '{ path: /a, methods: [GET], scopes: s }',
        '  forwardToken: true\n  tokenHeader: x',
      ),
      'no change of access: 2 settings',
    ],
  ]
  for (const [before, after, summary] of cases) {
    t.equal(summaryOf(reportOf(before, after)), summary)
    const report = reportOf(before, after)
    t.match(asText(documentOf(report, plain), report), `old -> new: ${summary}\n`)
    t.equal(asMarkdown(documentOf(report, code), report).split('\n')[0], `**Access: ${summary}**`)
  }
  t.end()
})

t.test('who gained and who could before, in words', (t) => {
  const route = (rest: string) => inboundWith(`{ path: /a, methods: [GET], ${rest} }`)
  const cases: readonly (readonly [string, string, readonly string[]])[] = [
    [
      'scopes: { allOf: [a, b] }',
      'scopes: a',
      ['Newly callable', 'GET | /a | scope a (before: scope a and scope b)'],
    ],
    [
      'scopes: { allOf: [a, { anyOf: [b, c] }] }',
      'authenticated: true',
      ['Newly callable', 'GET | /a | any valid token (before: (scope b or scope c) and scope a)'],
    ],
    [
      'scopes: a, claims: { tenant: acme }',
      'scopes: a, claims: { tenant: [acme, 7] }',
      [
        'Newly callable',
        'GET | /a | claim tenant = 7 and scope a (before: claim tenant = "acme" and scope a)',
      ],
    ],
    [
      'scopes: a, clientIds: [k]',
      'scopes: a',
      ['Newly callable', 'GET | /a | scope a, any client but k'],
    ],
    [
      'scopes: a, clientIds: [k]',
      'scopes: a, clientIds: [k, l, m]',
      ['Newly callable', 'GET | /a | scope a, client l or m'],
    ],
    [
      'authenticated: true, clientIds: [k]',
      'public: true',
      [
        'Open to everyone now, without a token',
        'GET | /a | everyone, without a token (before: any valid token, client k)',
      ],
    ],
    [
      'public: true',
      'authenticated: true',
      ['No longer callable', 'GET | /a | everyone, without a token (still: any valid token)'],
    ],
  ]
  for (const [before, after, lines] of cases) t.same(linesOf(route(before), route(after)), lines)
  t.end()
})

t.test('issuers are named where there are several', (t) => {
  const two = (rest: string) =>
    inboundWith(`{ path: /a, methods: [GET], ${rest} }`, '  issuers: [app]').replace(
      'issuers: {',
      'issuers: { more: { userPoolId: eu-central-1_Zz9 },',
    )
  t.same(linesOf(two('scopes: a'), two('public: true')), [
    'Open to everyone now, without a token',
    'GET | /a | everyone, without a token (before: scope a, issuer app)',
  ])
  t.end()
})

t.test('methods as one would write them', (t) => {
  const routes = (...methods: readonly string[]) =>
    inboundWith(methods.map((list) => `{ path: /a, ${list}scopes: s }`).join(', '))
  const told = (before: string, after: string) => linesOf(before, after)[1]?.split(' | ')[0]
  t.equal(told(routes(), routes('methods: [GET, PUT], ')), 'GET, PUT')
  t.equal(told(routes(), routes('')), 'any method')
  t.equal(told(routes('methods: [GET, PUT], '), routes('')), 'any but GET, PUT')
  t.equal(told(routes(), routes('methods: [HEAD], ')), 'HEAD')
  const other = inboundWith(
    '{ path: /a, methods: [GET], scopes: s }, { path: /a, methods: [HEAD], scopes: t }',
  )
  const before = inboundWith('{ path: /a, methods: [HEAD], scopes: t }')
  t.equal(told(before, other), 'GET without HEAD')
  t.end()
})

t.test('of many exceptions the first are named, and all of them for programs', (t) => {
  const rules = (more: string) => many(8, 's').replace(/\]$/, `${more}]`)
  const broad = ', { path: "/service/**", methods: [GET], scopes: t }'
  t.match(
    linesOf(many(8, 's'), rules(broad))[1],
    / except \/service\/number-0\/\{id\}, .* and 3 more/,
  )
  const { rows } = parse(JSON.stringify(asJson(reportOf(many(8, 's'), rules(broad))))) as {
    rows: { except: string[] }[]
  }
  t.equal(rows[0]?.except.length, 8)
  t.end()
})

t.test('JSON has everything, as plain data', (t) => {
  const json: unknown = JSON.parse(
    JSON.stringify(
      asJson(reportOf(inboundWith(''), inboundWith('{ path: /a, methods: [GET], scopes: s }'))),
    ),
  )
  t.strictSame(json, {
    ...{ before: 'old', after: 'new', isWidened: true, isNarrowed: false },
    rows: [
      {
        ...{ path: '/a', except: [], otherSpellings: false },
        methods: { kind: 'only', methods: ['GET', 'HEAD'], websocket: false },
        direction: 'gained',
        who: {
          kind: 'holders',
          parts: [
            {
              issuers: ['app'],
              clients: { kind: 'except', ids: [] },
              terms: [[{ kind: 'scope', scope: 's' }]],
            },
          ],
        },
      },
    ],
    ...{ settings: [], clients: null, assumptions: [], absent: [] },
  })
  t.end()
})

t.test('names from a configuration are no markup', (t) => {
  const cases: Readonly<Record<string, string>> = {
    'a/b': '`a/b`',
    '': '(empty)',
    'a|b': '`a\\|b`',
    '`x`': '`` `x` ``',
    'a`b``c': '```a`b``c```',
    ' x ': '`  x  `',
    '<script>@somebody': '`<script>@somebody`',
    'a\nb\u202e\u0007': '`a?b??`',
  }
  for (const [name, markdown] of Object.entries(cases)) t.equal(code(name), markdown)
  t.equal(plain('\u001b[31mred\u2028'), '?[31mred?')
  const hostile = inboundWith(
    '{ path: "/a`|b", methods: [GET], scopes: "x|`y`", claims: { "c|d": "e\\n| f |" } }',
  )
  const report = reportOf(inboundWith(''), hostile)
  const rows = asMarkdown(documentOf(report, code), report)
    .split('\n')
    .filter((line) => line.startsWith('| GET'))
  t.same(rows, [
    '| GET | ``/a`\\|b`` | claim `c\\|d` = `"e\\n\\| f \\|"` and scope `` x\\|`y` `` |',
  ])
  t.end()
})

t.test('rows that read the same are one', (t) => {
  const before = inboundWith('{ path: "/c/{p}/b", scopes: s }, { path: /**, scopes: s }')
  const after = inboundWith(
    '{ path: "/{p}/a/**", scopes: t }, { path: /**, scopes: s }',
    '  ignoreCase: true',
  )
  const lines = linesOf(before, after)
  const from = lines.indexOf('In other spellings (upper and lower case): newly callable')
  t.same(lines.slice(from + 1, from + 4), [
    'any method | /c/a/b | scope t (before: scope s)',
    'any method | /c/a/b | scope t',
    'any method | /c/{p}/b except /{p}/a/** | scope s',
  ])
  t.end()
})

t.test('a long comment is cut where it says so', (t) => {
  const report = reportOf(many(150, 's'), many(150, 't'))
  const markdown = asMarkdown(documentOf(report, code), report)
  t.match(markdown, 'And 50 more: `scopegate diff` prints all of them.')
  t.equal(asText(documentOf(report, plain), report).split('\n').length, 1 + 2 * 152 + 1)

  const long = (count: number) => {
    const document = {
      summary: 'widened',
      sections: [
        {
          title: 'T',
          columns: ['a'],
          rows: Array.from({ length: 100 }, () => ['x'.repeat(count)]),
        },
      ],
      notes: ['n'],
    }
    return asMarkdown(document, { before: 'a', after: 'b' })
  }
  t.match(long(1000), 'And 70 more')
  t.match(long(5000), 'And 90 more')
  t.match(long(15_000), 'And 97 more')
  t.match(long(30_000), 'The tables are too long for a comment')
  t.ok(long(590).length < 65_536)
  t.end()
})
