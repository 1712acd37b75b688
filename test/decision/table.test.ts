import assert from 'node:assert/strict'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import type { Route } from '../../src/decision/routes.ts'
import type { ScopeName } from '../../src/decision/scopes.ts'
import { buildRouteTable, findRoute, takenAway, type RouteTable } from '../../src/decision/table.ts'
import { milliseconds } from '../../src/units.ts'
import { lenient, property, route, table, target } from './support.ts'

const needs = (scope: string): Partial<Route> => ({
  access: { kind: 'scopes', need: { kind: 'one', scope: scope as ScopeName } },
})

/** The route's id, `not ID` when it owns the path but does not take the request, or `none`. */
function found(routes: RouteTable, request: string, ignoreCase = false): string {
  const [method = '', text = ''] = request.split(' ')
  const result = findRoute(routes, target(text, lenient), method, ignoreCase)
  if (!result.ok) return result.problem.code
  if (result.value.kind === 'none') return 'none'
  return result.value.kind === 'route' ? result.value.route.id : `not ${result.value.owner.id}`
}

function expect(t: Test, routes: RouteTable, requests: Record<string, string>): void {
  for (const [request, owner] of Object.entries(requests))
    t.equal(found(routes, request), owner, request)
}

function problems(...routes: readonly Route[]): readonly string[] {
  const built = buildRouteTable(routes)
  return built.ok
    ? []
    : built.problem.map(({ kind, routes, message }) => `${kind} ${routes.join()}: ${message}`)
}

t.test('no matching route is none', (t) => {
  expect(t, table(), { 'GET /': 'none', 'GET /a': 'none' })
  expect(t, table('/a/{x}', '/b', '/c/**'), {
    'GET /': 'none',
    'GET /a': 'none',
    'GET /a/': 'none',
    'GET /a/b/c': 'none',
    'GET /b/c': 'none',
    'GET /bb': 'none',
    'GET /__proto__': 'none',
    'GET /a//': 'none',
  })
  t.end()
})

t.test('the most specific path owns the request, whatever its method', (t) => {
  const routes = table('GET,PUT /**', 'GET /a/**', 'POST /a/b', 'GET /a/{x}/c', 'GET /a/b/**')
  expect(t, routes, {
    'GET /': 'GET,PUT /**',
    'PUT /z/y': 'GET,PUT /**',
    'PUT /a': 'not GET /a/**',
    'GET /a': 'GET /a/**',
    'GET /a/': 'GET /a/**',
    'GET /a/b': 'not POST /a/b',
    'POST /a/b': 'POST /a/b',
    'GET /a/b/': 'not POST /a/b',
    'GET /a/b/c': 'GET /a/b/**',
    'GET /a/x/c': 'GET /a/{x}/c',
    'GET /a/x/d': 'GET /a/**',
    'PUT /a/x/c': 'not GET /a/{x}/c',
  })
  t.end()
})

t.test('a path that turns out not to match gives way to the next most specific', (t) => {
  expect(t, table('/a/b/c', '/a/{x}/d', '/{y}/b/e', '/**'), {
    'GET /a/b/c': '/a/b/c',
    'GET /a/b/d': '/a/{x}/d',
    'GET /a/b/e': '/{y}/b/e',
    'GET /a/b/f': '/**',
  })
  t.end()
})

t.test('no spelling falls to a broader rule: another case is denied', (t) => {
  const routes = table('/**', '/Admin/{x}', '/straße', '/admin/fixed/**')
  expect(t, routes, {
    'GET /Admin/1': '/Admin/{x}',
    'GET /Admin/A': '/Admin/{x}',
    'GET /admin/1': 'not /Admin/{x}',
    'GET /ADMIN/1/': 'not /Admin/{x}',
    'GET /%41dmin/1': '/Admin/{x}',
    'GET /%61dmin/1': 'not /Admin/{x}',
    'GET /stra%C3%9Fe': '/straße',
    'GET /STRASSE': 'not /straße',
    'GET /admin/fixed/X/Y': '/admin/fixed/**',
    'GET /Admin/fixed': 'not /admin/fixed/**',
  })
  for (const text of ['/admin/1', '/ADMIN/1/', '/%61dmin/1'])
    t.equal(found(routes, `GET ${text}`, true), '/Admin/{x}', text)
  t.end()
})

t.test('paths that differ only in case share their methods', (t) => {
  expect(t, table('GET /Files', 'PUT /files', '/**'), {
    'GET /Files': 'GET /Files',
    'PUT /Files': 'not PUT /files',
    'PUT /files': 'PUT /files',
    'DELETE /files': 'not GET /Files',
  })
  t.end()
})

t.test('GET includes HEAD unless HEAD is listed', (t) => {
  expect(t, table('GET /a', 'GET /b', 'HEAD /b', 'POST /c', 'GET /d', '/d', 'POST /e', '/e'), {
    'HEAD /a': 'GET /a',
    'HEAD /b': 'HEAD /b',
    'HEAD /c': 'not POST /c',
    'HEAD /d': 'GET /d',
    'HEAD /e': '/e',
  })
  t.end()
})

t.test('a route without methods takes those that no other route of its path lists', (t) => {
  expect(t, table('/a/{x}', 'GET,PUT /a/{y}', 'POST /a/{z}'), {
    'GET /a/1': 'GET,PUT /a/{y}',
    'PUT /a/1': 'GET,PUT /a/{y}',
    'POST /a/1': 'POST /a/{z}',
    'DELETE /a/1': '/a/{x}',
  })
  t.end()
})

t.test('the mode of an unlisted method is enforce if any route of the path says so', (t) => {
  const report = route('GET /a', { mode: 'report' })
  t.equal(found(table(report, 'PUT /a'), 'POST /a'), 'not PUT /a')
  t.equal(found(table('PUT /a', report), 'POST /a'), 'not PUT /a')
  t.equal(found(table(report), 'POST /a'), 'not GET /a')
  t.end()
})

t.test('readings with different owners are refused', (t) => {
  const routes = table('/a', '/a/b', '/c/{x}', '/d/**', '/D/{x}/e')
  expect(t, routes, {
    'GET /a;x': 'invalid_path',
    'GET /a%2fb': 'invalid_path',
    'GET /a//b': 'invalid_path',
    'GET /z;x': 'none',
    'GET /c/1;x': '/c/{x}',
    'GET /c/1%2f2': 'invalid_path',
    'GET /c/1%2F': '/c/{x}',
    'GET /d/1//2;x%2f': '/d/**',
    'GET /d/1/e;x': 'invalid_path',
    'GET /c;x/1': 'invalid_path',
  })
  t.equal(found(table('/{x}/b/**'), 'GET /q%2fb/b'), '/{x}/b/**')
  t.equal(found(table('/{x}/b/**'), 'GET /q%2fB/b'), 'not /{x}/b/**')
  t.equal(found(table('/**', '/a'), 'GET //'), '/**')
  t.equal(found(table('/**', '/'), 'GET //'), 'invalid_path')
  t.equal(found(table('/a/**'), 'GET /A%2fb'), 'invalid_path')
  t.equal(found(table('/**', '/{x}/b'), 'GET /a%2fc'), '/**')
  t.end()
})

t.test('the same path and method twice is an error, whatever its parameter names and case', (t) => {
  const twice = (...lines: readonly string[]) =>
    problems(...lines.map((line, at) => route(line, { line: at + 1 })))
  t.strictSame(twice('GET /a/{x}', 'PUT /a/{x}', 'POST,GET /A/{y}'), [
    'duplicate 0,2: GET for this path stands already at /a/{x} (line 1): write it once',
  ])
  t.strictSame(twice('/a', 'GET /a', '/a/'), [
    'duplicate 0,2: a route without methods for this path stands already at /a (line 1): write it once',
  ])
  t.equal(twice('/a', '/a', '/a').length, 2)
  t.strictSame(twice('GET,GET /a', '/a', 'HEAD /a', '/a/**', '/{x}'), [])
  t.end()
})

t.test('crossing paths that ask something else need a route for what they share', (t) => {
  const [one, other] = [route('/a/{x}', needs('one')), route('/{y}/b', needs('other'))]
  t.strictSame(problems(one, other), [
    'crossing 0,1: /{y}/b crosses /a/{x} (line 1), which asks something else: ' +
      'write a route for /a/b, which both match',
  ])
  t.strictSame(problems(one, route('/a/b'), other), [])
  t.strictSame(problems(one, route('GET /A/B'), other), [])
  t.strictSame(problems(one, route('/**'), route('/a/**'), route('/c/**', needs('c'))), [])
  t.end()
})

t.test('crossing paths are compared for each method that both take', (t) => {
  const crossing = (a: string, b: string) =>
    problems(route(`${a}/a/{x}`, needs('one')), route(`${b}/{y}/b`, needs('other'))).length
  t.equal(crossing('GET ', 'PUT '), 0)
  t.equal(crossing('GET ', 'HEAD '), 1)
  t.equal(crossing('GET,PUT ', 'POST,PUT '), 1)
  t.equal(crossing('GET ', ''), 1)
  t.equal(crossing('', ''), 1)
  const routes = [
    route('GET /a/{x}', needs('one')),
    route('PUT /a/{x}', needs('two')),
    route('GET /{y}/b', needs('one')),
    route('PUT /{y}/b', needs('other')),
  ]
  t.match(problems(...routes), [/^crossing 1,3:/])
  t.end()
})

t.test('whatever changes how a request is treated is another requirement', (t) => {
  const changes: readonly Partial<Route>[] = [
    needs('other'),
    { access: { kind: 'authenticated' } },
    { conditions: [{ kind: 'client', ids: ['a'] }] },
    { mode: 'report' },
    { websocket: { allowed: true, outliveToken: false } },
    { timeouts: { headers: milliseconds(1), body: undefined } },
  ]
  for (const change of changes)
    t.equal(problems(route('/a/{x}'), route('/{y}/b', change)).length, 1, JSON.stringify(change))
  t.strictSame(problems(route('/a/{x}'), route('/{y}/b', { policy: 'P', line: 9 })), [])
  t.end()
})

t.test('every method that a narrower path takes away is told', (t) => {
  const taken = (...lines: readonly string[]) =>
    takenAway(table(...lines)).map(
      ({ broader, narrower, methods }) => `${narrower.id} < ${broader.id}: ${methods.join()}`,
    )
  t.strictSame(taken('GET,PUT /**', 'GET /a'), ['GET /a < GET,PUT /**: PUT'])
  t.strictSame(taken('GET,PUT /**', '/a', 'GET /b/**', 'PUT /b/**'), [])
  t.strictSame(taken('/a/**', 'HEAD,POST /b/**', 'GET /a/b', 'GET /b/c'), [
    'GET /a/b < /a/**: *',
    'GET /b/c < HEAD,POST /b/**: POST',
  ])
  t.strictSame(taken('GET,PUT /**', 'GET /a/**', 'GET /a/b'), ['GET /a/** < GET,PUT /**: PUT'])
  t.strictSame(taken('GET /a/{x}', 'GET,PUT /{y}/b'), ['GET /a/{x} < GET,PUT /{y}/b: PUT'])
  t.strictSame(taken('PUT /{y}/b', 'GET /a/{x}'), ['GET /a/{x} < PUT /{y}/b: PUT'])
  t.strictSame(taken('PUT /{y}/b', 'GET /a/{x}', 'GET /a/b'), ['GET /a/b < PUT /{y}/b: PUT'])
  t.end()
})

// The reference: every matching path is tried, the one whose ranks read smallest owns.
type Written = { readonly path: string; readonly methods: readonly string[] }

const written: fc.Arbitrary<Written> = fc.record({
  path: fc
    .tuple(fc.array(fc.constantFrom('a', 'b', 'A', '{}'), { maxLength: 3 }), fc.boolean())
    .map(([parts, open]) => {
      const named = parts.map((part, at) => (part === '{}' ? `{n${at}}` : part))
      return `/${[...named, ...(open ? ['**'] : [])].join('/')}`
    }),
  methods: fc.subarray(['GET', 'HEAD', 'PUT']),
})

const partsOf = (path: string): readonly string[] => path.split('/').slice(1).filter(Boolean)
const key = (path: string): string => path.toLowerCase().replace(/\{\w+\}/g, '{}')
const ranks = (path: string): string =>
  `${partsOf(path)
    .map((part) => (part === '**' ? '' : part.startsWith('{') ? '1' : '0'))
    .join('')}${path.endsWith('**') ? '3' : '2'}`

function matches(path: string, request: readonly string[]): boolean {
  const [part, ...parts] = partsOf(path)
  const [segment, ...segments] = request
  if (part === '**') return true
  if (part === undefined || segment === undefined) return part === segment
  const here = part.startsWith('{') || part.toLowerCase() === segment.toLowerCase()
  return here && matches(`/${parts.join('/')}`, segments)
}

function reference(
  routes: readonly Written[],
  method: string,
  segments: readonly string[],
): string {
  const [owner] = routes
    .filter(({ path }) => matches(path, segments))
    .sort((a, b) => (ranks(a.path) < ranks(b.path) ? -1 : 1))
  if (owner === undefined) return 'none'
  const sharing = routes.filter(({ path }) => key(path) === key(owner.path))
  const taker =
    sharing.find(({ methods }) => methods.includes(method)) ??
    sharing.find(({ methods }) => method === 'HEAD' && methods.includes('GET')) ??
    sharing.find(({ methods }) => methods.length === 0)
  const spelled =
    taker && partsOf(taker.path).every((part, at) => /[{*]/.test(part) || part === segments[at])
  return spelled ? idOf(taker) : 'denied'
}

const idOf = ({ path, methods }: Written): string =>
  methods.length === 0 ? path : `${methods.join()} ${path}`

const requests: string[][] = [[]]
for (const request of requests)
  if (request.length < 4)
    for (const segment of request.length < 2 ? ['a', 'A', 'b', 'z'] : ['a', 'b'])
      requests.push([...request, segment])

/** Routes that can stand beside each other: all ask the same, no path and method twice. */
const tables = fc.array(written, { maxLength: 8 }).map((routes) =>
  routes.reduce<Written[]>((kept, next) => {
    const fits = buildRouteTable([...kept, next].map((one) => route(idOf(one)))).ok
    return fits ? [...kept, next] : kept
  }, []),
)

t.test('every request has the owner that the naive reference finds', (t) => {
  const seen = new Map<string, number>()
  property(
    t,
    150,
    fc.tuple(tables, fc.constantFrom('GET', 'HEAD', 'PUT', 'POST')),
    ([routes, method]) => {
      const built = table(...routes.map(idOf))
      for (const request of requests) {
        const expected = reference(routes, method, request)
        const kind = ['none', 'denied'].includes(expected) ? expected : 'route'
        seen.set(kind, (seen.get(kind) ?? 0) + 1)
        const actual = found(built, `${method} /${request.join('/')}`)
        assert.equal(actual.startsWith('not ') ? 'denied' : actual, expected)
      }
    },
  )
  t.strictSame([...seen.keys()].sort(), ['denied', 'none', 'route'])
  t.end()
})

t.test('the order of routes never changes the owner', (t) => {
  const shuffled = tables.chain((routes) =>
    fc.tuple(fc.constant(routes), fc.shuffledSubarray(routes, { minLength: routes.length })),
  )
  property(t, 150, shuffled, ([routes, others]) => {
    const [one, other] = [table(...routes.map(idOf)), table(...others.map(idOf))]
    for (const request of requests)
      for (const method of ['GET', 'POST']) {
        const line = `${method} /${request.join('/')}`
        const [before, after] = [found(one, line), found(other, line)]
        if (before.startsWith('not ')) assert.ok(after.startsWith('not '))
        else assert.equal(after, before)
      }
  })
  t.end()
})
