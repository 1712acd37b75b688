/** `inbound:` -> InboundConfig (SPEC 2.1, 2.2, 3). */
import { BlockList, isIP } from 'node:net'
import type * as z from 'zod'
import type { Route } from '../../decision/routes.ts'
import { buildRouteTable, takenAway, type RouteTable } from '../../decision/table.ts'
import type { NonEmpty } from '../../units.ts'
import type { InboundConfig } from '../config.ts'
import type { KeyPath } from '../problems.ts'
import { keysAt, read, report, reportLack, valueAt } from '../read.ts'
import { inboundSchema, policySchema } from '../schema/inbound.ts'
import { readLimits, readListen, readUpstream } from './addresses.ts'
import { checkName, itemPath } from './claims.ts'
import { shown, warn, type Context } from './context.ts'
import {
  readCertificateHeader,
  readHeaderName,
  readIdentityHeaders,
  readRemoveHeaders,
} from './headers.ts'
import { readRequirement, readRoute, type Requirement, type RouteSurroundings } from './routes.ts'

const here = ['inbound'] as const

type InboundInput = z.output<typeof inboundSchema>

/** The inbound proxy; undefined when there is none, or when it has problems, which are reported. */
export function readInbound(context: Context): InboundConfig | undefined {
  if (valueAt(context.document, here) === undefined) return undefined
  const input = read(context, here, inboundSchema, ['routes', 'policies'])
  const around: RouteSurroundings = {
    mode: input?.mode ?? 'enforce',
    policies: readPolicies(context),
    issuers: acceptedIssuers(context, input),
  }
  const { routes, table } = readRoutes(context, around)
  const settings = input === undefined ? undefined : readSettings(context, input)
  if (settings === undefined || table === undefined) return undefined
  return { ...settings, routes, table }
}

function readSettings(
  context: Context,
  input: InboundInput,
): Omit<InboundConfig, 'routes' | 'table'> | undefined {
  const listen = readListen(context, [...here, 'listen'], input.listen)
  const upstreamRules = { path: false, plain: true }
  const upstream = readUpstream(context, [...here, 'upstream'], input.upstream, upstreamRules)
  const tokenHeader = readHeaderName(context, [...here, 'tokenHeader'], input.tokenHeader)
  const identity = readIdentityHeaders(
    context,
    [...here, 'identityHeaders'],
    input.identityHeaders,
    tokenHeader,
  )
  const remove = [...here, 'removeHeaders']
  const removeHeaders = readRemoveHeaders(context, remove, input.removeHeaders, tokenHeader)
  const certificateHeader = readCertificateHeader(context, [...here, 'certificateHeader'], {
    name: input.certificateHeader,
    taken: { tokenHeader, identity },
    isAsked: listen === undefined || (listen.kind === 'tcp' && listen.tls?.clientCa !== undefined),
  })
  checkNetworks(context, [...here, 'trustedProxies'], input.trustedProxies)
  if (!/^[ !#-[\]-~]+$/.test(input.realm))
    report(context, [...here, 'realm'], 'must be visible ASCII without quotes and backslashes')
  checkProblemTypes(context, [...here, 'problemTypes'], input.problemTypes)
  if (listen === undefined || upstream === undefined) return undefined
  const { mode, forwardToken, ignoreCase, allowRequestOverrides, allowPreflight, realm } = input
  return {
    ...{ listen, upstream, mode, tokenHeader, identityHeaders: identity, removeHeaders },
    certificateHeader,
    ...{ forwardToken, limits: readLimits(input.limits), ignoreCase },
    paths: {
      semicolons: input.paths.semicolons === 'allow',
      emptySegments: input.paths.emptySegments === 'allow',
      encodedSlashes: input.paths.encodedSlashes === 'allow',
    },
    trustedProxies: input.trustedProxies,
    ...{ allowRequestOverrides, allowPreflight, realm, problemTypes: input.problemTypes },
  }
}

/** `inbound.issuers`, else the only one; undefined when there are several to choose from. */
function acceptedIssuers(
  context: Context,
  input: InboundInput | undefined,
): NonEmpty<string> | undefined {
  const known = keysAt(context.document, ['issuers'])
  const path = [...here, 'issuers']
  input?.issuers?.forEach((name, index) =>
    checkName(context, itemPath(context, path, index), name, known, '`issuers`'),
  )
  if (input?.issuers !== undefined) return input.issuers
  const [only, second] = known
  return only !== undefined && second === undefined ? [only] : undefined
}

function readPolicies(context: Context): ReadonlyMap<string, Requirement> {
  const policies = new Map<string, Requirement>()
  for (const name of keysAt(context.document, [...here, 'policies'])) {
    const path = [...here, 'policies', name]
    const input = read(context, path, policySchema)
    if (input === undefined) continue
    const kinds = [input.scopes !== undefined, input.authenticated === true].filter(Boolean).length
    if (kinds !== 1)
      reportLack(context, path, 'must have exactly one of scopes and authenticated: true')
    policies.set(name, readRequirement(context, path, input))
  }
  return policies
}

function readRoutes(
  context: Context,
  around: RouteSurroundings,
): { readonly routes: readonly Route[]; readonly table: RouteTable | undefined } {
  const list = valueAt(context.document, [...here, 'routes'])
  const paths = new Map<Route, KeyPath>()
  for (const index of Array.isArray(list) ? list.keys() : []) {
    const path = [...here, 'routes', index]
    const route = readRoute(context, path, around)
    if (route === undefined) continue
    paths.set(route, path)
  }
  const routes = [...paths.keys()]
  checkIssuers(context, routes)
  const at = (route: Route | undefined) => paths.get(route as Route) as KeyPath
  const built = buildRouteTable(routes)
  if (!built.ok) {
    for (const { routes: pair, message } of built.problem)
      report(context, [...at(routes[pair[1]]), 'path'], message)
    return { routes, table: undefined }
  }
  for (const { broader, narrower, methods } of takenAway(built.value))
    warn(
      context,
      at(broader),
      `${methods.join(', ')} of ${broader.pattern.text} is denied on ${narrower.pattern.text} (line ${narrower.line}), which is more specific`,
    )
  for (const route of routes)
    if (route.mode === 'report')
      warn(context, at(route), `${route.id} is in report mode: nothing is blocked`)
  return { routes, table: built.value }
}

/** A token counts only where its issuer is accepted, so every route with a token needs one. */
function checkIssuers(context: Context, routes: readonly Route[]): void {
  const open = routes.some(
    ({ access, conditions }) =>
      access.kind !== 'public' && !conditions.some(({ kind }) => kind === 'issuer'),
  )
  if (!open) return
  const known = keysAt(context.document, ['issuers'])
  if (known.length === 0)
    report(
      context,
      ['issuers'],
      'is missing; routes that need a token need an issuer whose tokens count',
    )
  // a list that is there and wrong has its own problem
  else if (valueAt(context.document, [...here, 'issuers']) === undefined)
    report(
      context,
      [...here, 'issuers'],
      `is missing; with several issuers (${known.join(', ')}) it must say whose tokens routes accept, or each route does`,
    )
}

function checkNetworks(context: Context, path: KeyPath, networks: readonly string[]): void {
  networks.forEach((network, index) => {
    if (isNetwork(network)) return
    const at = itemPath(context, path, index)
    report(
      context,
      at,
      `${shown(context, at)} is no address or CIDR block; write one such as 10.0.0.0/8`,
    )
  })
}

function isNetwork(text: string): boolean {
  const [, address = text, prefix] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? []
  const version = isIP(address)
  if (version === 0 || address.includes('%')) return false
  if (prefix === undefined) return true
  if (Number(prefix) > (version === 4 ? 32 : 128)) return false
  new BlockList().addSubnet(address, Number(prefix), version === 4 ? 'ipv4' : 'ipv6')
  return true
}

function checkProblemTypes(context: Context, path: KeyPath, text: string | undefined): void {
  if (text === undefined) return
  if (!/^https?:\/\/[!-~]+\/$/.test(text) || !URL.canParse(text))
    report(context, path, `${shown(context, path)} is no address that ends with /`)
}
