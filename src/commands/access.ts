/** `scopegate access`: who can call what, for people, spreadsheets, programs and auditors. */
import type { Command } from '../cli.ts'
import { accessReport } from '../review/access/access.ts'
import { filterAccess } from '../review/access/filter.ts'
import { accessPage } from '../review/access/page.ts'
import { accessSections } from '../review/access/sections.ts'
import { accessAsCsv, sectionsAsMarkdown, sectionsAsText } from '../review/access/as-text.ts'
import { type ExitCode, exitCodes, type Io } from './io.ts'
import { loadForReviewOrTell } from './load-for-review.ts'
import { permissionsOrTell } from './permissions-or-tell.ts'

/** Exit code 1 for an invalid configuration, 2 when a filter names what is not there, 3 when a template cannot be read. */
export function access(command: Extract<Command, { name: 'access' }>, io: Io): ExitCode {
  const { templates, parameters, format } = command
  if (templates.length === 0 && parameters.length > 0) {
    io.err('scopegate: --parameters are for templates; add --template\n')
    return exitCodes.usage
  }
  const config = loadForReviewOrTell(command.config, io)
  const permissions =
    templates.length === 0 ? undefined : permissionsOrTell(templates, parameters, io)
  if (templates.length > 0 && permissions === undefined) return exitCodes.failed
  if (config === undefined) return exitCodes.no
  const { inbound } = config
  if (inbound === undefined) {
    io.err(`scopegate: ${config.file} has no inbound section: nobody calls anything through it\n`)
    return exitCodes.no
  }
  const report = filterAccess(accessReport(config, inbound, permissions), command, inbound)
  if (!report.ok) {
    io.err(`scopegate: ${report.problem}\n`)
    return exitCodes.usage
  }
  const sources = { templates, parameters, version: io.version, at: io.clock() }
  switch (format) {
    case 'table':
      io.out(sectionsAsText(accessSections(report.value)))
      break
    case 'markdown':
      io.out(sectionsAsMarkdown('Who can call what', accessSections(report.value)))
      break
    case 'csv':
      io.out(accessAsCsv(report.value))
      break
    case 'json':
      io.out(`${JSON.stringify({ ...report.value, templates, parameters }, null, 2)}\n`)
      break
    case 'html':
      io.out(accessPage(report.value, sources))
  }
  return exitCodes.ok
}
