/** Reads a configuration for a question about who may call; what is not here and does not decide that is told and left out. */
import type { Config } from '../config/config.ts'
import { configSource, readTextFile, sourceName } from '../config/load.ts'
import { loadForReview } from '../review/without-secrets.ts'
import { safe } from '../review/route-yaml.ts'
import type { Io } from './io.ts'
import { tellProblems } from './load-or-tell.ts'

export function loadForReviewOrTell(argument: string, io: Io): Config | undefined {
  const source = configSource(argument)
  const loaded = loadForReview(source, { env: io.env, readFile: readTextFile })
  if (!loaded.ok) {
    tellProblems(source, loaded.problem.problems, io)
    return undefined
  }
  for (const { kind, name, key, line } of loaded.value.absent) {
    const what = kind === 'variable' ? `the variable ${name} is not set` : `${name} is not here`
    const told = `${sourceName(source)}:${line} ${key}: ${what}: left out, it does not decide who is let through`
    io.err(`${safe(told)}\n`)
  }
  return loaded.value.config
}
