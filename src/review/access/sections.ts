/** The report of who can call what as sections of a document: each way of writing it takes them from here. Pure. */
import type { AccessReport, ClientAccess, Grant, RouteRow } from './access.ts'

export type Section = {
  readonly title: string
  /** 2 = of the document, 3 = within the section before. */
  readonly level: 2 | 3
  readonly text: readonly string[]
  readonly table: Table | undefined
  /** Name of the client that it is about. */
  readonly client?: string
}

export type Table = {
  readonly columns: readonly string[]
  /** The first cell is what the row is about. */
  readonly rows: readonly (readonly string[])[]
}

/** Public and token-only routes first: what everybody may call is read before what few may. */
export function accessSections(report: AccessReport): readonly Section[] {
  const { routes, clients, notes } = report
  return [
    ...(notes.length === 0 ? [] : [section('Read this first', notes)]),
    everybody(routes),
    everyToken(routes),
    ...(clients === undefined ? [byRoute(routes)] : [...byClient(clients), uncalled(report)]),
  ]
}

function section(title: string, text: readonly string[], table?: Table): Section {
  return { title, level: 2, text, table: table?.rows.length === 0 ? undefined : table }
}

function everybody(routes: readonly RouteRow[]): Section {
  const open = routes.filter(({ kind, mode }) => kind === 'public' || mode === 'report')
  return section(
    'Everybody, without a token',
    [
      open.length === 0
        ? 'No route: whoever has no valid token is refused.'
        : 'Whoever reaches the listener can call these:',
    ],
    {
      columns: ['Path', 'Methods', 'Why', 'Line'],
      rows: open.map((route) => [
        ...[route.path, route.methods.join(' ')],
        route.kind === 'public' ? 'public' : `report mode: not blocked (needs ${route.needs})`,
        String(route.line),
      ]),
    },
  )
}

function everyToken(routes: readonly RouteRow[]): Section {
  const open = routes.filter(({ kind }) => kind === 'authenticated')
  return section(
    'Every valid token, whatever its scopes',
    [
      open.length === 0
        ? 'No route.'
        : 'Whoever holds a valid token of the issuer named can call these:',
    ],
    {
      columns: ['Path', 'Methods', 'Who', 'And only', 'Line'],
      rows: open.map(({ path, methods, needs, conditions, line }) => [
        ...[path, methods.join(' '), needs, conditions.join('; '), String(line)],
      ]),
    },
  )
}

function byRoute(routes: readonly RouteRow[]): Section {
  const scoped = routes.filter(({ kind }) => kind === 'scopes')
  return section(
    'Scopes by route',
    [
      scoped.length === 0
        ? 'No route needs a scope.'
        : 'A token with these scopes is needed. Which clients hold them, a template tells (--template).',
    ],
    {
      columns: ['Path', 'Methods', 'Scopes', 'And only', 'Line'],
      rows: scoped.map(({ path, methods, needs, conditions, line }) => [
        ...[path, methods.join(' '), needs, conditions.join('; '), String(line)],
      ]),
    },
  )
}

function byClient(clients: readonly ClientAccess[]): readonly Section[] {
  return [
    section('Clients', [clients.length === 0 ? 'The templates declare no client.' : ''], {
      columns: ['Client', 'Issuer', 'Scopes', 'Paths', 'Unresolved', 'Declared at'],
      rows: clients.map((client) => [
        ...[client.name, client.issuer ?? 'unresolved', client.scopes.join(' ')],
        String(new Set(client.grants.filter(isSure).map(({ path }) => path)).size),
        unresolvedIn(client),
        `${client.file}:${client.line}`,
      ]),
    }),
    ...clients.map((client): Section => ({
      title: client.name,
      level: 3,
      client: client.name,
      text: textOf(client),
      table: grantTable(client.grants),
    })),
  ]
}

const isSure = ({ unresolved }: Grant): boolean => unresolved.length === 0

function unresolvedIn({ openScopes, grants, doubts }: ClientAccess): string {
  if (doubts.length > 0) return 'everything'
  const scopes = openScopes.length === 0 ? [] : [`scopes: ${openScopes.length}`]
  const paths = grants.filter((grant) => !isSure(grant)).length
  return [...scopes, ...(paths === 0 ? [] : [`rows: ${paths}`])].join(', ')
}

function textOf({ barred, grants, openScopes, doubts }: ClientAccess): readonly string[] {
  const nothing = openScopes.length === 0 ? 'It can call no route that needs a token.' : ''
  return [
    ...(barred === undefined ? [] : [`It can call nothing: ${barred}.`]),
    ...(barred === undefined && grants.length === 0 && nothing !== '' ? [nothing] : []),
    ...doubts.map((doubt) => `UNRESOLVED ${doubt}`),
    ...openScopes.map(
      (scope) => `UNRESOLVED scope ${scope}. It may open any route that needs a scope.`,
    ),
  ]
}

function grantTable(grants: readonly Grant[]): Table | undefined {
  if (grants.length === 0) return undefined
  return {
    columns: ['Path', 'Methods', 'By', 'Sure', 'Line'],
    rows: grants.map(({ path, methods, by, unresolved, lines }) => [
      ...[path, methods.join(' '), by],
      unresolved.length === 0 ? 'yes' : `UNRESOLVED ${unresolved.join('; ')}`,
      lines.join(' '),
    ]),
  }
}

/** What no client can call: a route too many, or a scope too few. */
function uncalled({ routes, uncalled, hasOpenScopes }: AccessReport): Section {
  const ids = new Set(uncalled)
  const left = routes.filter(({ id }) => ids.has(id))
  const none = hasOpenScopes
    ? 'No client is known to hold what these need; one whose scopes are unresolved may.'
    : 'No client of the templates holds what these need:'
  return section('Routes that no client can call', [left.length === 0 ? 'None.' : none], {
    columns: ['Path', 'Methods', 'Needs', 'And only', 'Line'],
    rows: left.map(({ path, methods, needs, conditions, line }) => [
      ...[path, methods.join(' '), needs, conditions.join('; '), String(line)],
    ]),
  })
}
