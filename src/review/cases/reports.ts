/** Results of cases as text, TAP 14, JUnit XML or JSON. Pure. */
import { describeOutcome } from '../explain/as-json.ts'
import { plainText } from '../explain/as-text.ts'
import type { CaseResult, CaseResults, RouteCoverage } from './results.ts'

export type CaseReport = CaseResults & {
  /** The file of the cases, and that of the configuration. */
  readonly file: string
  readonly config: string
  readonly configHash: string
  /** In percent; undefined = coverage is told, and that is all. */
  readonly minCoverage: number | undefined
}

/** Whether all cases hold, and they touch enough. Pure. */
export function isGood({ failed, percent, minCoverage = 0 }: CaseReport): boolean {
  return failed === 0 && percent >= minCoverage
}

/** For people: what failed and why, then the sum. */
export function casesText(report: CaseReport): string {
  const { file, results, failed } = report
  const bad = results.filter(({ failures }) => failures.length > 0)
  const reported = results.filter(({ isReportOnly }) => isReportOnly).length
  const text = [
    ...bad.flatMap((result) => [
      `not ok  ${result.asked.name} (${file}:${result.asked.line})`,
      ...result.failures.map((failure) => `        ${failure}`),
      ...indented(result.explanation(), 8),
      '',
    ]),
    `${file}: ${counted(results.length, 'case')}, ${results.length - failed} passed, ${failed} failed`,
    ...(reported === 0
      ? []
      : [
          `report mode: ${counted(reported, 'denial')} of these would only be logged, and the request forwarded`,
        ]),
    coverageLine(report),
    ...untouched(report).map(
      ({ route }) => `  no case  ${route.id} (${report.config}:${route.line})`,
    ),
  ]
  return lines(text.map(plainText))
}

/** Test Anything Protocol, version 14: a test point a case, and one for the coverage that is asked for. */
export function casesTap(report: CaseReport): string {
  const { results, file, minCoverage, percent } = report
  const wanted = minCoverage === undefined ? [] : [percent >= minCoverage]
  return lines([
    'TAP version 14',
    `1..${results.length + wanted.length}`,
    ...results.flatMap((result, index) => {
      const isOk = result.failures.length === 0
      const point = `${isOk ? 'ok' : 'not ok'} ${index + 1} - ${tapText(result.asked.name)}`
      return isOk ? [point] : [point, ...diagnosis(result, file)]
    }),
    ...wanted.map(
      (isOk) => `${isOk ? 'ok' : 'not ok'} ${results.length + 1} - ${coverageName(report)}`,
    ),
    `# ${coverageLine(report)}`,
    ...untouched(report).map(
      ({ route }) => `# no case: ${route.id} (${report.config}:${route.line})`,
    ),
  ])
}

/** A YAML block of TAP 14; texts are JSON, which YAML reads. */
function diagnosis({ asked, failures, explanation }: CaseResult, file: string): readonly string[] {
  return [
    '  ---',
    `  message: ${JSON.stringify(failures.join('; '))}`,
    '  at:',
    `    fileName: ${JSON.stringify(file)}`,
    `    lineNumber: ${asked.line}`,
    '  explanation:',
    ...explanation().map((line) => `    - ${JSON.stringify(line)}`),
    '  ...',
  ]
}

/** `#` would begin a directive. */
const tapText = (text: string): string => oneLine(text).replace(/[\\#]/g, '\\$&')

/** JUnit XML, as CI systems read it. */
export function casesJunit(report: CaseReport): string {
  const { results, file, failed, minCoverage, percent } = report
  const isLow = minCoverage !== undefined && percent < minCoverage
  const tests = results.length + (minCoverage === undefined ? 0 : 1)
  const sum = `tests="${tests}" failures="${failed + (isLow ? 1 : 0)}" errors="0" skipped="0" time="0"`
  const suite = `classname="${xml(file)}" file="${xml(file)}"`
  return lines([
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="scopegate test" ${sum}>`,
    `  <testsuite name="${xml(file)}" ${sum}>`,
    ...results.flatMap(({ asked, failures, explanation }) => {
      const start = `    <testcase name="${xml(oneLine(asked.name))}" ${suite} line="${asked.line}" time="0"`
      if (failures.length === 0) return [`${start}/>`]
      return [`${start}>`, ...failure(failures.join('; '), explanation()), '    </testcase>']
    }),
    ...(minCoverage === undefined
      ? []
      : [
          `    <testcase name="${xml(coverageName(report))}" ${suite} time="0">`,
          ...(isLow ? failure(coverageLine(report), untouched(report).map(placed(report))) : []),
          '    </testcase>',
        ]),
    '  </testsuite>',
    '</testsuites>',
  ])
}

function failure(message: string, text: readonly string[]): readonly string[] {
  return [
    `      <failure type="case" message="${xml(message)}">`,
    ...text.map((line) => xml(line)),
    '      </failure>',
  ]
}

/** Characters that XML 1.0 has no way to write are left out. */
function xml(text: string): string {
  return text
    .replace(/[^\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('"', '&quot;')
    .replaceAll(']]>', ']]&gt;')
}

/** For programs; members are only ever added. */
export function casesJson(report: CaseReport): object {
  const { file, config, configHash, results, failed, percent, coverage, minCoverage } = report
  return {
    ...{ ok: isGood(report), file, config, configHash },
    ...{ passed: results.length - failed, failed },
    cases: results.map(({ asked, explained, failures, isReportOnly, explanation }) => ({
      ...{ name: asked.name, line: asked.line, request: explained.method + ' ' + explained.target },
      ...{ ok: failures.length === 0, expect: asked.expect, decision: explained.decision },
      outcomes: explained.outcomes.map(({ outcome }) => describeOutcome(outcome)),
      route: explained.route?.id ?? null,
      ...{ failures, reportOnly: isReportOnly },
      explanation: failures.length === 0 ? [] : explanation(),
    })),
    coverage: {
      ...{ percent, minimum: minCoverage ?? null },
      routes: coverage.map(({ route: { id, line }, ...counts }) => ({ id, line, ...counts })),
    },
  }
}

const untouched = ({ coverage }: CaseReport): readonly RouteCoverage[] =>
  coverage.filter(({ allowed, denied }) => allowed + denied === 0)

const placed =
  ({ config }: CaseReport) =>
  ({ route }: RouteCoverage): string =>
    `no case: ${route.id} (${config}:${route.line})`

function coverageLine(report: CaseReport): string {
  const { coverage, percent, minCoverage } = report
  const touched = coverage.length - untouched(report).length
  const wanted =
    minCoverage === undefined || percent >= minCoverage ? '' : `, less than ${minCoverage} %`
  return `coverage: ${touched} of ${counted(coverage.length, 'route')}, ${percent} %${wanted}`
}

const coverageName = ({ minCoverage = 0 }: CaseReport): string =>
  `cases touch at least ${minCoverage} % of the routes`

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`
const oneLine = (text: string): string => plainText(text.replace(/\s+/g, ' '))
const indented = (all: readonly string[], by: number): readonly string[] =>
  all.map((line) => (line === '' ? '' : ' '.repeat(by) + line))
const lines = (all: readonly string[]): string => all.map((line) => `${line}\n`).join('')
