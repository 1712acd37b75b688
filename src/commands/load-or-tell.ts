/** Reads a configuration for a command, or tells every problem on standard error. */
import type { Config } from '../config/config.ts'
import {
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
  for (const problem of loaded.problem.problems)
    io.err(`${formatProblem(sourceName(source), problem)}\n`)
  return undefined
}
