import t from 'tap'
import fc from 'fast-check'
import { compareAccess, containsRequest } from '../../../src/decision/difference/difference.ts'
import type { Gain } from '../../../src/decision/difference/gain.ts'
import { mostPlaces, pairsOf } from '../../../src/decision/difference/pairs.ts'
import type { Side } from '../../../src/decision/difference/side.ts'
import type { Route } from '../../../src/decision/routes.ts'
import type { ScopeName, ScopeNeed } from '../../../src/decision/scopes.ts'
import { trieOf } from '../../../src/decision/table.ts'
import { nonEmpty } from '../../../src/units.ts'
import { property, route, table } from '../support.ts'
import { drawnSides, rowsBetween, sideOf } from './support.ts'

const issuers = new Map([['app', 'app']])
const accepted: Partial<Route> = { conditions: [{ kind: 'issuer', names: ['app'] }] }

const one = (scope: string): ScopeNeed => ({ kind: 'one', scope: scope as ScopeName })
const list = (kind: 'anyOf' | 'allOf', ...needs: readonly ScopeNeed[]): ScopeNeed => ({
  kind,
  needs: nonEmpty(needs),
})
const asks = (need: ScopeNeed, changes: Partial<Route> = {}): Partial<Route> => ({
  ...accepted,
  access: { kind: 'scopes', need },
  ...changes,
})
const open: Partial<Route> = { access: { kind: 'public', forwardAuthorization: false } }

const side = (...routes: readonly Route[]): Side => ({
  table: table(...routes),
  ...{ mode: 'enforce', ignoreCase: false, issuers },
})

/** `+ GET,HEAD /a/** but /a/b` for those who gained, `-` for those who lost; `~` before other spellings. */
function rowsText(before: Side, after: Side): readonly string[] {
  return rowsBetween(before, after).map(({ region, methods, change, isWritten }) => {
    const sign = `${change.direction === 'gained' ? '+' : '-'}${isWritten ? '' : '~'}`
    const but = region.except.map(({ text }) => text)
    const told = `${methods.kind === 'only' ? '' : '!'}${methods.methods.join()}`
    return `${sign} ${told} ${region.template.text}${but.length > 0 ? ` but ${but.join(' ')}` : ''}`
  })
}

t.test('the same rules show nothing, however they are written', (t) => {
  const before = side(
    route('GET /files/{id}', asks(list('anyOf', one('a'), list('allOf', one('b'), one('c'))))),
    route('PUT,POST /files/{id}', asks(one('b'))),
    route('/other/**', asks(list('allOf', one('a'), list('anyOf', one('a'), one('b'))))),
  )
  const after = side(
    route('/other/**', asks(one('a'), { policy: 'Named' })),
    route(
      'POST,PUT /files/{fileId}',
      asks(list('anyOf', one('b'), list('allOf', one('b'), one('c')))),
    ),
    route(
      'GET,HEAD /files/{fileId}',
      asks(list('anyOf', list('allOf', one('c'), one('b')), one('a'))),
    ),
  )
  t.same(rowsText(before, after), [])
  t.same(rowsText(after, before), [])
  t.end()
})

t.test('a path is told as it is written, with what of it has a rule of its own', (t) => {
  const files = route('GET /files/**', asks(one('a')))
  const special = route('GET /files/special', asks(one('b')))
  const cases: readonly (readonly [Side, Side, readonly string[]])[] = [
    [
      side(files),
      side(files, special),
      ['+ GET,HEAD /files/special', '- GET,HEAD /files/special', '-~ GET,HEAD /files/special'],
    ],
    [side(special), side(files, special), ['+ GET,HEAD /files/** but /files/special']],
    [side(), side(route('PUT /a/{id}', asks(one('a')))), ['+ PUT /a/{id}']],
    [side(), side(route('/a', asks(one('a')))), ['+ ! /a']],
    [side(route('GET /a', asks(one('a')))), side(route('/a', asks(one('a')))), ['+ !GET,HEAD /a']],
    [side(route('GET /a', asks(one('a')))), side(route('GET,HEAD /a', asks(one('a')))), []],
    // what changes alike is told once
    [
      side(files, route('GET /files/x/**', asks(one('a'))), special),
      side(
        route('GET /files/**', asks(one('c'))),
        route('GET /files/x/**', asks(one('c'))),
        special,
      ),
      ['+ GET,HEAD /files/** but /files/special', '- GET,HEAD /files/** but /files/special'],
    ],
    // a rule between them parts them
    [
      side(
        files,
        route('GET /files/x/**', asks(one('q'))),
        route('GET /files/x/y', asks(one('a'))),
      ),
      side(
        route('GET /files/**', asks(one('c'))),
        route('GET /files/x/**', asks(one('q'))),
        route('GET /files/x/y', asks(one('c'))),
      ),
      [
        '+ GET,HEAD /files/** but /files/x/**',
        '+ GET,HEAD /files/x/y',
        '- GET,HEAD /files/** but /files/x/**',
        '- GET,HEAD /files/x/y',
      ],
    ],
  ]
  for (const [before, after, rows] of cases) t.same(rowsText(before, after), rows)
  t.end()
})

t.test('another case of letters is another path', (t) => {
  const lower = side(route('GET /export', asks(one('a'))))
  const upper = side(route('GET /Export', asks(one('a'))))
  t.same(rowsText(lower, upper), ['+ GET,HEAD /Export', '- GET,HEAD /export'])
  t.same(rowsText(lower, { ...lower, ignoreCase: true }), ['+~ GET,HEAD /export'])
  t.same(
    rowsText(side(route('GET /123', open)), { ...side(route('GET /123', open)), ignoreCase: true }),
    [],
  )
  t.end()
})

t.test('one path may be written in two cases, for two methods', (t) => {
  const before = side(route('GET /a', asks(one('a'))), route('PUT /a', asks(one('a'))))
  const after = side(route('GET /a', asks(one('a'))), route('PUT /A', asks(one('a'))))
  t.same(rowsText(before, after), ['+ PUT /A', '- PUT /a'])
  t.end()
})

t.test('what was gained is the smallest sets of scopes that are enough now', (t) => {
  const gainOf = (before: ScopeNeed, after: ScopeNeed): Gain | undefined =>
    rowsBetween(side(route('GET /a', asks(before))), side(route('GET /a', asks(after)))).find(
      ({ change }) => change.direction === 'gained',
    )?.change.who
  t.match(gainOf(list('allOf', one('a'), one('b')), one('a')), {
    kind: 'holders',
    parts: [{ terms: [[{ scope: 'a' }]], unless: { kind: 'all' } }],
  })
  t.match(
    gainOf(
      one('a'),
      list('anyOf', one('a'), list('allOf', one('b'), one('c')), list('allOf', one('a'), one('c'))),
    ),
    { parts: [{ terms: [[{ scope: 'b' }, { scope: 'c' }]] }] },
  )
  t.equal(gainOf(one('a'), list('allOf', one('a'), one('b'))), undefined)
  t.end()
})

t.test('new clients are told apart from those who could already', (t) => {
  const clients = (...ids: readonly string[]): Partial<Route> =>
    asks(one('a'), {
      conditions: [
        { kind: 'issuer', names: ['app'] },
        { kind: 'client', ids: nonEmpty(ids) },
      ],
    })
  const parts = (before: Partial<Route>, after: Partial<Route>) =>
    rowsBetween(side(route('GET /a', before)), side(route('GET /a', after))).map(
      ({ change: { direction, who } }) => [
        direction,
        who.kind === 'holders' && who.parts.map((part) => part.clients),
      ],
    )
  t.same(parts(clients('k'), clients('k', 'l')), [['gained', [{ kind: 'only', ids: ['l'] }]]])
  t.same(parts(clients('k'), asks(one('a'))), [['gained', [{ kind: 'except', ids: ['k'] }]]])
  t.same(parts(asks(one('a')), clients('k')), [['lost', [{ kind: 'except', ids: ['k'] }]]])
  const nobody: Partial<Route> = {
    ...clients('k'),
    conditions: [...(clients('k').conditions ?? []), ...(clients('l').conditions ?? [])],
  }
  t.same(parts(nobody, clients('k')), [['gained', [{ kind: 'only', ids: ['k'] }]]])
  t.end()
})

t.test('a route that names no issuer takes tokens of all', (t) => {
  const before = side(route('GET /a', asks(one('a'), { conditions: [] })))
  t.same(rowsText(before, side(route('GET /a', asks(one('a'))))), [])
  // an issuer that the side does not have signs nothing
  const foreign = asks(one('a'), { conditions: [{ kind: 'issuer', names: ['gone'] }] })
  t.same(rowsText(before, side(route('GET /a', foreign))), ['- GET,HEAD /a'])
  t.end()
})

t.test('a difference the other way round is its mirror', (t) => {
  property(t, 300, drawnSides, ([one, other]) => {
    const before = sideOf(one, 'before')
    const after = sideOf(other, 'after')
    const evened = (text: string) => text.replace(/\{\w+\}/g, '{}').toLowerCase()
    const told = (rows: ReturnType<typeof rowsBetween>, gained: string, lost: string) =>
      rows
        .map(({ region, methods, change: { direction, who } }) =>
          JSON.stringify([
            direction === 'gained' ? gained : lost,
            evened(region.template.text),
            region.except.map(({ text }) => evened(text)).sort(),
            ...[methods, who],
          ]),
        )
        .sort()
    const there = told(rowsBetween(before, after), '+', '-')
    const back = told(rowsBetween(after, before), '-', '+')
    if (JSON.stringify(there) !== JSON.stringify(back))
      throw new Error(`${there.join('\n')}\n\n${back.join('\n')}`)
  })
  t.end()
})

t.test('routes in any order, with other names of parameters, differ in nothing', (t) => {
  property(t, 200, fc.tuple(drawnSides, fc.nat()), ([[drawn], turn]) => {
    const before = sideOf(drawn, 'before')
    const turned = before.table.routes.map(({ id, ...rest }) => ({
      ...route(id.replaceAll('{p', '{other')),
      ...rest,
      pattern: route(id.replaceAll('{p', '{other')).pattern,
      id,
    }))
    const at = turned.length === 0 ? 0 : turn % turned.length
    const after = { ...before, table: table(...turned.slice(at), ...turned.slice(0, at)) }
    const rows = rowsBetween(before, after)
    if (rows.length > 0) throw new Error(JSON.stringify(rows))
  })
  t.end()
})

t.test('what would take too long is refused, not guessed', (t) => {
  const pairs = Array.from({ length: 11 }, (_, at) => list('anyOf', one(`a${at}`), one(`b${at}`)))
  const many = side(route('GET /a', asks(list('allOf', ...pairs))))
  const few = side(route('GET /a', asks(one('x'))))
  const both = [
    [few, many],
    [many, few],
  ] as const
  for (const [before, after] of both) {
    t.same(compareAccess(before, after), { ok: false, problem: 'too many terms' })
  }
  const wide = side(
    route('GET /a', asks(list('anyOf', ...Array.from({ length: 1025 }, (_, at) => one(`s${at}`))))),
  )
  t.same(compareAccess(few, wide), { ok: false, problem: 'too many terms' })
  t.end()
})

t.test('tables that cross in too many ways are refused', (t) => {
  // each literal stands at any of many depths beside a parameter: every subset is a place of its own
  const depth = 14
  const routes = Array.from({ length: depth }, (_, at) => {
    const parts = Array.from({ length: depth }, (_, part) => (part === at ? 'x' : `{p${part}}`))
    return route(`GET /${parts.join('/')}`, asks(one('a')))
  })
  const crossing = side(...routes)
  t.ok(pairsOf(trieOf(crossing.table), trieOf(crossing.table)))
  t.equal(pairsOf(trieOf(crossing.table), trieOf(crossing.table), 100), undefined)
  t.equal(mostPlaces, 500_000)
  t.same(compareAccess(crossing, crossing, 100), { ok: false, problem: 'too many places' })
  t.end()
})

t.test('rows know requests', (t) => {
  const rows = rowsBetween(side(), side(route('GET /a', open)))
  t.equal(containsRequest(rows, { path: ['a'], method: 'GET' }, undefined), 'gained')
  t.equal(containsRequest(rows, { path: ['b'], method: 'GET' }, undefined), undefined)
  t.end()
})
