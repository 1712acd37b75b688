/** File or variable -> Config, or all of its problems (SPEC 2). */
import { createHash } from 'node:crypto'
import { dirname, resolve } from 'node:path'
import { no, ok, type NonEmpty, type Result } from '../units.ts'
import type { ReadFile } from './compile/context.ts'
import { compile } from './compile.ts'
import type { Config, ConfigProblem } from './config.ts'
import { type ConfigDocument, readDocument, type StandIn } from './document.ts'
import type { Environment } from './interpolate.ts'

export type { ReadFile } from './compile/context.ts'
export type { Environment } from './interpolate.ts'
export { formatProblem } from './problems.ts'
export { readLargeTextFile, readTextFile, readTextFileNow, whyUnreadable } from './text-file.ts'

/** Where the YAML is: a file, or a variable that holds it (Fargate has no file mounts). */
export type ConfigSource = { readonly file: string } | { readonly env: string }

export type LoadDeps = {
  readonly env: Environment
  readonly readFile: ReadFile
}

/** `sources` is there on failure too, so that a correction is noticed. */
export type LoadFailure = {
  readonly problems: NonEmpty<ConfigProblem>
  readonly sources: readonly string[]
}

/** `-c` as given: `env:NAME` or a file. Pure. */
export function configSource(argument: string): ConfigSource {
  return argument.startsWith('env:') ? { env: argument.slice(4) } : { file: argument }
}

/** How the source is named in messages. Pure. */
export const sourceName = (source: ConfigSource): string =>
  'file' in source ? source.file : `env:${source.env}`

/**
 * Reads the configuration and every file that it names. Never throws for what is wrong in them.
 * Relative names start from the file's folder, or from the working directory.
 */
export function loadConfig(source: ConfigSource, deps: LoadDeps): Result<Config, LoadFailure> {
  const loaded = loadDocument(source, deps)
  return loaded.ok ? ok(loaded.value.config) : loaded
}

/** How it is read where it does not run. */
export type Reading = {
  readonly standIn?: StandIn
  /** What is compiled in place of the document as it is written. */
  readonly rootOf?: (document: ConfigDocument) => unknown
}

/** The same, with the document that it was made of: what is written, beside what it means. */
export function loadDocument(
  source: ConfigSource,
  deps: LoadDeps,
  { standIn, rootOf = ({ root }) => root }: Reading = {},
): Result<{ readonly config: Config; readonly document: ConfigDocument }, LoadFailure> {
  const file = sourceName(source)
  const path = 'file' in source ? resolve(source.file) : undefined
  const sources = path === undefined ? [] : [path]
  const text = 'file' in source ? readConfigFile(source.file, deps) : readVariable(source.env, deps)
  if (!text.ok) return no({ problems: [text.problem], sources })
  const read = readDocument(text.value, deps.env, standIn)
  if (!read.ok) return no({ problems: read.problem, sources })
  const document = read.value
  const hash = createHash('sha256').update(text.value).digest('hex')
  const folder = path === undefined ? resolve() : dirname(path)
  const { env: environment, readFile } = deps
  const compiled = compile({
    document: { ...document, root: rootOf(document) },
    ...{ file, hash, path, folder, environment, readFile },
  })
  return compiled.result.ok
    ? ok({ config: compiled.result.value, document })
    : no({ problems: compiled.result.problem, sources: compiled.sources })
}

const whole = (message: string): ConfigProblem => ({ line: 1, column: 1, key: '', message })

function readConfigFile(file: string, { readFile }: LoadDeps): Result<string, ConfigProblem> {
  const read = readFile(resolve(file))
  return read.ok ? read : no(whole(`the file ${read.problem}`))
}

function readVariable(name: string, { env }: LoadDeps): Result<string, ConfigProblem> {
  const text = env[name]
  return text === undefined || text === ''
    ? no(
        whole(
          `the environment variable ${name} is missing or empty; it must hold the configuration`,
        ),
      )
    : ok(text)
}
