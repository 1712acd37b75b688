/** A difference for terminals and for pull requests. Pure; what comes from a configuration is made harmless. */
import type { DifferenceDocument, Section } from './document.ts'

/** A name as a terminal may show it: no control characters, no marks that turn the direction of text. */
export function plain(name: string): string {
  return name.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, '?')
}

/** A code span: nothing in it is a link, a mention, markup or the end of a table's cell. */
export function code(name: string): string {
  const text = plain(name).replaceAll('|', '\\|')
  if (text === '') return '(empty)'
  const longest = Math.max(0, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length))
  const fence = '`'.repeat(longest + 1)
  const gap = text.startsWith('`') || text.endsWith('`') || /^ .* $/.test(text) ? ' ' : ''
  return `${fence}${gap}${text}${gap}${fence}`
}

/** As text: columns side by side, the last as wide as it is. */
export function asText({ summary, sections, notes }: DifferenceDocument, names: Names): string {
  const lines = [`${plain(names.before)} -> ${plain(names.after)}: ${summary}`]
  for (const section of sections) lines.push('', section.title, ...textRows(section))
  if (notes.length > 0) lines.push('', ...notes.map((note) => `note: ${note}`))
  return `${lines.join('\n')}\n`
}

type Names = { readonly before: string; readonly after: string }

const widest = 48

function textRows({ rows }: Section): readonly string[] {
  const widths = rows.reduce<readonly number[]>(
    (wide, row) => row.map((cell, at) => Math.max(wide[at] ?? 0, cell.length)),
    [],
  )
  // as many widths as a row has cells
  const pad = (cell: string, at: number) => cell.padEnd(Math.min(widest, widths[at] as number))
  return rows.map((row) => `  ${row.map(pad).join('  ')}`.trimEnd())
}

/** A comment may have 65,536 characters on GitHub; this stays below whatever is compared. */
const longest = 60_000

/** As Markdown for a comment: the summary first. Long tables are cut, which is said. */
export function asMarkdown(document: DifferenceDocument, names: Names): string {
  let text = ''
  for (const most of [100, 30, 10, 3]) {
    text = markdown(document, names, most)
    if (text.length <= longest) return text
  }
  return `**Access: ${document.summary}**\n\nThe tables are too long for a comment: \`scopegate diff\` prints them.\n`
}

function markdown(
  { summary, sections, notes }: DifferenceDocument,
  { before, after }: Names,
  most: number,
): string {
  const blocks = [`**Access: ${summary}**`, `${code(before)} → ${code(after)}`]
  for (const { title, columns, rows } of sections) {
    const lines = [columns, columns.map(() => '---'), ...rows.slice(0, most)]
    const table = lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
    const left = rows.length - most
    blocks.push(`### ${title}`, table)
    if (left > 0) blocks.push(`And ${left} more: \`scopegate diff\` prints all of them.`)
  }
  if (notes.length > 0) blocks.push(notes.map((note) => `- ${note}`).join('\n'))
  return `${blocks.join('\n\n')}\n`
}
