/** `scopegate check --openapi`: the document beside the configuration. */
import type { OpenapiOptions } from '../cli/openapi.ts'
import type { Config } from '../config/config.ts'
import { formatProblem, readLargeTextFile } from '../config/load.ts'
import { type Drift, driftOf } from '../review/openapi/drift.ts'
import { type Imported, importOpenapi } from '../review/openapi/import.ts'
import { safe } from '../review/route-yaml.ts'
import { no, type Result } from '../units.ts'
import type { Io } from './io.ts'

/** MiB; GitHub's document of some 1200 operations has 13. */
const largestDocument = 64

/** Undefined when there is nothing to compare: why is told on standard error, as all that cannot be compared. */
export function readDrift(
  options: OpenapiOptions,
  { inbound }: Config,
  io: Io,
): readonly Drift[] | undefined {
  const read = readDocument(options)
  if (inbound === undefined || !read.ok) {
    const lacks = 'the configuration has no inbound that the document could be held against'
    const messages = read.ok ? [lacks] : read.problem
    for (const message of messages) io.err(`${message}\n`)
    return undefined
  }
  for (const finding of read.value.findings)
    if (finding.isProblem) io.err(`${safe(formatProblem(options.file, finding))} (not compared)\n`)
  return driftOf(read.value, inbound)
}

/** Reads the document; the problem is what to tell, line by line. */
export function readDocument({
  file,
  scopePrefix,
  basePath,
}: OpenapiOptions): Result<Imported, readonly string[]> {
  const text = readLargeTextFile(largestDocument)(file)
  if (!text.ok) return no([safe(`${file}: the file ${text.problem}`)])
  const imported = importOpenapi(text.value, { scopePrefix, basePath })
  if (imported.ok) return imported
  return no(imported.problem.map((problem) => safe(formatProblem(file, problem))))
}

/** One line for each, as editors and terminals understand it, and how many there are. Pure. */
export function driftLines(
  drift: readonly Drift[],
  document: string,
  configuration: string,
): readonly string[] {
  const lines = drift.map((one) => {
    const file = one.in === 'document' ? document : configuration
    return `${safe(formatProblem(file, { ...one, key: '' }))}\n`
  })
  const count = drift.length === 1 ? '1 difference' : `${drift.length} differences`
  return [...lines, `${document} and ${configuration}: ${count}\n`]
}
