/** Reads templates and parameters for a command, or tells every problem on standard error. */
import { readPermissions } from '../cloudformation/permissions.ts'
import type { Permissions, SourceFile } from '../cloudformation/permissions-model.ts'
import { formatProblem, readTextFile } from '../config/load.ts'
import { printable } from '../config/problems.ts'
import type { Io } from './io.ts'

/** Undefined = a file cannot be read or is none of these; it has been told. */
export function permissionsOrTell(
  templates: readonly string[],
  parameters: readonly string[],
  io: Io,
): Permissions | undefined {
  const read = (files: readonly string[]): readonly SourceFile[] =>
    files.flatMap((file) => {
      const text = readTextFile(file)
      if (text.ok) return [{ file, text: text.value }]
      io.err(`scopegate: the file ${printable(file)} ${text.problem}\n`)
      return []
    })
  const sources = [read(templates), read(parameters)] as const
  const permissions = readPermissions(...sources)
  if (!permissions.ok)
    for (const problem of permissions.problem) io.err(`${formatProblem(problem.file, problem)}\n`)
  const isComplete =
    sources[0].length === templates.length && sources[1].length === parameters.length
  return permissions.ok && isComplete ? permissions.value : undefined
}
