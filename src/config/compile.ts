/** Document -> Config: URLs, durations, patterns and secrets in the form the code uses, or every problem at once (SPEC 2). */
import type * as z from 'zod'
import { no, nonEmpty, ok, type NonEmpty, type Result } from '../units.ts'
import type {
  AdminConfig,
  Config,
  ConfigProblem,
  ListenAddress,
  LogConfig,
  OutboundRoute,
} from './config.ts'
import { isSameListener, isSamePlace, readListen } from './compile/addresses.ts'
import { readClients } from './compile/clients.ts'
import { warn, type Context, type ReadFile } from './compile/context.ts'
import { readInbound } from './compile/inbound.ts'
import { readIssuers } from './compile/issuers.ts'
import { readOutbound } from './compile/outbound.ts'
import { readTokenPrices } from './compile/token-prices.ts'
import type { ConfigDocument } from './document.ts'
import type { Environment } from './interpolate.ts'
import { keyText, sortProblems, type KeyPath } from './problems.ts'
import { keysAt, read, report, valueAt } from './read.ts'
import { configSchema } from './schema.ts'

/** What compiling needs besides the document. */
export type CompileInput = {
  readonly document: ConfigDocument
  /** As given on the command line. */
  readonly file: string
  readonly hash: string
  /** Absolute path of the configuration file, if there is one. */
  readonly path: string | undefined
  /** Where relative file names start. */
  readonly folder: string
  readonly environment: Environment
  readonly readFile: ReadFile
}

/** Every file that was or would have been read, also when there are problems. */
export type Compiled = {
  readonly result: Result<Config, NonEmpty<ConfigProblem>>
  readonly sources: readonly string[]
}

/** The configuration, or all of its problems in the order of the file. No I/O but `readFile`. */
export function compile(input: CompileInput): Compiled {
  const { document, folder, environment, readFile } = input
  const context: Context = {
    ...{ document, folder, environment, readFile },
    problems: [...document.problems],
    warnings: [],
    told: new Set(document.problems.map(({ key }) => key)),
    incomplete: new Set(document.broken.map((path) => keyText(path.slice(0, -1)))),
    sources: new Set(input.path === undefined ? [] : [input.path]),
  }
  const config = readConfig(context, input)
  const sources = [...context.sources]
  // a part that is undefined has reported why
  if (config === undefined || context.problems.length > 0)
    return {
      result: no(sortProblems(nonEmpty(context.problems))),
      sources,
    }
  const warnings = sortProblems(context.warnings)
  return { result: ok({ ...config, sources, warnings }), sources }
}

function readConfig(
  context: Context,
  { file, hash }: CompileInput,
): Omit<Config, 'sources' | 'warnings'> | undefined {
  const root = read(context, [], configSchema, ['issuers', 'inbound', 'clients', 'outbound'])
  if (['inbound', 'outbound'].every((key) => valueAt(context.document, [key]) === undefined))
    report(context, [], 'at least one of inbound and outbound must be there')
  const issuers = readIssuers(context)
  const inbound = readInbound(context)
  const clients = readClients(context, issuers)
  const outbound = readOutbound(context, clients)
  if (root === undefined) return undefined
  const listen = readListen(context, ['admin', 'listen'], root.admin.listen)
  if (listen === undefined) return undefined
  if (listen.kind === 'tcp' && listen.tls !== undefined)
    report(context, ['admin', 'listen', 'tls'], 'the admin listener has no TLS; remove it')
  const { allowRemoteStatus, allowShutdown } = root.admin
  const hosts = root.admin.hosts.map((host) => host.toLowerCase())
  const tokenPrices = readTokenPrices(context, root.admin.tokenPrices)
  const admin: AdminConfig = { listen, allowRemoteStatus, allowShutdown, hosts, tokenPrices }
  const parts = { issuers, inbound, clients, outbound, admin }
  checkListeners(context, parts)
  warnUnused(context, parts)
  return { file, hash, ...parts, log: readLog(root.log), shutdown: root.shutdown }
}

function readLog({ requests, ...log }: z.output<typeof configSchema>['log']): LogConfig {
  const { inbound = log.level, outbound = log.level } = requests
  return { ...log, requests: { inbound, outbound } }
}

type Parts = Pick<Config, 'issuers' | 'inbound' | 'clients' | 'outbound' | 'admin'>

/** Two listeners in one place, and upstreams that lead back to us. */
function checkListeners(context: Context, { inbound, outbound, admin }: Parts): void {
  const listeners: readonly (readonly [string, ListenAddress | undefined])[] = [
    ['inbound', inbound?.listen],
    ['outbound', outbound?.listen],
    ['admin', admin.listen],
  ]
  listeners.forEach(([name, listen], index) => {
    for (const [other, there] of listeners.slice(0, index))
      if (listen !== undefined && there !== undefined && isSamePlace(listen, there))
        report(context, [name, 'listen'], `is taken by ${other}.listen; give it another port`)
  })
  const upstreams: readonly (readonly [KeyPath, string])[] = [
    ...(inbound === undefined ? [] : [[['inbound', 'upstream'], inbound.upstream.origin] as const]),
    ...(outbound?.routes ?? []).map(
      (route) => [pathOf(context, route), route.upstream.origin] as const,
    ),
  ]
  for (const [path, origin] of upstreams)
    for (const [name, listen] of listeners)
      if (listen !== undefined && isSameListener(origin, listen))
        report(context, path, `is our own listener ${name}.listen; write the address of the API`)
}

/** Routes with problems are not in the list, so its index is not that of the file. */
function pathOf({ document }: Context, { line, column }: OutboundRoute): KeyPath {
  const list = valueAt(document, ['outbound', 'routes']) as readonly unknown[]
  const index = list.findIndex((_, at) => {
    const place = document.place(['outbound', 'routes', at])
    return place?.line === line && place.column === column
  })
  return ['outbound', 'routes', index, 'upstream']
}

/** What is configured and used by nobody: most often a misspelled plan. */
function warnUnused(context: Context, { inbound, outbound, clients }: Parts): void {
  const used = new Set([
    ...(inbound?.routes ?? []).flatMap(({ conditions }) =>
      conditions.flatMap((condition) => (condition.kind === 'issuer' ? condition.names : [])),
    ),
    ...clients.flatMap(({ name }) => {
      const issuer = valueAt(context.document, ['clients', name, 'issuer'])
      return typeof issuer === 'string' ? [issuer] : []
    }),
  ])
  for (const name of keysAt(context.document, ['issuers']))
    if (!used.has(name)) warn(context, ['issuers', name], 'is not used by any route or client')
  for (const { name } of clients)
    if (!outbound?.routes.some(({ grant }) => grant.client.name === name))
      warn(context, ['clients', name], 'is not used by any outbound route')
  for (const name of keysAt(context.document, ['inbound', 'policies']))
    if (!inbound?.routes.some(({ policy }) => policy === name))
      warn(context, ['inbound', 'policies', name], 'is not used by any route')
}
