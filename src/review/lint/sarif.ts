/** Findings as SARIF 2.1.0 (OASIS), as code hosts read it. Pure. */
import { createHash } from 'node:crypto'
import { findingIds, findingKinds } from './finding-table.ts'
import type { Judged } from './ignore-list.ts'

export type SarifFacts = {
  readonly version: string
  /** A file's name as given -> relative to the repository, with slashes. */
  readonly pathOf: (file: string) => string
}

/** One run, one rule for each finding; what is ignored is there, and suppressed with its reason. */
export function findingsAsSarif(findings: readonly Judged[], facts: SarifFacts): string {
  const log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'Scopegate',
            version: facts.version,
            semanticVersion: facts.version,
            rules: findingIds.map(ruleOf),
          },
        },
        columnKind: 'utf16CodeUnits',
        results: resultsOf(findings, facts),
      },
    ],
  }
  return `${JSON.stringify(log, null, 2)}\n`
}

function ruleOf(id: (typeof findingIds)[number]): object {
  const { title, why, cure, severity } = findingKinds[id]
  return {
    id,
    name: id,
    shortDescription: { text: `${title}.` },
    fullDescription: { text: why },
    help: { text: `${why} ${cure}`, markdown: `${why}\n\n${cure}` },
    defaultConfiguration: { level: severity },
  }
}

function resultsOf(findings: readonly Judged[], { pathOf }: SarifFacts): readonly object[] {
  const seen = new Map<string, number>()
  return findings.map((one) => {
    const uri = pathOf(one.file).split('/').map(encodeURIComponent).join('/')
    // by what it is about, not by its line: a finding stays the same when lines are put before it
    const key = JSON.stringify([one.id, uri, one.names])
    const count = seen.get(key) ?? 0
    seen.set(key, count + 1)
    const fingerprint = createHash('sha256').update(`${key}:${count}`).digest('hex')
    return {
      ruleId: one.id,
      ruleIndex: findingIds.indexOf(one.id),
      level: one.severity,
      message: { text: one.message },
      locations: [
        {
          physicalLocation: {
            artifactLocation: { uri, uriBaseId: '%SRCROOT%' },
            region: { startLine: one.line, startColumn: one.column },
          },
        },
      ],
      partialFingerprints: { 'scopegateFinding/v1': fingerprint },
      ...(one.ignored === undefined
        ? {}
        : { suppressions: [{ kind: 'external', justification: one.ignored }] }),
    }
  })
}
