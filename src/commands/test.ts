/** `scopegate test`: cases against a configuration, by the code that serves requests. No network. */
import { resolve } from 'node:path'
import type { Command } from '../cli.ts'
import { formatProblem, readTextFile } from '../config/load.ts'
import { printable } from '../config/problems.ts'
import { knownIssuers } from '../review/explain/asked-token.ts'
import {
  type CaseReport,
  casesJson,
  casesJunit,
  casesTap,
  casesText,
  isGood,
} from '../review/cases/reports.ts'
import { judgeCases } from '../review/cases/results.ts'
import { readCases } from '../review/cases/cases.ts'
import { type ExitCode, exitCodes, type Io } from './io.ts'
import { loadForReviewOrTell } from './load-for-review.ts'

type TestCommand = Extract<Command, { name: 'test' }>

/** Exit code 1 when a case fails or too few routes are touched, 3 when a file cannot be read. */
export function test(command: TestCommand, io: Io): ExitCode {
  const { cases: file, minCoverage } = command
  const config = loadForReviewOrTell(command.config, io)
  if (config === undefined) return exitCodes.failed
  const { inbound, hash: configHash } = config
  if (inbound === undefined)
    return fail(`${config.file} has no inbound: there is nothing to test`, io)
  const text = readTextFile(resolve(file))
  if (!text.ok) return fail(`the file ${printable(file)} ${text.problem}`, io)
  const cases = readCases(text.value, {
    issuers: knownIssuers(config),
    env: io.env,
    now: io.clock(),
  })
  if (!cases.ok) {
    for (const problem of cases.problem) io.err(`${formatProblem(file, problem)}\n`)
    return exitCodes.failed
  }
  const results = judgeCases(cases.value, config, inbound)
  const report = { ...results, file, config: config.file, configHash, minCoverage }
  io.out(print(report, command.format))
  return isGood(report) ? exitCodes.ok : exitCodes.no
}

function print(report: CaseReport, format: TestCommand['format']): string {
  switch (format) {
    case 'text':
      return casesText(report)
    case 'tap':
      return casesTap(report)
    case 'junit':
      return casesJunit(report)
    case 'json':
      return `${JSON.stringify(casesJson(report), null, 2)}\n`
  }
}

function fail(problem: string, io: Io): ExitCode {
  io.err(`scopegate: ${problem}\n`)
  return exitCodes.failed
}
