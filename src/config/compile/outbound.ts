/** `outbound:` -> OutboundConfig (SPEC 4). */
import type * as z from 'zod'
import type { ClientSettings, Grant } from '../../tokens/settings.ts'
import type { ListenAddress, OutboundConfig, OutboundRoute } from '../config.ts'
import type { KeyPath } from '../problems.ts'
import { keysAt, placeOf, read, report, reportLack, valueAt } from '../read.ts'
import { outboundRouteSchema, outboundSchema, type OutboundRouteInput } from '../schema/outbound.ts'
import { isLoopbackHost, readLimits, readListen, readUpstream } from './addresses.ts'
import { checkName, itemPath } from './claims.ts'
import { checkResource } from './clients.ts'
import { shown, warn, type Context } from './context.ts'
import { readHeaderName } from './headers.ts'
import { isScope } from './needs.ts'

const here = ['outbound'] as const

/** The outbound proxy; undefined when there is none, or when it has problems, which are reported. */
export function readOutbound(
  context: Context,
  clients: readonly ClientSettings[],
): OutboundConfig | undefined {
  if (valueAt(context.document, here) === undefined) return undefined
  const input = read(context, here, outboundSchema, ['routes'])
  const routes = readRoutes(context, clients)
  if (input === undefined) return undefined
  const listen = readListen(context, [...here, 'listen'], input.listen)
  if (listen !== undefined) checkReach(context, listen, input)
  const requireHeader =
    input.requireHeader === undefined
      ? undefined
      : readHeaderName(context, [...here, 'requireHeader'], input.requireHeader)
  if (listen === undefined) return undefined
  const { allowBrowsers, allowRemoteClients } = input
  return {
    ...{ listen, routes, requireHeader, allowBrowsers, allowRemoteClients },
    limits: readLimits(input.limits),
  }
}

/** A token dispenser that others reach gives them the client's rights. */
function checkReach(
  context: Context,
  listen: ListenAddress,
  input: z.output<typeof outboundSchema>,
): void {
  if (listen.kind === 'socket' || isLoopbackHost(listen.host)) return
  const path = [...here, 'listen']
  if (input.allowRemoteClients)
    warn(context, path, 'other machines that reach this listener get tokens (allowRemoteClients)')
  else
    report(
      context,
      path,
      `${typeof input.listen === 'string' ? shown(context, path) : 'the address'} is not loopback: whoever reaches it gets tokens; write 127.0.0.1, or allowRemoteClients: true`,
    )
}

function readRoutes(
  context: Context,
  clients: readonly ClientSettings[],
): readonly OutboundRoute[] {
  const list = valueAt(context.document, [...here, 'routes'])
  if (!Array.isArray(list)) return []
  if (list.length === 0) report(context, [...here, 'routes'], 'must not be empty; write a route')
  const routes = [...list.keys()].flatMap((index) => {
    const path = [...here, 'routes', index]
    const input = read(context, path, outboundRouteSchema)
    const route = input === undefined ? undefined : readRoute(context, path, input, clients)
    return route === undefined ? [] : [{ path, route }]
  })
  const first = new Map<string, OutboundRoute>()
  for (const { path, route } of routes) {
    const { host } = route
    const same = JSON.stringify([host?.name, host?.port, route.path])
    const there = first.get(same)
    if (there !== undefined)
      report(
        context,
        path,
        `this host and path stand already at line ${there.line}; keep one of them`,
      )
    first.set(same, there ?? route)
  }
  return routes.map(({ route }) => route)
}

function readRoute(
  context: Context,
  path: KeyPath,
  input: OutboundRouteInput,
  clients: readonly ClientSettings[],
): OutboundRoute | undefined {
  if (input.path === undefined && input.host === undefined)
    reportLack(context, path, 'must have path, host or both')
  const prefix = readPrefix(context, [...path, 'path'], input.path)
  const host = readHost(context, [...path, 'host'], input.host)
  const upstream = readUpstream(context, [...path, 'upstream'], input.upstream, {
    path: true,
    plain: input.allowPlaintext,
  })
  const grant = readGrant(context, path, input, clients)
  if (upstream === undefined || grant === undefined) return undefined
  const { line, column } = placeOf(context.document, path)
  const { onAuthorization, renewOn401, timeouts } = input
  return {
    id: `${input.host?.toLowerCase() ?? ''}${prefix ?? ''}` || '/',
    ...{ line, column, path: prefix, host, upstream, grant, onAuthorization, renewOn401 },
    timeouts: { headers: timeouts?.headers, body: timeouts?.body },
  }
}

/** Compared with the target as received, so it is written as it is sent. */
function readPrefix(context: Context, path: KeyPath, text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  const refuse = (why: string) => report(context, path, `${shown(context, path)} ${why}`)
  if (!text.startsWith('/')) refuse('must begin with /')
  else if (/[*{}]/.test(text)) refuse('is a prefix, not a pattern; leave out **, { and }')
  else if (!/^[!-~]+$/.test(text) || /[\\?#]/.test(text))
    refuse('must be written as it is sent: visible ASCII without \\, ? and #')
  else if (/\/(\.|%2e){1,2}(\/|$)/i.test(text)) refuse('must have no dot segments')
  else if (text.includes('//')) refuse('must have no empty segments')
  return text.replace(/\/$/, '')
}

function readHost(
  context: Context,
  path: KeyPath,
  text: string | undefined,
): OutboundRoute['host'] | undefined {
  if (text === undefined) return undefined
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9_-]+(?:\.[a-z0-9_-]+)*)(?::(\d{1,5}))?$/i.exec(text)
  const port = match?.[2] === undefined ? undefined : Number(match[2])
  if (match === null || (port !== undefined && (port < 1 || port > 65_535)))
    report(
      context,
      path,
      `${shown(context, path)} is no host; write a name such as api.internal or api.internal:8443`,
    )
  return { name: (match?.[1] ?? '').toLowerCase(), port }
}

function readGrant(
  context: Context,
  path: KeyPath,
  input: OutboundRouteInput,
  clients: readonly ClientSettings[],
): Grant | undefined {
  const { resource, audience, scopes } = input
  scopes.forEach((scope, index) => {
    isScope(context, itemPath(context, [...path, 'scopes'], index), scope)
  })
  checkResource(context, [...path, 'resource'], resource)
  const name = clientName(context, path, input.client)
  const client = clients.find((one) => one.name === name)
  if (client === undefined) return undefined
  return {
    ...{ client, scopes },
    resource: resource ?? client.resource,
    audience: audience ?? client.audience,
  }
}

function clientName(context: Context, path: KeyPath, name: string | undefined): string | undefined {
  const known = keysAt(context.document, ['clients'])
  if (name !== undefined) {
    checkName(context, [...path, 'client'], name, known, '`clients`')
    return name
  }
  if (known.length === 1) return known[0]
  const advice = known.length === 0 ? '`clients` has none' : `there are ${known.join(', ')}`
  report(context, [...path, 'client'], `is missing; it must name one of \`clients\`: ${advice}`)
  return undefined
}
