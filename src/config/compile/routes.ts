/** One inbound route -> Route: access and conditions, its policy merged in (SPEC 2.1). */
import { parsePattern } from '../../decision/pattern.ts'
import type { Access, Condition, Mode, Route } from '../../decision/routes.ts'
import { http } from '../../node-http.ts'
import type { NonEmpty } from '../../units.ts'
import type { KeyPath } from '../problems.ts'
import { keysAt, placeOf, read, report, reportLack } from '../read.ts'
import { routeSchema, type PolicyInput, type RouteInput } from '../schema/inbound.ts'
import { didYouMean } from '../suggest.ts'
import { checkName, itemPath, readClaims } from './claims.ts'
import { shown, type Context } from './context.ts'
import { readNeed } from './needs.ts'

/** What a policy or a route by itself says of issuers, clients and claims. */
export type Requirement = {
  readonly access: Access | undefined
  readonly issuers: NonEmpty<string> | undefined
  readonly others: readonly Condition[]
}

/** What routes need to know of the listener. */
export type RouteSurroundings = {
  readonly mode: Mode
  readonly policies: ReadonlyMap<string, Requirement>
  /** Whose tokens count where a route names none; undefined when that cannot be told. */
  readonly issuers: NonEmpty<string> | undefined
}

/** Reads the parts that policies and routes share. `access` is undefined when none is written, or it is wrong. */
export function readRequirement(context: Context, path: KeyPath, input: PolicyInput): Requirement {
  const { issuers, clientIds, claims } = input
  const known = keysAt(context.document, ['issuers'])
  issuers?.forEach((name, index) =>
    checkName(context, itemPath(context, [...path, 'issuers'], index), name, known, '`issuers`'),
  )
  const clients: Condition[] = clientIds === undefined ? [] : [{ kind: 'client', ids: clientIds }]
  const rules = readClaims(claims).map((rule): Condition => ({ kind: 'claim', rule }))
  return { access: readAccess(context, path, input), issuers, others: [...clients, ...rules] }
}

function readAccess(context: Context, path: KeyPath, input: PolicyInput): Access | undefined {
  if (input.authenticated === true) return { kind: 'authenticated' }
  if (input.scopes === undefined) return undefined
  const need = readNeed(context, [...path, 'scopes'], input.scopes)
  return need === undefined ? undefined : { kind: 'scopes', need }
}

/** The route; undefined when it or its policy has problems, which are reported. */
export function readRoute(
  context: Context,
  path: KeyPath,
  around: RouteSurroundings,
): Route | undefined {
  const before = context.problems.length
  const input = read(context, path, routeSchema)
  if (input === undefined) return undefined
  const pattern = parsePattern(input.path)
  if (!pattern.ok) report(context, [...path, 'path'], pattern.problem)
  const methods = readMethods(context, [...path, 'methods'], input.methods)
  const own = readRequirement(context, path, input)
  const policy = readPolicy(context, path, input.policy, around)
  checkKinds(context, path, input)
  checkPublic(context, path, input)
  const access: Access | undefined =
    input.public === true
      ? { kind: 'public', forwardAuthorization: input.forwardAuthorization === true }
      : (policy?.access ?? own.access)
  const conditions =
    access?.kind === 'public'
      ? []
      : [
          ...issuerConditions(context, path, own, policy, around),
          ...ordered([...(policy?.others ?? []), ...own.others]),
        ]
  const websocket = readWebsocket(context, path, input)
  if (context.problems.length > before || !pattern.ok || access === undefined) return undefined
  const { line, column } = placeOf(context.document, path)
  return {
    id: `${methods?.join(',') ?? '*'} ${input.path}`,
    line,
    column,
    pattern: pattern.value,
    methods,
    access,
    conditions,
    policy: input.policy,
    mode: input.mode ?? around.mode,
    timeouts: { headers: input.timeouts?.headers, body: input.timeouts?.body },
    websocket,
  }
}

function readMethods(
  context: Context,
  path: KeyPath,
  methods: NonEmpty<string> | undefined,
): NonEmpty<string> | undefined {
  methods?.forEach((method, index) => {
    const at = itemPath(context, path, index)
    if (method === 'CONNECT' || method === 'TRACE')
      report(context, at, `${method} is always refused; remove it`)
    else if (!http.METHODS.includes(method))
      report(
        context,
        at,
        `${shown(context, at)} is no method that can be received${didYouMean(method, http.METHODS)}`,
      )
    else if (methods.indexOf(method) !== index) report(context, at, `${method} stands here twice`)
  })
  return methods
}

function readPolicy(
  context: Context,
  path: KeyPath,
  name: string | undefined,
  { policies }: RouteSurroundings,
): Requirement | undefined {
  if (name === undefined) return undefined
  const known = keysAt(context.document, ['inbound', 'policies'])
  checkName(context, [...path, 'policy'], name, known, '`inbound.policies`')
  return policies.get(name)
}

/** Exactly one of the four. */
function checkKinds(context: Context, path: KeyPath, input: RouteInput): void {
  const kinds = [
    input.scopes === undefined ? [] : ['scopes'],
    input.policy === undefined ? [] : ['policy'],
    input.authenticated === true ? ['authenticated'] : [],
    input.public === true ? ['public'] : [],
  ].flat()
  if (kinds.length === 1) return
  const right = 'write exactly one of scopes, policy, authenticated: true, public: true'
  if (kinds.length > 0) report(context, path, `has ${kinds.join(' and ')}; ${right}`)
  else reportLack(context, path, `does not say who may; ${right}`)
}

function checkPublic(context: Context, path: KeyPath, input: RouteInput): void {
  if (input.public !== true) {
    if (input.forwardAuthorization !== undefined)
      report(context, [...path, 'forwardAuthorization'], 'is for public routes; remove it')
    return
  }
  if (input.methods === undefined)
    reportLack(context, path, 'is public and must say `methods`, such as [GET]')
  for (const key of ['claims', 'clientIds', 'issuers'] as const)
    if (input[key] !== undefined)
      report(context, [...path, key], 'a public route reads no token; remove this or public')
}

function issuerConditions(
  context: Context,
  path: KeyPath,
  own: Requirement,
  policy: Requirement | undefined,
  around: RouteSurroundings,
): readonly Condition[] {
  const lists = [policy?.issuers, own.issuers].filter((names) => names !== undefined)
  if (lists.length === 2 && !lists[0]?.some((name) => lists[1]?.includes(name)))
    report(context, [...path, 'issuers'], 'no issuer is in this list and in that of the policy')
  const named = lists.length > 0 || around.issuers === undefined ? lists : [around.issuers]
  return named.map((names) => ({ kind: 'issuer', names }))
}

/** Issuer, clients, claims: the order in which they are judged (SPEC 3). */
const ordered = (conditions: readonly Condition[]): readonly Condition[] => [
  ...conditions.filter(({ kind }) => kind === 'client'),
  ...conditions.filter(({ kind }) => kind === 'claim'),
]

function readWebsocket(context: Context, path: KeyPath, input: RouteInput): Route['websocket'] {
  const { websocket = false, methods } = input
  const allowed = websocket !== false
  if (allowed && methods !== undefined && !methods.includes('GET'))
    report(context, [...path, 'websocket'], 'a WebSocket handshake is a GET; add it to `methods`')
  return { allowed, outliveToken: typeof websocket === 'object' && websocket.outliveToken }
}
