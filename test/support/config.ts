/** Configurations as text, loaded without a file system. */
import { no, ok } from '../../src/units.ts'
import type { Config } from '../../src/config/config.ts'
import { formatProblem, loadConfig, type Environment } from '../../src/config/load.ts'

export type Around = {
  readonly env?: Environment
  /** Absolute path to content; the configuration itself is `/etc/scopegate/c.yaml`. */
  readonly files?: Readonly<Record<string, string>>
}

export const configFile = '/etc/scopegate/c.yaml'

/** Loads the text as `/etc/scopegate/c.yaml`. */
export function loadText(text: string, { env = {}, files = {} }: Around = {}) {
  const all: Readonly<Record<string, string>> = { ...files, [configFile]: text }
  return loadConfig(
    { file: configFile },
    { env, readFile: (path) => (path in all ? ok(all[path] ?? '') : no('does not exist')) },
  )
}

/** The configuration, or an error that shows the problems. */
export function configOf(text: string, around?: Around): Config {
  const loaded = loadText(text, around)
  if (loaded.ok) return loaded.value
  throw new Error(problemsOf(text, around).join('\n'))
}

/** Every problem as printed, without the file; none when it loads. */
export function problemsOf(text: string, around?: Around): readonly string[] {
  const loaded = loadText(text, around)
  if (loaded.ok) return []
  return loaded.problem.problems.map((problem) => formatProblem('', problem).slice(1))
}

/** An inbound configuration with these routes and more lines of `inbound:`, indented by two. */
export const inboundWith = (routes: string, more = ''): string =>
  [
    'version: 1',
    'issuers: { app: { userPoolId: eu-central-1_a1B2c3D4e } }',
    'inbound:',
    '  listen: 127.0.0.1:8080',
    '  upstream: http://127.0.0.1:3000',
    ...(more === '' ? [] : [more]),
    `  routes: [${routes}]`,
  ].join('\n')

/** An outbound configuration with these routes and more lines of `outbound:`, indented by two. */
export const outboundWith = (routes: string, more = ''): string =>
  [
    'version: 1',
    'clients:',
    '  worker: { tokenEndpoint: https://login.example.com/token, clientId: id, clientSecret: { env: S } }',
    'outbound:',
    ...(more.includes('listen:') ? [] : ['  listen: 127.0.0.1:8081']),
    ...(more === '' ? [] : [more]),
    `  routes: [${routes}]`,
  ].join('\n')

/** What `outboundWith` needs. */
export const secretEnv: Environment = { S: 'a-secret' }
