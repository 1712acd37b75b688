/** Who can call what: clients of templates by routes of a configuration, decided by the decision core. Pure. */
import type { Permissions, Place } from '../../cloudformation/permissions-model.ts'
import type { Config, InboundConfig } from '../../config/config.ts'
import { decide, type VerifiedToken } from '../../decision/decide.ts'
import type { Condition, Mode, Route } from '../../decision/routes.ts'
import { meets, scopeText, type ScopeNeed } from '../../decision/scopes.ts'
import { ok, seconds } from '../../units.ts'
import { type Holder, holdersOf, said } from '../holders.ts'

/** What one route asks for. */
export type RouteRow = {
  /** As logs and metrics name it. */
  readonly id: string
  readonly path: string
  /** Sorted; `*` = every method that no other route of the path lists. */
  readonly methods: readonly string[]
  readonly line: number
  readonly kind: 'public' | 'authenticated' | 'scopes'
  /** `everybody`, `every valid token of app`, or the scopes in words. */
  readonly needs: string
  readonly scopes: readonly string[]
  /** In words: issuers, clients, claims. */
  readonly conditions: readonly string[]
  readonly mode: Mode
}

/** What a client can call. */
export type Grant = {
  readonly path: string
  readonly methods: readonly string[]
  /** Ids of the routes. */
  readonly routes: readonly string[]
  /** Lines of the routes in the configuration, ascending. */
  readonly lines: readonly number[]
  /** The scopes that open it, in words; `any valid token` where none is needed. */
  readonly by: string
  readonly scopes: readonly string[]
  /** Why it is not sure; empty = it can. */
  readonly unresolved: readonly string[]
}

export type ClientAccess = Place & {
  readonly name: string
  readonly clientId: string | undefined
  readonly issuer: string | undefined
  readonly scopes: readonly string[]
  readonly grants: readonly Grant[]
  /** Scopes that the template does not know: they may open any route that needs a scope. */
  readonly openScopes: readonly string[]
  readonly doubts: readonly string[]
  readonly barred: string | undefined
}

export type AccessReport = {
  readonly config: { readonly file: string; readonly hash: string }
  /** Sorted by path. */
  readonly routes: readonly RouteRow[]
  /** Sorted by name; undefined = no template was given. */
  readonly clients: readonly ClientAccess[] | undefined
  /** Ids of the routes that no client of all templates can call, whatever was filtered; public ones are not among them. */
  readonly uncalled: readonly string[]
  /** Some client may have scopes that are not known. */
  readonly hasOpenScopes: boolean
  /** What a reader must know: assumptions, what is forwarded without a decision, what was not read. */
  readonly notes: readonly string[]
}

/** The whole report. */
export function accessReport(
  config: Config,
  inbound: InboundConfig,
  permissions: Permissions | undefined,
): AccessReport {
  const { holders, assumptions } =
    permissions === undefined
      ? { holders: undefined, assumptions: [] }
      : holdersOf(permissions, config.issuers)
  const notes = (permissions?.notes ?? []).map(
    ({ file, line, message }) => `${file}:${line} ${message}`,
  )
  const clients = holders?.map((holder) => accessOf(holder, inbound.routes))
  const called = new Set(clients?.flatMap(({ grants }) => grants.flatMap(({ routes }) => routes)))
  return {
    config: { file: config.file, hash: config.hash },
    routes: inbound.routes.map((route) => rowOf(route, config.issuers.length)).sort(byPath),
    clients,
    uncalled: inbound.routes.flatMap(({ id, access }) =>
      clients === undefined || access.kind === 'public' || called.has(id) ? [] : [id],
    ),
    hasOpenScopes: clients?.some(({ openScopes }) => openScopes.length > 0) === true,
    notes: [...inboundNotes(inbound), ...assumptions, ...notes],
  }
}

function inboundNotes({ mode, allowPreflight, ignoreCase }: InboundConfig): readonly string[] {
  return [
    ...(mode === 'report'
      ? [
          'inbound.mode is report: requests are judged and logged, and forwarded whatever comes of it, unless a route of the path is in mode enforce',
        ]
      : []),
    ...(allowPreflight ? ['CORS preflights (OPTIONS) are forwarded without a token'] : []),
    ...(ignoreCase ? ['paths are compared without regard to case'] : []),
  ]
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
const byPath = (a: RouteRow, b: RouteRow): number =>
  order(a.path, b.path) || order(a.methods.join(), b.methods.join())

/** With one issuer alone it goes without saying whose tokens count. */
function rowOf(route: Route, issuers: number): RouteRow {
  const { id, access, pattern, line, mode } = route
  return {
    ...{ id, path: pattern.text, line, mode, kind: access.kind },
    methods: methodsOf(route),
    needs: needsOf(route),
    scopes: access.kind === 'scopes' ? scopesIn(access.need) : [],
    conditions: route.conditions.flatMap((condition) =>
      condition.kind === 'issuer' && (issuers === 1 || access.kind === 'authenticated')
        ? []
        : [inWords(condition)],
    ),
  }
}

const methodsOf = ({ methods }: Route): readonly string[] => methods?.toSorted() ?? ['*']

function needsOf({ access, conditions }: Route): string {
  switch (access.kind) {
    case 'public':
      return 'everybody'
    case 'authenticated': {
      const issuers = conditions.flatMap((one) =>
        one.kind === 'issuer' ? [one.names.join(' or ')] : [],
      )
      return `every valid token of ${issuers.join(', and of ')}`
    }
    case 'scopes':
      return scopeText(access.need)
  }
}

function inWords(condition: Condition): string {
  switch (condition.kind) {
    case 'issuer':
      return `issuer ${condition.names.join(' or ')}`
    case 'client':
      return `client ${condition.ids.join(' or ')}`
    case 'claim':
      return `claim ${condition.rule.claim} = ${condition.rule.values.map(valueText).join(' or ')}`
  }
}

/** `2` the text and 2 the number are different values. */
const valueText = (value: string | number | boolean): string =>
  typeof value === 'string' && /^(?:true|false|[-\d].*)$/.test(value)
    ? JSON.stringify(value)
    : String(value)

/** Every scope that the need names, sorted. Pure. */
export function scopesIn(need: ScopeNeed): readonly string[] {
  if (need.kind === 'one') return [need.scope]
  return [...new Set(need.needs.flatMap(scopesIn))].sort()
}

/** The part of the need that these scopes meet. Only for a need that is met. */
function metPart(need: ScopeNeed, granted: ReadonlySet<string>): ScopeNeed {
  if (need.kind === 'one') return need
  const [first, ...others] = need.needs.filter((part) => meets(part, granted))
  // a need that is met has a part that is
  const parts = [first as ScopeNeed, ...others].map((part) => metPart(part, granted))
  const [only, ...more] = parts as [ScopeNeed, ...ScopeNeed[]]
  return more.length === 0 ? only : { kind: need.kind, needs: [only, ...more] }
}

function accessOf(holder: Holder, routes: readonly Route[]): ClientAccess {
  const { file, line, column, name, clientId, issuer, scopes, doubts, barred } = holder
  const token: VerifiedToken = {
    ...{ issuer: issuer?.issuers[0] ?? '', issuerName: issuer?.name ?? '', clientId },
    ...{ scopes: new Set(scopes), expiresAt: seconds(Infinity) },
    claims: { token_use: 'access', client_id: clientId },
  }
  const asked = issuerConditions(holder)
  const grants =
    barred === undefined
      ? routes.flatMap((route) => grantOf({ holder, token, asked }, route) ?? [])
      : []
  return {
    ...{ file, line, column, name, clientId, scopes, doubts, barred },
    issuer: issuer?.name,
    grants: joined(grants),
    openScopes: holder.openScopes.map(said),
  }
}

type Caller = {
  readonly holder: Holder
  /** As one of its tokens would be, where it is known. */
  readonly token: VerifiedToken
  /** What its issuer asks of every token. */
  readonly asked: readonly Condition[]
}

/** One route and one client: what is sure, what is not known; undefined = it cannot call it. */
function grantOf({ holder, token, asked }: Caller, route: Route): Grant | undefined {
  const { access } = route
  if (access.kind === 'public') return undefined
  const open = [...route.conditions, ...asked].filter((condition) => !isKnown(condition, holder))
  const known = [...route.conditions, ...asked].filter((condition) => isKnown(condition, holder))
  const decision = decide({ kind: 'route', route: { ...route, conditions: known } }, ok(token))
  if (decision.kind === 'deny') return undefined
  const need = access.kind === 'scopes' ? metPart(access.need, token.scopes) : undefined
  return {
    ...{ path: route.pattern.text, methods: methodsOf(route) },
    ...{ routes: [route.id], lines: [route.line] },
    by: need === undefined ? 'any valid token' : scopeText(need),
    scopes: need === undefined ? [] : scopesIn(need),
    unresolved: [...holder.doubts, ...open.map(doubtOf)],
  }
}

/** What the issuer asks of every token. */
function issuerConditions({ issuer }: Holder): readonly Condition[] {
  if (issuer === undefined) return []
  const { clientIds, audience, claims } = issuer
  return [
    ...(clientIds === undefined ? [] : [{ kind: 'client', ids: clientIds } as const]),
    // `aud` where there is one, else the client id: which of them a token has, its pool decides
    ...(audience === 'any'
      ? []
      : [{ kind: 'claim', rule: { claim: 'aud', values: audience } } as const]),
    ...claims.map((rule) => ({ kind: 'claim', rule }) as const),
  ]
}

function isKnown(condition: Condition, { issuer, clientId }: Holder): boolean {
  switch (condition.kind) {
    case 'issuer':
      return issuer !== undefined
    case 'client':
      return clientId !== undefined
    case 'claim':
      return (
        condition.rule.claim === 'token_use' ||
        (condition.rule.claim === 'client_id' && clientId !== undefined)
      )
  }
}

function doubtOf(condition: Condition): string {
  switch (condition.kind) {
    case 'issuer':
      return `depends on ${inWords(condition)}`
    case 'client':
      return `depends on ${inWords(condition)}: the template does not know client ids`
    case 'claim':
      return `depends on ${inWords(condition)}`
  }
}

/** Methods of one path that are opened alike stand together; sorted by path. */
function joined(grants: readonly Grant[]): readonly Grant[] {
  const found = new Map<string, Grant>()
  for (const grant of grants) {
    const key = JSON.stringify([grant.path, grant.by, grant.unresolved])
    const before = found.get(key)
    const methods = [...(before?.methods ?? []), ...grant.methods].sort()
    const routes = [...(before?.routes ?? []), ...grant.routes].sort()
    const lines = [...new Set([...(before?.lines ?? []), ...grant.lines])].sort((a, b) => a - b)
    found.set(key, { ...grant, methods, routes, lines })
  }
  return [...found.values()].sort(
    (a, b) => order(a.path, b.path) || order(a.methods.join(), b.methods.join()),
  )
}
