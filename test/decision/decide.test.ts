import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { holds, readClaim, type Claims } from '../../src/decision/claims.ts'
import {
  decide,
  type Decision,
  type TokenDenial,
  type VerifiedToken,
} from '../../src/decision/decide.ts'
import { enforce } from '../../src/decision/enforce.ts'
import type { Condition, Route } from '../../src/decision/routes.ts'
import {
  challengeScopes,
  meets,
  scopeText,
  type ScopeName,
  type ScopeNeed,
} from '../../src/decision/scopes.ts'
import { findRoute, type Found } from '../../src/decision/table.ts'
import { no, ok, seconds, type NonEmpty } from '../../src/units.ts'
import { property, route, strict, table, target } from './support.ts'
import { parseTarget } from '../../src/decision/target.ts'

const one = (scope: string): ScopeNeed => ({ kind: 'one', scope: scope as ScopeName })
const anyOf = (...needs: NonEmpty<ScopeNeed>): ScopeNeed => ({ kind: 'anyOf', needs })
const allOf = (...needs: NonEmpty<ScopeNeed>): ScopeNeed => ({ kind: 'allOf', needs })
const exportScope = one('app-api/export')

const token: VerifiedToken = {
  issuer: 'https://issuer.example',
  issuerName: 'app',
  clientId: 'worker',
  scopes: new Set(['app-api/export']),
  claims: { tenant: 'acme' },
  expiresAt: seconds(2000),
}
const issuer: Condition = { kind: 'issuer', names: ['app', 'partner'] }
const client: Condition = { kind: 'client', ids: ['worker', 'other'] }
const claim: Condition = { kind: 'claim', rule: { claim: 'tenant', values: ['acme'] } }
const owned = (changes: Partial<Route> = {}): Found => ({
  kind: 'route',
  route: route('/a', changes),
})
const code = (by: Decision): string => (by.kind === 'allow' ? 'allow' : by.denial.code)

t.test('without a token the answer is 401, whatever the route, known or not', (t) => {
  const owner = route('GET /a')
  const founds: readonly Found[] = [
    { kind: 'none' },
    { kind: 'not_listed', owner, because: 'x' },
    owned(),
    owned({ access: { kind: 'authenticated' }, conditions: [issuer] }),
  ]
  const unavailable: TokenDenial = { code: 'issuer_unavailable', issuerName: 'app', retryAfter: 10 }
  for (const found of founds) {
    t.match(decide(found, undefined), { kind: 'deny', denial: { code: 'missing_token' } })
    for (const denial of [
      { code: 'missing_token' },
      { code: 'invalid_token', because: 'it has expired' },
      unavailable,
    ] as const) {
      const by = decide(found, no(denial))
      t.strictSame(by.kind === 'deny' && by.denial, denial)
      t.equal(by.token, undefined)
    }
  }
  t.end()
})

t.test('a refusal names the owner of the path, when there is one', (t) => {
  const owner = route('GET /a')
  for (const result of [undefined, ok(token)]) {
    t.equal(decide({ kind: 'none' }, result).route, undefined)
    t.equal(decide({ kind: 'not_listed', owner, because: 'x' }, result).route, owner)
    t.equal(
      decide({ kind: 'route', route: { ...owner, conditions: [claim] } }, result).route?.id,
      owner.id,
    )
  }
  t.end()
})

t.test('a valid token does not open what no route lists', (t) => {
  t.match(decide({ kind: 'none' }, ok(token)), {
    kind: 'deny',
    denial: { code: 'no_route', because: /no route/ },
    token,
  })
  const owner = route('GET /a', { access: { kind: 'public', forwardAuthorization: false } })
  t.match(decide({ kind: 'not_listed', owner, because: 'not this method' }, ok(token)), {
    denial: { code: 'no_route', because: 'not this method' },
  })
  t.end()
})

t.test('issuer, scopes, clients, claims are judged in this order', (t) => {
  const conditions = [claim, client, issuer]
  const needy = owned({ access: { kind: 'scopes', need: exportScope }, conditions })
  const presented = [
    ['issuer_not_allowed', { issuerName: 'foreign' }],
    ['insufficient_scope', { scopes: new Set(['app-api/upload']) }],
    ['client_not_allowed', { clientId: 'stranger' }],
    ['claim_mismatch', { claims: { tenant: 'other' } }],
  ] as const
  presented.forEach(([expected], at) => {
    const worse = Object.assign({}, ...presented.slice(at).map(([, change]) => change)) as object
    t.equal(code(decide(needy, ok({ ...token, ...worse }))), expected)
  })
  t.strictSame(decide(needy, ok(token)), {
    kind: 'allow',
    route: needy.kind === 'route' && needy.route,
    token,
  })
  t.end()
})

t.test('a denial carries the facts that its answer needs', (t) => {
  const need = anyOf(one('a'), one('b'))
  t.match(decide(owned({ access: { kind: 'scopes', need } }), ok(token)), {
    denial: { code: 'insufficient_scope', need },
  })
  const other: Condition = { kind: 'claim', rule: { claim: '/x/y', values: [1] } }
  t.match(decide(owned({ conditions: [claim, other] }), ok(token)), {
    denial: { code: 'claim_mismatch', claim: '/x/y' },
  })
  t.end()
})

t.test('every condition must hold, a policy’s and the route’s own', (t) => {
  const fewer: Condition = { kind: 'client', ids: ['other'] }
  t.equal(code(decide(owned({ conditions: [client, fewer] }), ok(token))), 'client_not_allowed')
  const nobody = { ...token, clientId: undefined }
  t.equal(code(decide(owned({ conditions: [client] }), ok(nobody))), 'client_not_allowed')
  t.equal(code(decide(owned({ conditions: [] }), ok(nobody))), 'allow')
  t.end()
})

t.test('authenticated takes any valid token of an accepted issuer', (t) => {
  const any = owned({ access: { kind: 'authenticated' }, conditions: [issuer] })
  t.equal(code(decide(any, ok({ ...token, scopes: new Set() }))), 'allow')
  t.equal(code(decide(any, ok({ ...token, issuerName: 'foreign' }))), 'issuer_not_allowed')
  t.end()
})

t.test('a public route needs no token and keeps none', (t) => {
  const open = owned({ access: { kind: 'public', forwardAuthorization: false } })
  for (const result of [undefined, ok(token), no({ code: 'missing_token' } as const)])
    t.match(decide(open, result), { kind: 'allow', token: undefined })
  t.end()
})

t.test('a denied request is cleared in report mode only', (t) => {
  const denied = decide({ kind: 'none' }, undefined)
  t.strictSame(enforce(denied, '/a', 'enforce'), no({ code: 'missing_token' }))
  t.match(enforce(denied, '/a?b', 'report'), ok({ by: denied, target: '/a?b', enforced: false }))
  const allowed = decide(owned(), ok(token))
  t.match(enforce(allowed, '/a', 'enforce'), ok({ by: allowed, target: '/a', enforced: true }))
  t.match(enforce(allowed, '/a', 'report'), ok({ by: allowed, target: '/a', enforced: false }))
  t.end()
})

t.test('report mode sends on a refused target byte for byte', (t) => {
  const text = '/a/../b%2fc\\d?e#f'
  const read = parseTarget(text, strict)
  assert.ok(!read.ok)
  const by: Decision = {
    ...{ kind: 'deny', denial: read.problem },
    ...{ route: undefined, isListed: false, token: undefined },
  }
  t.match(enforce(by, text, 'report'), ok({ target: text, by }))
  t.match(enforce(by, text, 'enforce'), no({ code: 'invalid_path' }))
  t.end()
})

t.test('the bytes that were matched are the bytes that are cleared', (t) => {
  const routes = table('/**')
  const bits = fc.constantFrom('/', 'a', '%41', '%c3%a9', '.', '%25', '?', '&', '/b')
  property(
    t,
    2000,
    fc.array(bits).map((parts) => `/${parts.join('')}`),
    (text) => {
      const read = parseTarget(text, strict)
      if (!read.ok) return
      const found = findRoute(routes, read.value, 'GET', false)
      assert.ok(found.ok)
      const result = enforce(decide(found.value, ok(token)), text, 'enforce')
      assert.ok(result.ok)
      assert.equal(result.value.target, read.value.raw + read.value.query)
    },
  )
  t.equal(code(decide({ kind: 'route', route: route('/a') }, ok(token))), 'allow')
  t.same(target('/a').segments, ['a'])
  t.end()
})

t.test('a claim is found among the own members only', (t) => {
  const claims: Claims = JSON.parse(
    '{"a":1,"/x":2,"":3,"realm":{"roles":["r1",{"n":"deep"}],"a/b":4,"m~n":5,"":6},"list":["x"],"nil":null}',
  ) as Claims
  for (const [name, value] of [
    ['a', 1],
    ['b', undefined],
    ['', 3],
    ['realm.roles', undefined],
    ['/a', 1],
    ['/x', undefined],
    ['/~1x', 2],
    ['/', 3],
    ['/realm/a~1b', 4],
    ['/realm/m~0n', 5],
    ['/realm/', 6],
    ['/realm/roles/0', 'r1'],
    ['/realm/roles/1/n', 'deep'],
    ['/realm/roles/00', undefined],
    ['/realm/roles/-', undefined],
    ['/realm/roles/2', undefined],
    ['/realm/roles/length', undefined],
    ['/a/b', undefined],
    ['/nil/b', undefined],
    ['/list/0/length', undefined],
    ['constructor', undefined],
    ['/__proto__/constructor', undefined],
    ['/realm/toString', undefined],
  ] as const)
    t.equal(readClaim(claims, name), value, name)
  t.equal(readClaim({ 'a~1b': 1, '~1': 2 }, '/~01'), 2)
  t.end()
})

t.test('a claim holds when it is one of the values, compared exactly', (t) => {
  const rule = (...values: NonEmpty<string | number | boolean>) => ({ claim: 'c', values })
  const cases: readonly (readonly [boolean, unknown, ...NonEmpty<string | number | boolean>])[] = [
    [true, 'acme', 'acme'],
    [true, 'acme', 'other', 'acme'],
    [true, ['x', 'acme'], 'acme'],
    [true, 1, 1],
    [true, false, false],
    [false, 'Acme', 'acme'],
    [false, 'acme ', 'acme'],
    [false, 'acme other', 'acme'],
    [false, '1', 1],
    [false, 1, '1'],
    [false, 'true', true],
    [false, 1, true],
    [false, [], 'acme'],
    [false, [['acme']], 'acme'],
    [false, { acme: true }, 'acme'],
    [false, null, 'null'],
    [false, undefined, 'undefined'],
  ]
  for (const [expected, value, ...values] of cases)
    t.equal(holds(rule(...values), { c: value }), expected, JSON.stringify([value, values]))
  t.equal(holds({ claim: 'constructor', values: ['Object'] }, {}), false)
  t.end()
})

const nested = allOf(one('upload'), anyOf(one('admin'), allOf(one('owner'), one('upload'))))

t.test('scopes are met by anyOf and allOf trees, compared exactly', (t) => {
  for (const [expected, need, ...granted] of [
    [true, one('a'), 'a', 'b'],
    [false, one('a'), 'A', 'a ', 'aa', 'b'],
    [false, one('a')],
    [true, anyOf(one('a'), one('b')), 'b'],
    [false, anyOf(one('a'), one('b')), 'c'],
    [true, allOf(one('a'), one('b')), 'b', 'a'],
    [false, allOf(one('a'), one('b')), 'b'],
    [true, nested, 'upload', 'admin'],
    [true, nested, 'owner', 'upload'],
    [false, nested, 'owner', 'admin'],
    [false, nested, 'upload'],
  ] as const)
    t.equal(meets(need, new Set(granted)), expected, `${scopeText(need)}: ${granted.join()}`)
  t.end()
})

t.test('a challenge names all of allOf, the first of anyOf, none twice', (t) => {
  t.strictSame(challengeScopes(one('a')), ['a'])
  t.strictSame(challengeScopes(anyOf(one('a'), one('b'))), ['a'])
  t.strictSame(challengeScopes(nested), ['upload', 'admin'])
  t.strictSame(challengeScopes(allOf(one('a'), allOf(one('a'), one('b')))), ['a', 'b'])
  t.end()
})

t.test('a need reads as words', (t) => {
  t.equal(scopeText(nested), 'upload and (admin or (owner and upload))')
  t.equal(scopeText(anyOf(allOf(one('a'), one('b')))), 'a and b')
  t.end()
})
