import fc from 'fast-check'
import t from 'tap'
import type { Claims } from '../../src/decision/claims.ts'
import { decide, type VerifiedToken } from '../../src/decision/decide.ts'
import {
  explainDecision,
  judgeConditions,
  sketchOf,
  type State,
  type TokenSketch,
  unknownToken,
} from '../../src/decision/explain.ts'
import type { Access, Condition, Route } from '../../src/decision/routes.ts'
import type { ScopeName, ScopeNeed } from '../../src/decision/scopes.ts'
import { ok, seconds } from '../../src/units.ts'
import { property, route } from './support.ts'

const one = (scope: string): ScopeNeed => ({ kind: 'one', scope: scope as ScopeName })
const need: ScopeNeed = {
  kind: 'allOf',
  needs: [one('a'), { kind: 'anyOf', needs: [one('b'), one('c')] }],
}
const access: Access = { kind: 'scopes', need }
const conditions: readonly Condition[] = [
  { kind: 'issuer', names: ['app'] },
  { kind: 'client', ids: ['one', 'two'] },
  { kind: 'claim', rule: { claim: 'tenant', values: ['acme'] } },
]
const strict = route('GET /a', { access, conditions })
const issuers = ['app', 'partner']

const whole: VerifiedToken = {
  ...{ issuer: 'https://app', issuerName: 'app', clientId: 'one', claims: { tenant: 'acme' } },
  ...{ scopes: new Set(['a', 'b']), expiresAt: seconds(Infinity) },
}

/** What `decide` is told of a token of which nothing is known. */
const absent = {
  ...{ issuer: '', issuerName: '', clientId: undefined, claims: {}, scopes: new Set<string>() },
}

const codes = (asked: Route, sketch: TokenSketch): readonly (readonly [string, string])[] =>
  explainDecision({ kind: 'route', route: asked }, sketch, issuers).possible.map(
    ({ decision, unless }) => [
      decision.kind === 'allow' ? 'allow' : decision.denial.code,
      unless?.kind ?? 'best',
    ],
  )

const states = (sketch: TokenSketch): readonly (readonly [string, State])[] =>
  judgeConditions(strict, sketch, issuers).map(({ kind, state }) => [kind, state])

t.test('conditions are judged one by one, in the order of the decision', (t) => {
  t.strictSame(states(sketchOf(whole)), [
    ['issuer', 'met'],
    ['scopes', 'met'],
    ['client', 'met'],
    ['claim', 'met'],
  ])
  const none = {
    ...whole,
    issuerName: 'partner',
    clientId: undefined,
    claims: {},
    scopes: new Set<string>(),
  }
  t.strictSame(
    states(sketchOf(none)).map(([, state]) => state),
    ['missing', 'missing', 'missing', 'missing'],
  )
  t.strictSame(
    states(unknownToken).map(([, state]) => state),
    ['unknown', 'unknown', 'unknown', 'unknown'],
  )
  t.end()
})

t.test('a tree of scopes is judged part by part', (t) => {
  const [, scopes] = judgeConditions(
    strict,
    { ...sketchOf(whole), scopes: new Set(['c']) },
    issuers,
  )
  t.match(scopes, {
    ...{ kind: 'scopes', state: 'missing' },
    need: {
      ...{ kind: 'allOf', state: 'missing' },
      needs: [
        { kind: 'one', scope: 'a', state: 'missing' },
        {
          ...{ kind: 'anyOf', state: 'met' },
          needs: [
            { scope: 'b', state: 'missing' },
            { scope: 'c', state: 'met' },
          ],
        },
      ],
    },
  })
  t.end()
})

t.test('an issuer that is not known does not matter where every issuer is accepted', (t) => {
  const both = route('GET /a', { conditions: [{ kind: 'issuer', names: ['partner', 'app'] }] })
  t.match(judgeConditions(both, unknownToken, issuers), [{ state: 'met' }, { kind: 'scopes' }])
  t.end()
})

t.test('a claim whose value is open is not known, though the others are', (t) => {
  const sketch = { ...sketchOf(whole), claims: { tenant: 'x' } }
  t.strictSame(codes(strict, sketch), [['claim_mismatch', 'best']])
  t.strictSame(codes(strict, { ...sketch, openClaims: ['tenant'] }), [
    ['claim_mismatch', 'claim'],
    ['allow', 'best'],
  ])
  t.end()
})

t.test('what is not known leads to every decision that it may', (t) => {
  t.strictSame(codes(strict, unknownToken), [
    ['issuer_not_allowed', 'issuer'],
    ['insufficient_scope', 'scopes'],
    ['client_not_allowed', 'client'],
    ['claim_mismatch', 'claim'],
    ['allow', 'best'],
  ])
  t.strictSame(codes(strict, { ...unknownToken, scopes: new Set() }), [
    ['issuer_not_allowed', 'issuer'],
    ['insufficient_scope', 'best'],
  ])
  t.strictSame(codes(strict, { ...unknownToken, issuerName: 'partner' }), [
    ['issuer_not_allowed', 'best'],
  ])
  t.strictSame(codes(strict, sketchOf(whole)), [['allow', 'best']])
  t.end()
})

t.test('the route of a decision is the one of the table', (t) => {
  const { possible } = explainDecision({ kind: 'route', route: strict }, unknownToken, issuers)
  for (const { decision } of possible) t.equal(decision.route, strict)
  t.end()
})

t.test('where no token is judged there are no conditions', (t) => {
  const open = route('GET /a', { access: { kind: 'public', forwardAuthorization: false } })
  for (const found of [
    { kind: 'route', route: open } as const,
    { kind: 'none' } as const,
    { kind: 'not_listed', owner: strict, because: 'x' } as const,
  ]) {
    const told = explainDecision(found, unknownToken, issuers)
    t.strictSame(told.conditions, [])
    t.equal(told.possible.length, 1)
    t.strictSame(told.possible[0].decision, decide(found, ok({ ...whole, ...absent })))
  }
  t.end()
})

const anyNeed = fc.letrec<{ need: ScopeNeed; part: ScopeNeed }>((tie) => ({
  part: fc.constantFrom('a', 'b', 'c').map(one),
  need: fc.oneof(
    { maxDepth: 3 },
    tie('part'),
    fc.record({
      kind: fc.constantFrom('anyOf' as const, 'allOf' as const),
      needs: fc.tuple(tie('need'), tie('need')),
    }),
  ),
})).need
const anyCondition: fc.Arbitrary<Condition> = fc.oneof(
  fc.constantFrom('app', 'partner').map((name): Condition => ({ kind: 'issuer', names: [name] })),
  fc.constantFrom('one', 'two').map((id): Condition => ({ kind: 'client', ids: [id] })),
  fc
    .constantFrom('acme', 7)
    .map((value): Condition => ({ kind: 'claim', rule: { claim: 'tenant', values: [value] } })),
)
const anyRoute = fc
  .tuple(fc.option(anyNeed, { nil: undefined }), fc.array(anyCondition, { maxLength: 4 }))
  .map(([scopes, all]) =>
    route('GET /a', {
      access: scopes === undefined ? { kind: 'authenticated' } : { kind: 'scopes', need: scopes },
      conditions: all,
    }),
  )
const anyToken = fc.record({
  issuerName: fc.constantFrom('app', 'partner'),
  clientId: fc.constantFrom('one', 'two', 'three', undefined),
  scopes: fc.subarray(['a', 'b', 'c']).map((list) => new Set(list)),
  claims: fc.constantFrom<Claims>({ tenant: 'acme' }, { tenant: [7, 'x'] }, {}),
})
const parts = ['issuerName', 'scopes', 'client', 'claims'] as const
const hidden = fc.subarray([...parts])

t.test('the decision on a token is among those told when less of it is known', (t) => {
  property(t, 3000, fc.tuple(anyRoute, anyToken, hidden), ([asked, token, unknown]) => {
    const verified = { ...whole, ...token }
    const found = { kind: 'route', route: asked } as const
    const right = decide(found, ok(verified))
    const sketch = Object.fromEntries(unknown.map((part) => [part, undefined]))
    const told = explainDecision(found, { ...sketchOf(verified), ...sketch }, issuers)
    const expected = right.kind === 'allow' ? 'allow' : right.denial.code
    const said = told.possible.map(({ decision }) =>
      decision.kind === 'allow' ? 'allow' : decision.denial.code,
    )
    if (!said.includes(expected)) throw new Error(`${expected} is not in ${said.join()}`)
    if (unknown.length === 0 && said.length > 1) throw new Error('all is known, and it is not sure')
  })
  t.end()
})
