/** Routes and templates held against each other: scopes that one side does not know. Pure. */
import type {
  Cell,
  PermissionClient,
  Permissions,
  PermissionServer,
} from '../../cloudformation/permissions-model.ts'
import type { Config } from '../../config/config.ts'
import { didYouMean } from '../../config/suggest.ts'
import type { Route } from '../../decision/routes.ts'
import { accessReport, scopesIn } from '../access/access.ts'
import { type Finding, finding } from './finding-table.ts'

/** Scopes that every pool has, without a resource server. */
const builtIn: ReadonlySet<string> = new Set([
  ...['openid', 'email', 'phone', 'profile', 'aws.cognito.signin.user.admin'],
])

export function lintScopes(config: Config, permissions: Permissions): readonly Finding[] {
  const routes = config.inbound?.routes ?? []
  const used = new Set([
    ...routes.flatMap(({ access }) => (access.kind === 'scopes' ? scopesIn(access.need) : [])),
    ...(config.outbound?.routes ?? []).flatMap(({ grant }) => grant.scopes),
  ])
  return [
    ...undefinedInRoutes(config, routes, permissions),
    ...permissions.resourceServers.flatMap((server) => unused(server, used)),
    ...permissions.clients.flatMap((client) => held(client, used)),
    ...permissions.clients.flatMap((client) => foreign(client, permissions)),
    ...uncalled(config, permissions),
  ]
}

const valuesIn = (cells: readonly Cell<string>[]): ReadonlySet<string> =>
  new Set(cells.flatMap((cell) => (cell.kind === 'known' ? [cell.value] : [])))

/** Only where every token that counts is of a user pool: what other issuers define no template says. */
function undefinedInRoutes(
  { file, issuers }: Config,
  routes: readonly Route[],
  { resourceServers }: Permissions,
): readonly Finding[] {
  const cells = resourceServers.flatMap(({ scopes }) => scopes)
  const known = valuesIn(cells)
  const isComplete = known.size > 0 && cells.every(({ kind }) => kind === 'known')
  const others = new Set(issuers.flatMap(({ kind, name }) => (kind === 'other' ? [name] : [])))
  return routes.flatMap(({ access, conditions, pattern, id, line, column }) => {
    const isForeign = conditions.some(
      (one) => one.kind === 'issuer' && one.names.some((name) => others.has(name)),
    )
    if (access.kind !== 'scopes' || isForeign) return []
    return scopesIn(access.need)
      .filter((scope) => !known.has(scope) && !builtIn.has(scope))
      .map((scope): Finding => {
        const unsure = isComplete ? '' : ', as far as the templates are known'
        const message = `no resource server defines ${scope}${unsure}${didYouMean(scope, known)}`
        const names = [scope, pattern.text, id] as const
        const found = finding('SG001', { file, line, column, message, names })
        return isComplete ? found : { ...found, severity: 'warning' }
      })
  })
}

function unused({ scopes }: PermissionServer, used: ReadonlySet<string>): readonly Finding[] {
  return scopes.flatMap((cell) =>
    cell.kind === 'unknown' || used.has(cell.value)
      ? []
      : [
          finding('SG002', {
            ...cell,
            message: `no route uses ${cell.value}`,
            names: [cell.value],
          }),
        ],
  )
}

function held(client: PermissionClient, used: ReadonlySet<string>): readonly Finding[] {
  const { name, logicalId, scopes } = client
  return scopes.flatMap((cell) => {
    if (cell.kind === 'unknown' || used.has(cell.value) || builtIn.has(cell.value)) return []
    const message = `client ${name} holds ${cell.value}, which no route needs`
    return [finding('SG003', { ...cell, message, names: [name, logicalId, cell.value] })]
  })
}

/** A scope that the client's own pool does not define; not told where the pool is not all known. */
function foreign(client: PermissionClient, { resourceServers }: Permissions): readonly Finding[] {
  const { name, logicalId, scopes, pool } = client
  if (pool.kind === 'unknown' || pool.value.kind === 'id') return []
  const own = pool.value.pool
  const servers = resourceServers.filter(
    (server) =>
      server.pool.kind === 'unknown' ||
      (server.pool.value.kind === 'template' && server.pool.value.pool === own),
  )
  const cells = servers.flatMap((server) => server.scopes)
  if (servers.some((server) => server.pool.kind === 'unknown')) return []
  if (cells.some(({ kind }) => kind === 'unknown')) return []
  const known = valuesIn(cells)
  return scopes.flatMap((cell) => {
    if (cell.kind === 'unknown' || known.has(cell.value) || builtIn.has(cell.value)) return []
    const message = `client ${name} is given ${cell.value}, which no resource server of its pool defines${didYouMean(cell.value, known)}`
    return [finding('SG005', { ...cell, message, names: [name, logicalId, cell.value] })]
  })
}

/** Routes that no client of the templates can call; a note where a client's scopes are not all known. */
function uncalled(config: Config, permissions: Permissions): readonly Finding[] {
  const { inbound, file } = config
  if (inbound === undefined) return []
  const { clients = [] } = accessReport(config, inbound, permissions)
  const called = new Set(clients.flatMap(({ grants }) => grants.flatMap((grant) => grant.routes)))
  const open = clients.filter(({ openScopes }) => openScopes.length > 0)
  return inbound.routes.flatMap(({ access, line, column, pattern, id }) => {
    if (access.kind === 'public' || called.has(id)) return []
    const unsure =
      open.length === 0
        ? ''
        : ` as far as it is known: ${open.map(({ name }) => name).join(', ')} may`
    const message = `no client of the templates can call ${id}${unsure}`
    const found = finding('SG004', { file, line, column, message, names: [pattern.text, id] })
    return open.length === 0 ? [found] : [{ ...found, severity: 'note' as const }]
  })
}
