/** `scopegate check`: everything that is wrong with a configuration; `--online` asks issuers and token endpoints too. */
import type { Command } from '../cli.ts'
import type { Config } from '../config/config.ts'
import { configSource, formatProblem, loadDocument, readTextFile } from '../config/load.ts'
import { exposureWarnings } from '../ops/exposure.ts'
import { findAll, findingsAsText, hasFailed, invalid, sarifOf } from './check-findings.ts'
import { type ExitCode, exitCodes, type Io } from './io.ts'
import { askOnline, type OnlineResult } from './online.ts'
import { driftLines, readDrift } from './openapi-drift.ts'

/**
 * Exit code 0 when the configuration is valid, with `--online` every answer was good, and with `--lint` or
 * `--template` no finding is severe; 3 when a template or ignore list cannot be read.
 */
export async function check(
  { config: argument, json, online, lint, openapi }: Extract<Command, { name: 'check' }>,
  io: Io,
): Promise<ExitCode> {
  const loaded = loadDocument(configSource(argument), { env: io.env, readFile: readTextFile })
  if (!loaded.ok) {
    const { problems } = loaded.problem
    if (json) print(io, { ok: false, file: argument, problems, warnings: [] })
    else if (lint?.sarif === true) io.out(sarifOf(invalid(argument, problems), io.version))
    else for (const problem of problems) io.out(`${formatProblem(argument, problem)}\n`)
    return exitCodes.no
  }
  const { config, document } = loaded.value
  const findings = lint === undefined ? [] : findAll({ config, document }, lint, io)
  if (findings === undefined) return exitCodes.failed
  const drift = openapi === undefined ? [] : readDrift(openapi, config, io)
  if (drift === undefined) return exitCodes.failed
  const answers = online ? await askOnline(config, io) : []
  const warnings = [...config.warnings, ...(online ? await exposureWarnings(config) : [])]
  const isGood =
    answers.every((answer) => answer.ok) &&
    drift.length === 0 &&
    (lint === undefined || !hasFailed(findings, lint.failOn))
  if (json) {
    const { hash } = config
    const asked = online ? { online: answers } : {}
    const found = {
      ...(lint === undefined ? {} : { findings }),
      ...(openapi === undefined ? {} : { drift }),
    }
    print(io, { ok: isGood, file: argument, hash, problems: [], warnings, ...asked, ...found })
    return isGood ? exitCodes.ok : exitCodes.no
  }
  const isSarif = lint?.sarif === true
  if (openapi)
    for (const line of driftLines(drift, openapi.file, argument)) (isSarif ? io.err : io.out)(line)
  if (isSarif) io.out(sarifOf(findings, io.version))
  else {
    tell(argument, { ...config, warnings }, answers, io)
    if (lint !== undefined) io.out(findingsAsText(findings))
  }
  return isGood ? exitCodes.ok : exitCodes.no
}

function print(io: Io, result: object): void {
  io.out(`${JSON.stringify(result, null, 2)}\n`)
}

function tell(file: string, config: Config, answers: readonly OnlineResult[], io: Io): void {
  for (const warning of config.warnings) io.err(`${formatProblem(file, warning)} (warning)\n`)
  for (const { ok, what, detail } of answers) io.out(`${ok ? 'ok' : 'no'}  ${what}: ${detail}\n`)
  const failed = answers.filter((answer) => !answer.ok).length
  const routes = (config.inbound?.routes.length ?? 0) + (config.outbound?.routes.length ?? 0)
  const { issuers, clients } = config
  io.out(
    failed > 0
      ? `${file} is valid, but ${failed} of ${counted(answers.length, 'online check')} failed\n`
      : `${file} is valid: ${counted(routes, 'route')}, ${counted(issuers.length, 'issuer')}, ${counted(clients.length, 'client')}\n`,
  )
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`
