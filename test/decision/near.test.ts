import t from 'tap'
import { findRoute, nearRoutes, type RouteTable } from '../../src/decision/table.ts'
import { lenient, route, table, target } from './support.ts'

function near(routes: RouteTable, request: string): readonly string[] {
  const [method = '', path = ''] = request.split(' ')
  const read = target(path)
  const found = findRoute(routes, read, method, false)
  if (!found.ok) throw new Error(found.problem.because)
  return nearRoutes(routes, read, method, found.value).map(
    (one) => `${one.kind}: ${one.route.id} ${one.because}`,
  )
}

const routes = table(
  'GET /export/**',
  'GET /export/{id}',
  'PUT /export/{id}',
  '/export/{other}',
  'GET /export/all/now',
  'POST /upload',
  'GET /files/{id}',
  'GET /api/files/list',
)

t.test('routes of the same path say which methods they list', (t) => {
  t.strictSame(near(routes, 'GET /export/1').slice(0, 2), [
    'other_method: PUT /export/{id} has this path, but lists PUT, not GET',
    'other_method: /export/{other} has this path, but another route of the path lists GET',
  ])
  t.strictSame(near(routes, 'GET /upload'), [
    'other_method: POST /upload has this path, but lists POST, not GET',
  ])
  t.end()
})

t.test('broader paths say where the owner is more specific', (t) => {
  t.strictSame(near(table('GET /a/{x}', 'GET /a/b', 'POST /a/**', 'GET /{y}/**'), 'GET /a/b'), [
    'less_specific: GET /a/{x} matches too, but /a/b is more specific: b before {name}',
    'less_specific: POST /a/** matches too, but /a/b is more specific: b before **; and it does not list GET',
    'less_specific: GET /{y}/** matches too, but /a/b is more specific: a before {name}',
  ])
  t.strictSame(near(table('GET /a', 'GET /a/**'), 'GET /a/'), [
    'less_specific: GET /a/** matches too, but /a is more specific: it ends before **',
  ])
  t.end()
})

t.test('another case is told where it makes the difference', (t) => {
  t.strictSame(near(routes, 'POST /Upload'), [
    'other_case: POST /upload has this path, but in another case, and ignoreCase is off',
  ])
  t.end()
})

t.test(
  'where nothing has the path, those that differ in one segment are told, the nearest first',
  (t) => {
    const cases: Readonly<Record<string, readonly string[]>> = {
      'POST /uplaod': ['near_path: POST /upload has upload as segment 1'],
      'GET /exports/1': [
        'near_path: GET /export/{id} has export as segment 1',
        'near_path: GET /export/** has export as segment 1',
      ],
      'PATCH /uplaod': [
        'near_path: POST /upload has upload as segment 1, and it does not list PATCH',
      ],
      'GET /files': ['near_path: GET /files/{id} has one segment more, any as segment 2'],
      'GET /files/1/2': ['near_path: GET /files/{id} has one segment less, none as segment 2'],
      'GET /v1/files/1': ['near_path: GET /files/{id} has one segment less, none as segment 1'],
      'GET /api/list': ['near_path: GET /api/files/list has one segment more, files as segment 2'],
      'GET /nowhere': [],
      'GET /': [],
    }
    for (const [request, expected] of Object.entries(cases))
      t.strictSame(near(routes, request), expected, request)
    t.end()
  },
)

t.test('a request that only a broad path takes is told of nearer ones', (t) => {
  t.strictSame(near(table('GET /**', 'GET /export/{id}'), 'GET /exprot/1'), [
    'near_path: GET /export/{id} has export as segment 1',
  ])
  // one that owns it by name is what was meant
  t.strictSame(
    near(table('GET /{any}/1', 'GET /export/{id}', 'GET /export/1'), 'GET /exprot/1'),
    [],
  )
  t.end()
})

t.test('at most three near paths are told', (t) => {
  const many = table(...Array.from({ length: 9 }, (_, n) => `GET /export${n}`))
  t.equal(near(many, 'GET /exportx').length, 3)
  t.end()
})

t.test('of thousands of routes only what is near is told', (t) => {
  const many = table(...Array.from({ length: 2000 }, (_, n) => route(`GET /r${n}/{id}/part`)))
  t.strictSame(near(many, 'GET /r1999/7/parts'), [
    'near_path: GET /r1999/{id}/part has part as segment 3',
  ])
  t.end()
})

t.test('of a path that can be read in two ways the owner of each reading is told', (t) => {
  const two = table('GET /a/{x}', 'POST /a/{x}/c')
  const read = target('/a/b%2Fc', lenient)
  t.notOk(findRoute(two, read, 'GET', false).ok)
  t.match(nearRoutes(two, read, 'GET', undefined), [
    { kind: 'other_reading', route: { id: 'GET /a/{x}' } },
    { kind: 'other_reading', route: { id: 'POST /a/{x}/c' } },
  ])
  t.strictSame(
    nearRoutes(table('GET /a/{x}'), read, 'GET', undefined).map(({ route: { id } }) => id),
    ['GET /a/{x}'],
  )
  t.end()
})
