/** Sides and requests made by chance, and the decision core itself as the judge of what a request comes to. */
import fc from 'fast-check'
import type { ClaimRule } from '../../../src/decision/claims.ts'
import { decide, type Decision, modeOf, type VerifiedToken } from '../../../src/decision/decide.ts'
import {
  type AccessChange,
  compareAccess,
  type Row,
} from '../../../src/decision/difference/difference.ts'
import { handshake, type Side } from '../../../src/decision/difference/side.ts'
import type { Presented } from '../../../src/decision/difference/who.ts'
import type { Access, Condition, Mode, Route } from '../../../src/decision/routes.ts'
import type { ScopeName, ScopeNeed } from '../../../src/decision/scopes.ts'
import { buildRouteTable, findRoute } from '../../../src/decision/table.ts'
import { no, nonEmpty, ok, seconds, type NonEmpty } from '../../../src/units.ts'
import { route, strict, target } from '../support.ts'

/** Issuers of the side by name, with the key that both sides know them by. */
export const issuerNames: Readonly<Record<'before' | 'after', ReadonlyMap<string, string>>> = {
  before: new Map([
    ['app', 'A'],
    ['partner', 'P'],
    ['old', 'O'],
  ]),
  // the first has another name, one is gone, one is new
  after: new Map([
    ['main', 'A'],
    ['partner', 'P'],
    ['new', 'N'],
  ]),
}

export type Drawn = {
  readonly path: string
  readonly methods: NonEmpty<string> | undefined
  readonly access: Access
  /** Keys of issuers. */
  readonly issuers: NonEmpty<string>
  readonly clients: NonEmpty<string> | undefined
  readonly claims: readonly ClaimRule[]
  readonly mode: Mode
  readonly websocket: boolean
}

export type DrawnSide = {
  readonly routes: readonly Drawn[]
  readonly mode: Mode
  readonly ignoreCase: boolean
}

const one = <Value>(...values: readonly Value[]): fc.Arbitrary<Value> => fc.constantFrom(...values)
const scopeNames = ['s', 't', 'u', 'v']
const need: fc.Arbitrary<ScopeNeed> = fc.letrec<{ need: ScopeNeed }>((tie) => ({
  need: fc.oneof(
    { maxDepth: 2, withCrossShrink: true },
    one(...scopeNames).map((scope): ScopeNeed => ({ kind: 'one', scope: scope as ScopeName })),
    fc
      .tuple(one('anyOf', 'allOf'), fc.array(tie('need'), { minLength: 1, maxLength: 3 }))
      .map(([kind, needs]): ScopeNeed => ({
        kind: kind as 'anyOf',
        needs: nonEmpty(needs),
      })),
  ),
})).need

const literal = one('a', 'a', 'b', 'c', 'A', 'B')
const paths = fc
  .tuple(fc.array(fc.oneof(literal, one('{}')), { maxLength: 3 }), fc.boolean())
  .map(([parts, open]) => {
    const named = parts.map((part, at) => (part === '{}' ? `{p${at}}` : part))
    return `/${[...named, ...(open ? ['**'] : [])].join('/')}`
  })

const access: fc.Arbitrary<Access> = fc.oneof(
  { weight: 6, arbitrary: need.map((of): Access => ({ kind: 'scopes', need: of })) },
  { weight: 1, arbitrary: fc.constant<Access>({ kind: 'authenticated' }) },
  {
    weight: 1,
    arbitrary: fc.constant<Access>({ kind: 'public', forwardAuthorization: false }),
  },
)

const some = (...values: readonly string[]): fc.Arbitrary<NonEmpty<string>> =>
  fc.subarray([...values], { minLength: 1 }).map((list) => nonEmpty(list))

const mode: fc.Arbitrary<Mode> = one(
  'enforce',
  'enforce',
  'enforce',
  'enforce',
  'enforce',
  'report',
)

export const drawnRoute: fc.Arbitrary<Drawn> = fc.record({
  path: paths,
  methods: fc.option(some('GET', 'PUT', 'HEAD', 'OPTIONS'), { nil: undefined }),
  access,
  issuers: some('A', 'P', 'O', 'N'),
  clients: fc.option(some('k', 'l'), { nil: undefined, freq: 2 }),
  claims: fc.array(fc.record({ claim: one('tenant', '/tenant', 'tier'), values: some('x', 'y') }), {
    maxLength: 2,
  }),
  mode,
  websocket: one(false, false, false, true),
})

/** Two sides of which the second is mostly the first again, with some routes more, fewer or other. */
export const drawnSides: fc.Arbitrary<readonly [DrawnSide, DrawnSide]> = fc
  .record({
    routes: fc.array(drawnRoute, { maxLength: 7 }),
    others: fc.array(drawnRoute, { maxLength: 3 }),
    kept: fc.array(one('keep', 'keep', 'keep', 'drop', 'access'), { minLength: 7, maxLength: 7 }),
    modes: fc.tuple(mode, mode),
    ignoreCase: fc.tuple(one(false, false, true), one(false, false, true)),
    sameSettings: one(true, true, false),
  })
  .map(({ routes, others, kept, modes, ignoreCase, sameSettings }) => {
    const changed = routes.flatMap((drawn, at) => {
      const other = others[at % 3]
      if (kept[at] === 'drop') return []
      return [kept[at] === 'access' && other ? { ...drawn, access: other.access } : drawn]
    })
    const [before, after] = sameSettings ? [0, 0] : [0, 1]
    return [
      { routes, mode: modes[before] ?? 'enforce', ignoreCase: ignoreCase[before] ?? false },
      {
        routes: [...changed, ...others],
        mode: modes[after] ?? 'enforce',
        ignoreCase: ignoreCase[after] ?? false,
      },
    ]
  })

/** The side; routes that cannot stand beside those before them are left out. */
export function sideOf(drawn: DrawnSide, of: 'before' | 'after'): Side {
  const issuers = issuerNames[of]
  const routes: Route[] = []
  for (const each of drawn.routes) {
    const next = routeOf(each, issuers)
    if (next !== undefined && buildRouteTable([...routes, next]).ok) routes.push(next)
  }
  const table = buildRouteTable(routes)
  if (!table.ok) throw new Error(table.problem[0].message)
  return { table: table.value, mode: drawn.mode, ignoreCase: drawn.ignoreCase, issuers }
}

function routeOf(drawn: Drawn, issuers: ReadonlyMap<string, string>): Route | undefined {
  const [first, ...others] = [...issuers]
    .filter(([, key]) => drawn.issuers.includes(key))
    .map(([name]) => name)
  if (first === undefined) return undefined
  const conditions: Condition[] = [{ kind: 'issuer', names: [first, ...others] }]
  if (drawn.clients) conditions.push({ kind: 'client', ids: drawn.clients })
  for (const rule of drawn.claims) conditions.push({ kind: 'claim', rule })
  const methods = drawn.methods === undefined ? '' : `${drawn.methods.join(',')} `
  return route(`${methods}${drawn.path}`, {
    access: drawn.access,
    conditions: drawn.access.kind === 'public' ? [] : conditions,
    mode: drawn.mode,
    websocket: { allowed: drawn.websocket, outliveToken: false },
  })
}

export type Asked = { readonly path: readonly string[]; readonly method: string }

export const requests: fc.Arbitrary<Asked> = fc.record({
  path: fc.array(one('a', 'a', 'b', 'c', 'A', 'B', 'C', 'z'), { maxLength: 4 }),
  method: one('GET', 'GET', 'PUT', 'HEAD', 'OPTIONS', 'PATCH', handshake),
})

export const tokens: fc.Arbitrary<Presented | undefined> = fc.option(
  fc.record({
    issuer: one('A', 'P', 'O', 'N'),
    clientId: one('k', 'l', 'm', undefined),
    scopes: fc.subarray([...scopeNames]).map((list) => new Set(list)),
    claims: fc.record({
      tenant: one<unknown>('x', 'y', ['x', 'y'], 1),
      tier: one('x', 'y', undefined),
    }),
  }),
  { nil: undefined, freq: 8 },
)

/** Whether the request can come through to the upstream: with the token, or by leaving it out. */
export function comesThrough(side: Side, asked: Asked, presented: Presented | undefined): boolean {
  const { path, method } = asked
  const found = findRoute(
    side.table,
    target(`/${path.join('/')}`, strict),
    method === handshake ? 'GET' : method,
    side.ignoreCase,
  )
  if (!found.ok) throw new Error('one reading has one owner')
  const isForwarded = (decision: Decision): boolean => {
    if (decision.kind === 'allow')
      return (
        method !== handshake ||
        decision.route?.websocket.allowed === true ||
        decision.route?.mode === 'report'
      )
    return modeOf(decision, side.mode) === 'report'
  }
  const without = isForwarded(decide(found.value, no({ code: 'missing_token' })))
  return (
    without ||
    (presented !== undefined && isForwarded(decide(found.value, verified(side, presented))))
  )
}

function verified(side: Side, presented: Presented) {
  const issuerName = [...side.issuers].find(([, key]) => key === presented.issuer)?.[0]
  if (issuerName === undefined)
    return no({ code: 'invalid_token', because: 'the issuer is not known' } as const)
  const token: VerifiedToken = { ...presented, issuerName, expiresAt: seconds(0) }
  return ok(token)
}

export function rowsBetween(before: Side, after: Side): readonly Row<AccessChange>[] {
  const compared = compareAccess(before, after)
  if (!compared.ok) throw new Error(compared.problem)
  return compared.value.rows
}
