/** What every part of the compiler is handed: where problems go, where files and variables come from. */
import { isAbsolute, resolve } from 'node:path'
import type { Result } from '../../units.ts'
import type { ConfigProblem } from '../config.ts'
import type { Environment } from '../interpolate.ts'
import type { KeyPath } from '../problems.ts'
import { placeOf, problemAt, report, type Report } from '../read.ts'

/** A file's text, or why it cannot be read in words that follow its name: `does not exist`. */
export type ReadFile = (path: string) => Result<string, string>

export type Context = Report & {
  readonly warnings: ConfigProblem[]
  /** Absolute paths, also of files that could not be read. */
  readonly sources: Set<string>
  /** Folder that relative paths start from. */
  readonly folder: string
  readonly environment: Environment
  readonly readFile: ReadFile
}

/** The file named at `path`, watched from now on; undefined when it cannot be read, which is reported. */
export function readSource(context: Context, path: KeyPath, name: string): string | undefined {
  const file = isAbsolute(name) ? name : resolve(context.folder, name)
  context.sources.add(file)
  const read = context.readFile(file)
  if (read.ok) return read.value
  report(context, path, `the file ${shown(context, path)} ${read.problem}`)
  return undefined
}

/** Adds a warning at this place. */
export function warn(context: Context, path: KeyPath, message: string): void {
  context.warnings.push(problemAt(context.document, path, message))
}

/** The value as the file has it: never what the environment put in. Quoted, and cut when long. */
export function shown(context: Context, path: KeyPath): string {
  const source = sourceAt(context, path)
  return JSON.stringify(source.length > 80 ? `${source.slice(0, 80)}…` : source)
}

/** As the file has it. Of a scalar that is there. */
export function sourceAt(context: Context, path: KeyPath): string {
  return String(placeOf(context.document, path).source)
}

/** Reports that a later version will know this key, when it is there. */
export function notYet(context: Context, path: KeyPath, value: unknown, instead: string): void {
  if (value !== undefined) report(context, path, `not supported yet; ${instead}`)
}
