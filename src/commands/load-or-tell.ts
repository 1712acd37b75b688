/** Reads a configuration for a command, or tells every problem on standard error. */
import type { Config, ConfigProblem } from '../config/config.ts'
import {
  type ConfigSource,
  configSource,
  formatProblem,
  loadConfig,
  readTextFile,
  sourceName,
} from '../config/load.ts'
import type { Io } from './io.ts'

export function loadOrTell(argument: string, io: Io): Config | undefined {
  const source = configSource(argument)
  const loaded = loadConfig(source, { env: io.env, readFile: readTextFile })
  if (loaded.ok) return loaded.value
  tellProblems(source, loaded.problem.problems, io)
  return undefined
}

/** One line for each, on standard error. */
export function tellProblems(
  source: ConfigSource,
  problems: readonly ConfigProblem[],
  io: Io,
): void {
  for (const problem of problems) io.err(`${formatProblem(sourceName(source), problem)}\n`)
}
