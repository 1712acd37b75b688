/** `scopegate import`: routes from what an API says of itself, for people to review. */
import type { Command } from '../cli.ts'
import { formatProblem } from '../config/load.ts'
import { importedJson, importedYaml } from '../review/openapi/written.ts'
import { safe } from '../review/route-yaml.ts'
import { type ExitCode, exitCodes, type Io } from './io.ts'
import { readDocument } from './openapi-drift.ts'

/** Exit code 1 when something of the document is not in the routes. */
export function importRoutes(command: Extract<Command, { name: 'import' }>, io: Io): ExitCode {
  const { file, json } = command
  const read = readDocument(command)
  if (!read.ok) {
    for (const message of read.problem) io.err(`${message}\n`)
    return exitCodes.failed
  }
  const { findings } = read.value
  for (const finding of findings)
    io.err(`${safe(formatProblem(file, finding))}${finding.isProblem ? '' : ' (warning)'}\n`)
  io.out(
    json
      ? `${JSON.stringify(importedJson(file, read.value), null, 2)}\n`
      : importedYaml(file, read.value),
  )
  return findings.some(({ isProblem }) => isProblem) ? exitCodes.no : exitCodes.ok
}
