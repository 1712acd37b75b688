/** The report as one HTML file that an auditor can keep: it needs no network and no script, and runs none but its own. */
import { createHash } from 'node:crypto'
import { markup, type Markup, textOf } from '../../ops/page/markup.ts'
import type { EpochSeconds } from '../../units.ts'
import type { AccessReport } from './access.ts'
import { pageScript } from './page-script.ts'
import { pageStyle } from './page-style.ts'
import { accessSections, type Section, type Table } from './sections.ts'
import { printable } from '../../config/problems.ts'

export type PageFacts = {
  /** Names of files as given. */
  readonly templates: readonly string[]
  readonly parameters: readonly string[]
  readonly version: string
  readonly at: EpochSeconds
}

const hashOf = (text: string): string =>
  `'sha256-${createHash('sha256').update(text).digest('base64')}'`

/** Everything else is forbidden, whatever the names in the report hold. */
const policy = [
  `default-src 'none'`,
  `style-src ${hashOf(pageStyle)}`,
  `script-src ${hashOf(pageScript)}`,
  'img-src data:',
  `base-uri 'none'`,
  `form-action 'none'`,
].join('; ')

/** The whole document. Pure but for nothing: the same report, files and time give the same text. */
export function accessPage(report: AccessReport, facts: PageFacts): string {
  const sections = accessSections(report)
  const head = markup`<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${policy}"><title>Who can call what: ${shown(report.config.file)}</title><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark"><link rel="icon" href="data:,">`
  const body = markup`<header><h1>Who can call what</h1>${factList(report, facts)}</header>
<main>${filterForm(sections)}${sections.map(sectionOf)}</main>`
  return [
    `<!doctype html>\n<html lang="en"><head>${textOf(head)}<style>${pageStyle}</style></head>`,
    `<body>${textOf(body)}\n<script>${pageScript}</script></body></html>\n`,
  ].join('\n')
}

function shown(text: string): string {
  return printable(text)
}

function factList({ config }: AccessReport, facts: PageFacts): Markup {
  const { templates, parameters, version, at } = facts
  const time = new Date(at * 1000).toISOString()
  const rows: readonly (readonly [string, Markup | string])[] = [
    ['Configuration', shown(config.file)],
    ['SHA-256 of it', markup`<code>${config.hash}</code>`],
    ['Templates', templates.length === 0 ? 'none' : templates.map(shown).join(', ')],
    ['Parameters', parameters.length === 0 ? 'none' : parameters.map(shown).join(', ')],
    ['Generated', markup`<time datetime="${time}">${time}</time> by Scopegate ${version}`],
  ]
  return markup`<dl>${rows.map(([name, value]) => markup`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`
}

/** Hidden until the script has taken hold of it: without one there is nothing that it could do. */
function filterForm(sections: readonly Section[]): Markup | undefined {
  if (sections.every(({ table }) => table === undefined)) return undefined
  const fields = [
    ['client', 'Client'],
    ['path', 'Path'],
    ['scope', 'Scope'],
  ] as const
  return markup`<form id="filter" role="search" aria-label="Filter the tables" hidden>${fields.map(
    ([name, label]) =>
      markup`<div><label for="by-${name}">${label}</label><input id="by-${name}" name="${name}" autocomplete="off" spellcheck="false"></div>`,
  )}<button type="reset">Show all</button><p id="left" role="status"></p></form>`
}

function sectionOf({ title, level, text, table, client }: Section, at: number): Markup {
  const id = `s${at}`
  const lines = text
    .filter((line) => line !== '')
    .map((line) =>
      line.startsWith('UNRESOLVED')
        ? markup`<p class="open">${shown(line)}</p>`
        : markup`<p>${shown(line)}</p>`,
    )
  const head =
    level === 2
      ? markup`<h2 id="${id}">${shown(title)}</h2>`
      : markup`<h3 id="${id}">${shown(title)}</h3>`
  const about = client === undefined ? undefined : shown(client)
  return markup`<section${attribute(about)}>${head}${lines}${table && tableOf(table, id)}</section>
`
}

const attribute = (client: string | undefined): Markup | undefined =>
  client === undefined ? undefined : markup` data-client="${client}"`

function tableOf({ columns, rows }: Table, label: string): Markup {
  const heads = columns.map((column) => markup`<th scope="col">${column}</th>`)
  const names = columns.map(fieldOf)
  return markup`<div class="wide" role="group" aria-labelledby="${label}" tabindex="0"><table aria-labelledby="${label}"><thead><tr>${heads}</tr></thead><tbody>
${rows.map((row) => rowOf(row, names))}</tbody></table></div>`
}

function rowOf(row: readonly string[], names: readonly (string | undefined)[]): Markup {
  const cells = row.map((cell, at) => {
    const field = names[at] === undefined ? undefined : markup` data-is="${names[at]}"`
    if (at === 0) return markup`<th scope="row"${field}>${shown(cell)}</th>`
    const mark = cell.startsWith('UNRESOLVED') ? markup` class="open"` : undefined
    return markup`<td${field}${mark}>${shown(cell)}</td>`
  })
  return markup`<tr>${cells}</tr>
`
}

/** Which filter looks at a column. */
function fieldOf(column: string): string | undefined {
  const fields: Readonly<Record<string, string>> = {
    ...{ Client: 'client', Path: 'path' },
    ...{ By: 'scope', Scopes: 'scope', Needs: 'scope' },
  }
  return fields[column]
}
