/** The text of a configuration -> what of it decides who is let through, on any machine. */
import { dirname, isAbsolute, resolve } from 'node:path'
import { compile } from '../../config/compile.ts'
import type { Config, ConfigProblem } from '../../config/config.ts'
import { readDocument, type ConfigDocument } from '../../config/document.ts'
import type { ReadFile } from '../../config/compile/context.ts'
import type { Environment } from '../../config/interpolate.ts'
import type { KeyPath } from '../../config/problems.ts'
import { no, ok, type NonEmpty, type Result } from '../../units.ts'
import {
  type Absent,
  absentAt,
  absentFiles,
  hasInbound,
  placeholder,
  withoutAbsent,
} from '../absent.ts'

/** One of two configurations that are compared. */
export type Revision = Pick<Config, 'issuers' | 'inbound'> & {
  /** As given on the command line. */
  readonly name: string
  readonly document: ConfigDocument
  readonly absent: readonly Absent[]
}

export type RevisionSource = {
  readonly name: string
  readonly text: string
  /** Where relative names of files start: the folder of this path. */
  readonly path: string
}

/**
 * Reads a configuration for comparison, or tells all of its problems.
 *
 * Variables and files that are not here do not stop it where they decide nothing; where they name
 * somebody or something (a pool, a client, a scope), both sides are compared by the variable's name.
 * A variable that decides in another way (`mode`, `public`) must be set.
 */
export function readRevision(
  { name, text, path }: RevisionSource,
  deps: { readonly env: Environment; readonly readFile: ReadFile },
): Result<Revision, NonEmpty<ConfigProblem>> {
  const folder = dirname(resolve(path))
  const unset: { path: KeyPath; name: string }[] = []
  const read = readDocument(text, deps.env, (variable, at) => {
    const standIn = placeholder(variable, at)
    if (standIn !== undefined) unset.push({ path: at, name: variable })
    return standIn
  })
  if (!read.ok) return read
  const document = read.value
  const readFile: ReadFile = (file) =>
    deps.readFile(isAbsolute(file) ? file : resolve(folder, file))
  const files = absentFiles(document, { env: deps.env, readFile })
  const variables = unset.map(({ path: at, name: variable }) => ({
    path: at,
    absent: absentAt(document, at, 'variable', variable),
  }))
  const absent = [...variables, ...files]
  const spare = absent
    .filter(({ absent: { treated, kind } }) => treated === 'left out' || kind === 'file')
    .map(({ path: at }) => at)
  const root = withoutAbsent(document, spare)
  const told = absent.map((one) => one.absent)
  if (!hasInbound(document) && document.problems.length === 0 && spare.length > 0)
    return ok({ name, document, absent: told, issuers: [], inbound: undefined })
  const { result } = compile({
    document: { ...document, root },
    ...{ file: name, hash: '', path: undefined, folder, environment: deps.env, readFile },
  })
  if (!result.ok) return no(result.problem)
  const { issuers, inbound } = result.value
  return ok({ name, document, absent: told, issuers, inbound })
}
