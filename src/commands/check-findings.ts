/** The findings that `check --template` and `check --lint` tell. */
import { relative, resolve, sep } from 'node:path'
import type { LintOptions } from '../cli/check.ts'
import type { Config, ConfigProblem } from '../config/config.ts'
import type { ConfigDocument } from '../config/document.ts'
import { formatProblem, readTextFile } from '../config/load.ts'
import { printable } from '../config/problems.ts'
import { type Finding, finding, severities } from '../review/lint/finding-table.ts'
import { findingsAsSarif } from '../review/lint/sarif.ts'
import {
  applyIgnoreList,
  type IgnoreEntry,
  type Judged,
  readIgnoreList,
} from '../review/lint/ignore-list.ts'
import { lintClients } from '../review/lint/clients.ts'
import { lintRoutes } from '../review/lint/routes.ts'
import { lintScopes } from '../review/lint/scopes.ts'
import { lintSettings } from '../review/lint/settings.ts'
import type { NonEmpty } from '../units.ts'
import type { Io } from './io.ts'
import { permissionsOrTell } from './permissions-or-tell.ts'

/** Sorted by place; undefined = a file cannot be read, which has been told. */
export function findAll(
  { config, document }: { readonly config: Config; readonly document: ConfigDocument },
  { templates, parameters, ignore }: LintOptions,
  io: Io,
): readonly Judged[] | undefined {
  const permissions =
    templates.length === 0 ? undefined : permissionsOrTell(templates, parameters, io)
  const entries = ignore === undefined ? [] : ignoredOrTell(ignore, io)
  if ((templates.length > 0 && permissions === undefined) || entries === undefined) return undefined
  for (const note of permissions?.notes ?? []) io.err(`${formatProblem(note.file, note)} (note)\n`)
  const findings: readonly Finding[] = [
    ...lintRoutes(config),
    ...lintSettings(config, document),
    ...(permissions === undefined
      ? []
      : [...lintScopes(config, permissions), ...lintClients(permissions)]),
  ]
  return applyIgnoreList(findings, entries, ignore ?? '')
}

function ignoredOrTell(file: string, io: Io): readonly IgnoreEntry[] | undefined {
  const text = readTextFile(file)
  if (!text.ok) {
    io.err(`scopegate: the file ${printable(file)} ${text.problem}\n`)
    return undefined
  }
  const list = readIgnoreList(text.value)
  if (list.ok) return list.value
  for (const problem of list.problem) io.err(`${formatProblem(file, problem)}\n`)
  return undefined
}

/** What is wrong with the configuration itself, for code hosts. Pure. */
export const invalid = (file: string, problems: NonEmpty<ConfigProblem>): readonly Judged[] =>
  problems.map(({ line, column, key, message }) => ({
    ...finding('SG000', { file, line, column, message, names: [key] }),
    ignored: undefined,
  }))

/** Whether one that counts is as severe as this. Pure. */
export function hasFailed(findings: readonly Judged[], failOn: LintOptions['failOn']): boolean {
  const most = severities.indexOf(failOn)
  return findings.some(
    ({ severity, ignored }) => ignored === undefined && severities.indexOf(severity) <= most,
  )
}

/** One line for each that counts, and how many there are. Pure. */
export function findingsAsText(findings: readonly Judged[]): string {
  const counting = findings.filter(({ ignored }) => ignored === undefined)
  const lines = counting.map(
    ({ file, line, column, severity, id, message }) =>
      `${printable(file)}:${line}:${column} ${severity} ${id} ${printable(message)}\n`,
  )
  const counts = severities.map((severity) => {
    const count = counting.filter((one) => one.severity === severity).length
    return `${count} ${severity}${count === 1 ? '' : 's'}`
  })
  const ignored = findings.length - counting.length
  return `${lines.join('')}findings: ${counts.join(', ')}, ${ignored} ignored\n`
}

/** SARIF with names relative to the working directory, which is the repository's in CI. */
export function sarifOf(findings: readonly Judged[], version: string): string {
  const pathOf = (file: string): string => relative('.', resolve(file)).split(sep).join('/')
  return findingsAsSarif(findings, { version, pathOf })
}
