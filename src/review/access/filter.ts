/** A part of the report: one client, one path, one scope. Pure. */
import type { InboundConfig } from '../../config/config.ts'
import { didYouMean } from '../../config/suggest.ts'
import { findRoute } from '../../decision/table.ts'
import { parseTarget } from '../../decision/target.ts'
import { no, ok, type Result } from '../../units.ts'
import type { AccessReport } from './access.ts'

export type AccessFilter = {
  /** Name or id. */
  readonly client: string | undefined
  /** A pattern of the configuration, or the path of a request. */
  readonly route: string | undefined
  readonly scope: string | undefined
}

/** What is left of the report; or why the filter names nothing that is there. */
export function filterAccess(
  report: AccessReport,
  filter: AccessFilter,
  inbound: InboundConfig,
): Result<AccessReport, string> {
  let left = report
  for (const narrow of [onlyClient, onlyScope, onlyRoute]) {
    const narrowed = narrow(left, filter, inbound)
    if (!narrowed.ok) return narrowed
    left = narrowed.value
  }
  return ok(left)
}

function onlyClient(report: AccessReport, { client }: AccessFilter): Result<AccessReport, string> {
  if (client === undefined) return ok(report)
  const { clients } = report
  if (clients === undefined) return no('--client needs --template: it is there that clients are')
  const found = clients.filter((one) => one.name === client || one.clientId === client)
  if (found.length > 0) return ok({ ...report, clients: found })
  const known = clients.map(({ name }) => name)
  return no(`there is no client ${JSON.stringify(client)}${didYouMean(client, known)}`)
}

function onlyScope(report: AccessReport, { scope }: AccessFilter): Result<AccessReport, string> {
  if (scope === undefined) return ok(report)
  const { routes, clients } = report
  const known = new Set([
    ...routes.flatMap(({ scopes }) => scopes),
    ...(clients ?? []).flatMap(({ scopes }) => scopes),
  ])
  if (!known.has(scope))
    return no(
      `no route needs and no client holds the scope ${JSON.stringify(scope)}${didYouMean(scope, known)}`,
    )
  return ok({
    ...report,
    routes: routes.filter(({ scopes }) => scopes.includes(scope)),
    clients: clients
      ?.map((client) => ({
        ...client,
        grants: client.grants.filter(({ scopes }) => scopes.includes(scope)),
      }))
      .filter(
        ({ scopes, openScopes, grants }) =>
          scopes.includes(scope) || openScopes.length > 0 || grants.length > 0,
      ),
  })
}

function onlyRoute(
  report: AccessReport,
  { route }: AccessFilter,
  inbound: InboundConfig,
): Result<AccessReport, string> {
  if (route === undefined) return ok(report)
  const written = inbound.routes.find(({ pattern }) => pattern.text === route)
  const path = written === undefined ? ownerOf(route, inbound) : ok(written.pattern.text)
  if (!path.ok) return path
  const isOn = (one: { readonly path: string }): boolean => one.path === path.value
  return ok({
    ...report,
    routes: report.routes.filter(isOn),
    clients: report.clients
      ?.map((client) => ({ ...client, grants: client.grants.filter(isOn) }))
      .filter(({ grants, openScopes }) => grants.length > 0 || openScopes.length > 0),
  })
}

function ownerOf(route: string, inbound: InboundConfig): Result<string, string> {
  const target = parseTarget(route, inbound.paths)
  if (!target.ok) return no(`${JSON.stringify(route)} is no path: ${target.problem.because}`)
  const found = findRoute(inbound.table, target.value, 'GET', true)
  if (!found.ok) return no(`${JSON.stringify(route)}: ${found.problem.because}`)
  switch (found.value.kind) {
    case 'route':
      return ok(found.value.route.pattern.text)
    case 'not_listed':
      return ok(found.value.owner.pattern.text)
    case 'none':
      return no(`no route has the path ${JSON.stringify(route)}: every request to it is denied`)
  }
}
