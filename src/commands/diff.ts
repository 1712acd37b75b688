/** `scopegate diff OLD NEW`: which requests two configurations decide differently, and whose. */
import type { Command } from '../cli.ts'
import { formatProblem, readTextFile } from '../config/load.ts'
import { withNames } from '../review/absent.ts'
import { compareRevisions, type Templates } from '../review/difference/compare.ts'
import { documentOf } from '../review/difference/document.ts'
import { asJson } from '../review/difference/as-json.ts'
import { asMarkdown, asText, code, plain } from '../review/difference/as-text.ts'
import { readRevision, type Revision } from '../review/difference/revision.ts'
import { no, ok, type Result } from '../units.ts'
import { type ExitCode, exitCodes, type Io } from './io.ts'
import { permissionsOrTell } from './permissions-or-tell.ts'
import { readRevisionText } from './read-revision-text.ts'

type DiffCommand = Extract<Command, { name: 'diff' }>

/** Exit code 1 with `--fail-on widened` when somebody can call more than before; 3 when one cannot be read. */
export async function diff(command: DiffCommand, io: Io): Promise<ExitCode> {
  const before = await readOrTell(command.before, io)
  const after = await readOrTell(command.after, io)
  const templates = templatesOrTell(command, io)
  if (before === undefined || after === undefined || !templates.ok) return exitCodes.failed
  const compared = compareRevisions(before, after, templates.value)
  if (!compared.ok) {
    io.err(`scopegate: the two configurations cannot be compared: ${compared.problem}\n`)
    return exitCodes.failed
  }
  const report = compared.value
  const variables = report.absent.filter(({ kind }) => kind === 'variable')
  io.out(
    withNames(
      printed(report, command.format),
      variables.map(({ name }) => name),
    ),
  )
  return command.failOnWidened && report.isWidened ? exitCodes.no : exitCodes.ok
}

/** One side's templates count for both where the other has none: then only routes differ. */
function templatesOrTell(
  { templates: { before, after }, parameters }: DiffCommand,
  io: Io,
): Result<Templates | undefined, 'told'> {
  if (before.length === 0 && after.length === 0) return ok(undefined)
  const old = permissionsOrTell(before.length === 0 ? after : before, parameters, io)
  const isSame = before.length === 0 || after.length === 0
  const now = isSame ? old : permissionsOrTell(after, parameters, io)
  return old === undefined || now === undefined ? no('told') : ok({ before: old, after: now })
}

async function readOrTell(argument: string, io: Io): Promise<Revision | undefined> {
  const read = await readRevisionText(argument, io)
  if (!read.ok) {
    io.err(`${argument}: ${read.problem}\n`)
    return undefined
  }
  const deps = { env: io.env, readFile: readTextFile }
  const revision = readRevision({ name: argument, ...read.value }, deps)
  if (revision.ok) return revision.value
  for (const problem of revision.problem) io.err(`${formatProblem(argument, problem)}\n`)
  return undefined
}

function printed(report: Parameters<typeof asJson>[0], format: DiffCommand['format']): string {
  switch (format) {
    case 'text':
      return asText(documentOf(report, plain), report)
    case 'markdown':
      return asMarkdown(documentOf(report, code), report)
    case 'json':
      return `${JSON.stringify(asJson(report), null, 2)}\n`
  }
}
