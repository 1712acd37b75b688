/** From calls that were seen to routes that are proposed. */
import t from 'tap'
import fc from 'fast-check'
import { isValue } from '../../src/review/learn/value.ts'
import { learnedJson } from '../../src/review/learn/written.ts'
import { property } from '../decision/support.ts'
import { configOf, problemsOf } from '../support/config.ts'
import { issuer, learnedFrom, lineOf, routesOf, standard, yamlOf } from './learn.ts'

const head = 'version: 1\nissuers: { app: { userPoolId: eu-central-1_a1B2c3D4e } }\n'
const whole = (yaml: string): readonly string[] => problemsOf(head + yaml)

t.test('a route asks for the scopes that every caller held', (t) => {
  const lesson = learnedFrom([
    lineOf('GET /export/1', 'worker', 'app-api/export app-api/upload'),
    lineOf('GET /export/2', 'reporter', 'app-api/export', { time: '2026-11-20T09:00:00.000Z' }),
    lineOf('GET /export/2', 'worker', 'app-api/upload app-api/export', {
      time: '2026-11-21T10:00:00.000Z',
    }),
    lineOf('PUT /export/3/', 'worker', 'app-api/upload app-api/export'),
  ])
  t.equal(
    yamlOf(lesson),
    `# Proposed from 4 requests, 2026-11-20T09:00:00.000Z to 2026-11-21T10:00:00.000Z. Nothing is applied: review each route.
inbound:
  listen: 0.0.0.0:8080
  upstream: http://127.0.0.1:3000
  routes:
    # 3 calls from 2026-11-20T09:00:00.000Z to 2026-11-21T10:00:00.000Z such as /export/1, /export/2 by worker, reporter
    - { path: "/export/{id}", methods: [GET], scopes: app-api/export } # taken by * /**
    # 1 call at 2026-11-20T10:00:00.000Z such as /export/3/ by worker
    - { path: "/export/{id}", methods: [PUT], scopes: { allOf: [app-api/export, app-api/upload] } } # taken by * /**
`,
  )
  t.strictSame(whole(yamlOf(lesson)), [])
  t.end()
})

t.test('where no scope is held by all, or none is told, the clients are named', (t) => {
  const lesson = learnedFrom([
    lineOf('GET /a', 'worker', 'x'),
    lineOf('GET /a', 'batch', 'y'),
    lineOf('GET /b', 'worker', 'x'),
    lineOf('GET /b', 'worker', undefined),
    lineOf('GET /c', 'worker', ''),
    lineOf('GET /d', 'worker', 'a\\b "c'),
  ])
  t.strictSame(routesOf(lesson), [
    '{ path: /a, methods: [GET], authenticated: true, clientIds: [batch, worker] }',
    '{ path: /b, methods: [GET], authenticated: true, clientIds: [worker] }',
    '{ path: /c, methods: [GET], authenticated: true, clientIds: [worker] }',
    '{ path: /d, methods: [GET], authenticated: true, clientIds: [worker] }',
  ])
  t.match(lesson.proposal.closed.routes[0]?.notes[1], /no scope that all of them held/)
  t.match(lesson.proposal.closed.routes[1]?.notes[1], /the log tells no scopes for 1 of the calls/)
  t.strictSame(whole(yamlOf(lesson)), [])
  t.end()
})

t.test('calls without a valid token open nothing: they are listed for a person', (t) => {
  const lesson = learnedFrom([
    lineOf('GET /status', undefined, undefined),
    lineOf('GET /status', undefined, undefined, { reason: 'invalid_token' }),
    lineOf('GET /a', undefined, undefined),
    lineOf('GET /a', 'worker', 'x', { route: undefined }),
    lineOf('OPTIONS /a', undefined, undefined, { decision: 'allow', enforced: true }),
  ])
  t.strictSame(routesOf(lesson), ['{ path: /a, methods: [GET], scopes: x }'])
  const yaml = yamlOf(lesson)
  t.match(
    yaml,
    '    # REFUSED BY THIS ROUTE: 1 call at 2026-11-20T10:00:00.000Z such as /a without a valid token\n',
  )
  t.match(yaml, '# taken by * /**\n', 'the anonymous call was')
  t.match(
    yaml,
    '    # WITHOUT A VALID TOKEN: public, or refused? That is yours to say:\n' +
      '    #   GET /status: 2 calls from 2026-11-20T10:00:00.000Z to 2026-11-20T10:00:00.000Z such as /status\n' +
      '    #   GET /a: 1 call at 2026-11-20T10:00:00.000Z such as /a\n' +
      '    #   OPTIONS /a: 1 call at ',
  )
  t.notMatch(yaml, 'public: true')
  t.strictSame(whole(yaml), [])
  const alone = learnedFrom([lineOf('GET /a', undefined, undefined)])
  t.match(yamlOf(alone), '  routes: []\n')
  t.strictSame(whole(yamlOf(alone)), [])
  t.match(
    learnedFrom([lineOf('GET /a', 'w', 'x', { route: undefined })]).proposal.closed.routes[0],
    {
      source: 'no route took these',
    },
  )
  t.end()
})

t.test('callers who have nothing in common and cannot be listed have no route', (t) => {
  const many = Array.from({ length: 51 }, (_, at) => lineOf('GET /a', `client-${at}`, ''))
  const lesson = learnedFrom([
    ...many,
    lineOf('GET /b', undefined, undefined, { issuer, scopes: '' }),
    lineOf('GET /c', undefined, undefined, { issuer, scopes: 'x' }),
  ])
  t.strictSame(routesOf(lesson), ['{ path: /c, methods: [GET], scopes: x }'])
  t.match(
    yamlOf(lesson),
    '    # NO ROUTE: callers have no scope in common and cannot be listed by client id:\n' +
      '    #   GET /a: 51 calls from 2026-11-20T10:00:00.000Z to 2026-11-20T10:00:00.000Z such as /a\n' +
      '    #   GET /b: 1 call at 2026-11-20T10:00:00.000Z such as /b\n',
  )
  const same = learnedFrom(many.map((line) => line.replace('"scopes":""', '"scopes":"x"')))
  t.match(same.proposal.closed.routes[0]?.notes, [
    /by client-0, client-1, client-2, client-3, client-4, 46 more$/,
  ])
  t.end()
})

t.test('tokens of several issuers are told: scopes mean nothing outside their own', (t) => {
  const lesson = learnedFrom([
    lineOf('GET /a', 'worker', 'x'),
    ...Array.from({ length: 6 }, (_, at) =>
      lineOf('GET /a', 'w', 'x', { issuer: `https://i${at}.example` }),
    ),
  ])
  t.match(
    lesson.proposal.closed.routes[0]?.notes[1],
    /^tokens of several issuers: .*i3\.example; say which count/,
  )
  t.end()
})

t.test('values become {id}, names stay', (t) => {
  const values = `0 42 -1 1.5 52.5,13.4 123e4567-e89b-12d3-a456-426614174000 deadbeefdeadbeef 2026-11-27 2026-11
    2026-11-27T10:00:00Z order-12345 cus_9s6XKzkNRiz8i3 dBjftJeZ4CV9 01ARZ3NDEKTSV4RRFFQ69G5FAV ck9x8f7e60000abcd
    a@b.example x{y a*b a%b a;b`
  for (const value of values.split(/\s+/)) t.ok(isValue(value), value)
  for (const value of ['a'.repeat(65), 'a?b', 'a#b', '\u0001', '\u{1f600}', 'a/b'])
    t.ok(isValue(value), value)
  const names =
    'v1 users me export get-report-2024-summary uploads2 API OAuth2Clients file.json größe deadbeef'
  for (const name of names.split(' ')) t.notOk(isValue(name), name)
  t.end()
})

t.test(
  'names of which there are many, and ever more, are values; a set that is complete is not',
  (t) => {
    const of = (count: number, path: (at: number) => string) =>
      Array.from({ length: count }, (_, at) => lineOf(`GET ${path(at)}`, 'worker', 'x'))
    const word = (at: number): string =>
      `w${String.fromCharCode(97 + (at % 26), 97 + ((at / 26) % 26))}x`
    const people = learnedFrom(of(40, (at) => `/people/${word(at)}/files`))
    t.strictSame(routesOf(people), ['{ path: "/people/{id}/files", methods: [GET], scopes: x }'])
    t.match(
      people.proposal.closed.routes[0]?.notes[1],
      '{id} was 40 names or more, such as wax, wbx, wcx'.replace(
        'wax, wbx, wcx',
        'waax, wbax, wcax',
      ),
    )
    const below = learnedFrom([
      ...of(40, (at) => `/people/${word(at)}/${at}`),
      ...of(1, () => '/people/7/x'),
    ])
    t.strictSame(routesOf(below), [
      '{ path: "/people/{id}/x", methods: [GET], scopes: x }',
      '{ path: "/people/{id}/{id2}", methods: [GET], scopes: x }',
    ])
    const resources = learnedFrom(of(4000, (at) => `/api/${word(at % 40)}`))
    t.equal(routesOf(resources).length, 40)
    const few = learnedFrom(of(30, (at) => `/people/${word(at)}`))
    t.equal(routesOf(few).length, 30)
    t.equal(
      routesOf(
        learnedFrom(
          of(40, (at) => `/a/${word(at)}`),
          { ...standard, mostNames: 40 },
        ),
      ).length,
      40,
    )
    const mixed = learnedFrom(of(4000, (at) => (at % 2 === 0 ? '/export' : `/${word(at % 1301)}`)))
    t.strictSame(routesOf(mixed), [
      '{ path: /export, methods: [GET], scopes: x }',
      '{ path: "/{id}", methods: [GET], scopes: x }',
    ])
    t.end()
  },
)

t.test('where paths that cross name different clients, the more specific one counts', (t) => {
  const lesson = learnedFrom([lineOf('GET /e/1/c', 'one', ''), lineOf('GET /e/b/2', 'two', '')])
  t.match(routesOf(lesson), [
    /clientIds/,
    /clientIds/,
    '{ path: /e/b/c, methods: [GET], authenticated: true, clientIds: [two] }',
  ])
  t.end()
})

t.test('paths that cross get a route for what they share', (t) => {
  const lesson = learnedFrom([
    lineOf('GET /a/1/c', 'worker', 'x'),
    lineOf('GET /a/b/2', 'batch', 'v'),
    lineOf('GET /d/1/c', 'worker', 'x'),
    lineOf('GET /d/b/2', 'batch', ''),
    lineOf('PUT /d/b/2', 'batch', 'z'),
  ])
  t.strictSame(routesOf(lesson).slice(5), [
    '{ path: /a/b/c, methods: [GET], scopes: { allOf: [v, x] } }',
    '{ path: /d/b/c, methods: [GET], scopes: x, clientIds: [batch] }',
    '{ path: /d/b/c, methods: [PUT], scopes: z }',
  ])
  t.strictSame(whole(yamlOf(lesson)), [])
  t.match(learnedJson(lesson.learned, lesson.proposal, undefined), {
    requests: 5,
    routes: [
      {
        ...{ path: '/a/b/{id}', methods: ['GET'], scopes: 'v' },
        evidence: {
          count: 1,
          clients: { batch: 1 },
          samples: ['/a/b/2'],
          issuers: [issuer],
          routes: ['* /**'],
          withoutToken: 0,
          hasOthers: false,
        },
      },
    ],
  })
  const { routes } = learnedJson(lesson.learned, lesson.proposal, undefined) as {
    routes: { evidence: unknown }[]
  }
  t.equal(routes[5]?.evidence, null)
  t.end()
})

t.test('rare calls are left out and counted; so is every line that no route comes of', (t) => {
  const learned = learnedFrom(
    [
      ...Array.from({ length: 3 }, () => lineOf('GET /a', 'worker', 'x')),
      ...[lineOf('GET /b', 'worker', 'x'), lineOf('GET /c', undefined, undefined)],
      ...[401, 403, 404, 405, 501].map((status) => lineOf('GET /none', 'worker', 'x', { status })),
      lineOf('GET /refused', 'worker', 'x', { decision: 'deny', enforced: true }),
      ...[lineOf('GET /a/../b', 'worker', 'x'), lineOf(`GET ${'/a'.repeat(33)}`, 'worker', 'x')],
      lineOf('GET http://a.example/', 'worker', 'x'),
      lineOf('GET /out', undefined, undefined, { direction: 'outbound' }),
      '{"level":"info","time":"2026-11-20T10:00:00.000Z","msg":"started"}',
      ...['', 'text', '{', '[]', '3', '{}', '{"msg":"request"}', '{"msg":1,"level":"info"}'],
      ...['2026-99-20T10:00:00.000Z', '2026', 3].map((time) =>
        lineOf('GET /a', 'w', 'x', { time }),
      ),
      ...[{ direction: 'up' }, { method: 'NO' }, { method: 3 }, { path: 3 }, { status: '200' }].map(
        (over) => lineOf('GET /a', 'w', 'x', over),
      ),
    ],
    { ...standard, minCount: 2 },
  )
  t.strictSame(routesOf(learned), ['{ path: /a, methods: [GET], scopes: x }'])
  t.strictSame(
    yamlOf(learned)
      .split('\n')
      .filter((line) => line.startsWith('# Not')),
    [
      '# Not looked at: 5 calls answered 401, 403, 404, 405 or 501: the API refused them, or has nothing there.',
      '# Not looked at: 1 call refused already.',
      '# Not looked at: 3 calls of a path that is refused whatever the routes say, or a very deep one.',
      '# Not looked at: 2 calls of 2 paths and methods, rarer than --min-count.',
      '# Not looked at: 1 line about outbound.',
      '# Not looked at: 1 line about something else than a request.',
      '# Not looked at: 16 lines of somebody else.',
    ],
  )
  t.end()
})

t.test('paths are read as the configuration says', (t) => {
  const config = configOf(`${head}inbound:
  listen: 127.0.0.1:1
  upstream: http://127.0.0.1:3000
  paths: { emptySegments: allow, encodedSlashes: allow, semicolons: allow }
  routes: []
`)
  const lesson = learnedFrom(
    ['GET /a//b', 'GET /a%2Fb', 'GET /a;b'].map((request) => lineOf(request, 'w', 'x')),
    standard,
    config,
  )
  t.strictSame(routesOf(lesson), ['{ path: "/{id}", methods: [GET], scopes: x }'])
  t.equal(lesson.learned.skipped.unfit, 1)
  t.end()
})

t.test('whatever a log holds, what is proposed loads and no route of it is public', (t) => {
  const segment = fc.oneof(
    fc.constantFrom(
      'a',
      'b',
      'A',
      'ß',
      '1',
      '2',
      '*',
      '**',
      '{x}',
      '$',
      '#',
      '"',
      "'",
      ' ',
      'null',
      '-',
      '%',
      '\u2028',
    ),
    fc.string({ unit: 'binary', maxLength: 4 }),
  )
  const text = fc.oneof(
    fc.constantFrom('worker', 'x', 'true', '${HOME}', 'a"b\\', '\u0085'),
    fc.string(),
  )
  const call = fc.record({
    method: fc.constantFrom('GET', 'PUT', 'HEAD', 'OPTIONS', 'M-SEARCH'),
    path: fc.array(segment, { maxLength: 4 }),
    who: fc.option(text, { nil: undefined }),
    scopes: fc.option(fc.array(text, { maxLength: 3 }), { nil: undefined }),
  })
  property(t, 150, fc.array(call, { maxLength: 60 }), (calls) => {
    const lines = calls.map(({ method, path, who, scopes }) =>
      lineOf('GET /', who, scopes?.join(' '), {
        method,
        path: `/${path.map(encodeURIComponent).join('/')}`,
      }),
    )
    const yaml = yamlOf(learnedFrom(lines))
    const problems = whole(yaml)
    if (problems.length > 0) throw new Error(`${problems.join('\n')}\n${yaml}`)
    if (yaml.includes('public: true')) throw new Error(yaml)
  })
  t.end()
})
