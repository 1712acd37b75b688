/** Two configurations as text -> what changes. */
import { readPermissions } from '../../src/cloudformation/permissions.ts'
import type { Environment } from '../../src/config/load.ts'
import { compareRevisions, type Report } from '../../src/review/difference/compare.ts'
import { documentOf } from '../../src/review/difference/document.ts'
import { asText, plain } from '../../src/review/difference/as-text.ts'
import { readRevision, type Revision } from '../../src/review/difference/revision.ts'
import { no, ok } from '../../src/units.ts'

export type Around = {
  readonly env?: Environment
  /** Absolute path to content; configurations stand in `/etc/scopegate`. */
  readonly files?: Readonly<Record<string, string>>
  /** Texts of CloudFormation templates, old and new. */
  readonly templates?: readonly [string | readonly string[], string | readonly string[]]
  /** A file of parameters. */
  readonly parameters?: string
}

export function revisionOf(name: string, text: string, { env = {}, files = {} }: Around = {}) {
  return readRevision(
    { name, text, path: '/etc/scopegate/c.yaml' },
    { env, readFile: (file) => (file in files ? ok(files[file] ?? '') : no('does not exist')) },
  )
}

export function reportOf(before: string, after: string, around: Around = {}): Report {
  const revisions = [before, after].map((text, at): Revision => {
    const read = revisionOf(at === 0 ? 'old' : 'new', text, around)
    if (!read.ok) throw new Error(JSON.stringify(read.problem))
    return read.value
  })
  const [old, now] = revisions as [Revision, Revision]
  const permissions = around.templates?.map((texts) => {
    const { parameters } = around
    const read = readPermissions(
      [texts].flat().map((text, at) => ({ file: at === 0 ? 't.yaml' : `t${at}.yaml`, text })),
      parameters === undefined ? [] : [{ file: 'p.json', text: parameters }],
    )
    if (!read.ok) throw new Error(JSON.stringify(read.problem))
    return read.value
  })
  const [one, other] = permissions ?? []
  const compared = compareRevisions(old, now, one && other && { before: one, after: other })
  if (!compared.ok) throw new Error(compared.problem)
  return compared.value
}

/** As a terminal shows it, without the first line and without blank ones. */
export function linesOf(before: string, after: string, around: Around = {}): readonly string[] {
  const report = reportOf(before, after, around)
  return asText(documentOf(report, plain), report)
    .split('\n')
    .slice(1)
    .map((line) => line.trim().replace(/ {2,}/g, ' | '))
    .filter((line) => line !== '')
}
