/** Sections as text for terminals, as Markdown and as rows of CSV. Pure; the same report gives the same text. */
import { printable } from '../../config/problems.ts'
import type { AccessReport } from './access.ts'
import type { Section, Table } from './sections.ts'

/** Plain text: columns under each other, no line ends with a blank. */
export function sectionsAsText(sections: readonly Section[]): string {
  return sections
    .map(({ title, level, text, table }) => {
      const head = level === 2 ? printable(title).toUpperCase() : printable(title)
      const lines = text.filter((line) => line !== '').map((line) => `  ${printable(line)}`)
      return [head, ...lines, ...(table === undefined ? [] : columns(table))].join('\n')
    })
    .join('\n\n')
    .concat('\n')
}

function columns({ columns: heads, rows }: Table): readonly string[] {
  const all = [heads, ...rows.map((row) => row.map(printable))]
  const widths = heads.map(() => 0)
  for (const row of all)
    row.forEach((cell, at) => (widths[at] = Math.max(Number(widths[at]), cell.length)))
  return all.map((row) =>
    `  ${row.map((cell, at) => cell.padEnd(Number(widths[at]))).join('  ')}`.trimEnd(),
  )
}

/** For a pull request or a wiki; everything escaped. */
export function sectionsAsMarkdown(title: string, sections: readonly Section[]): string {
  const parts = sections.map(({ title: head, level, text, table }) => {
    const lines = text.filter((line) => line !== '').map((line) => `- ${escaped(line)}`)
    return [
      `${'#'.repeat(level)} ${escaped(head)}`,
      ...(lines.length === 0 ? [] : [lines.join('\n')]),
      ...(table === undefined ? [] : [markdownTable(table)]),
    ].join('\n\n')
  })
  return `${[`# ${escaped(title)}`, ...parts].join('\n\n')}\n`
}

function markdownTable({ columns: heads, rows }: Table): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(escaped).join(' | ')} |`
  return [line(heads), `|${' --- |'.repeat(heads.length)}`, ...rows.map(line)].join('\n')
}

/** Text that means nothing to Markdown, HTML or the mentions of code hosts. Pure. */
function escaped(text: string): string {
  return printable(text)
    .replace(/[&<>@|#]|:(?=\/\/)/g, (sign) => `&#${sign.charCodeAt(0)};`)
    .replace(/[\\`*_{}[\]()!~]/g, '\\$&')
}

const csvHead = [
  ...['who', 'issuer', 'path', 'methods', 'by', 'sure', 'unresolved', 'route', 'declared'],
]

/**
 * RFC 4180 with line feeds; one line for each path that somebody can or may call. A cell that a spreadsheet
 * would take for a formula begins with an apostrophe.
 */
export function accessAsCsv(report: AccessReport): string {
  const { routes, clients = [], config } = report
  const at = (lines: readonly number[]): string =>
    lines.map((line) => `${config.file}:${line}`).join(' ')
  const open = routes.flatMap(({ kind, path, methods, needs, conditions, mode, line }) => {
    const isOpen = kind === 'public' || mode === 'report'
    const who = isOpen ? 'everybody' : kind === 'authenticated' ? needs : undefined
    const by = isOpen && kind !== 'public' ? `report mode (needs ${needs})` : kind
    const asked = isOpen ? '' : conditions.join('; ')
    if (who !== undefined)
      return [[who, '', path, methods.join(' '), by, 'yes', asked, at([line]), '']]
    return report.clients === undefined
      ? [[needs, '', path, methods.join(' '), 'scopes', 'yes', asked, at([line]), '']]
      : []
  })
  const held = clients.flatMap(({ name, issuer = '', grants, openScopes, file, line }) => {
    const declared = `${file}:${line}`
    return [
      ...openScopes.map((scope) => [name, issuer, '*', '*', 'scope', 'no', scope, '', declared]),
      ...grants.map(({ path, methods, by, unresolved, lines }) => [
        ...[name, issuer, path, methods.join(' '), by, unresolved.length === 0 ? 'yes' : 'no'],
        ...[unresolved.join('; '), at(lines), declared],
      ]),
    ]
  })
  return [csvHead, ...open, ...held].map((row) => `${row.map(csvCell).join(',')}\n`).join('')
}

function csvCell(cell: string): string {
  const text = printable(cell)
  const safe = /^[=+\-@]/.test(text) ? `'${text}` : text
  return /[",]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
