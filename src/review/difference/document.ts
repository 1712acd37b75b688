/** A report as sections of tables, which terminals and Markdown show in their own ways. Pure. */
import type { AccessChange, Row } from '../../decision/difference/difference.ts'
import type { Absent } from '../absent.ts'
import type { ClientChange, ClientEffect } from './clients.ts'
import type { Report } from './compare.ts'
import { gainText, methodsText, pathsText, type Words } from './words.ts'
import type { Setting } from './setting.ts'

export type Section = {
  readonly title: string
  readonly columns: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

export type DifferenceDocument = {
  /** `widened`, `narrowed`, `widened and narrowed` or `no change of access`, and how many rows of what. */
  readonly summary: string
  readonly sections: readonly Section[]
  readonly notes: readonly string[]
}

/** Everything that there is to tell; sections without rows are left out. */
export function documentOf(report: Report, quote: Words['quote']): DifferenceDocument {
  const words: Words = { quote, hasIssuers: report.hasIssuers }
  const rows = (title: string, is: (row: Row<AccessChange>) => boolean): Section => ({
    ...{ title, columns: ['methods', 'paths', 'who'] },
    rows: report.rows.filter(is).map((row) => cells(row, words)),
  })
  const other = 'In other spellings (upper and lower case): '
  const sections: readonly Section[] = [
    rows('Open to everyone now, without a token', (row) => row.isWritten && isOpened(row)),
    settingsSection('Settings that change who is let through', report.settings, quote, true),
    rows(
      'Newly callable',
      (row) => row.isWritten && row.change.direction === 'gained' && !isOpened(row),
    ),
    rows('No longer callable', (row) => row.isWritten && row.change.direction === 'lost'),
    clientsSection(report.clients ?? [], quote),
    rows(`${other}newly callable`, (row) => !row.isWritten && row.change.direction === 'gained'),
    rows(`${other}no longer callable`, (row) => !row.isWritten && row.change.direction === 'lost'),
    settingsSection('Other settings', report.settings, quote, false),
  ]
  return {
    summary: summaryOf(report),
    sections: sections.filter(({ rows }) => rows.length > 0),
    notes: [
      ...report.assumptions.map((one) => quote(one)),
      ...report.absent.map((one) => noteOf(one, quote)),
    ],
  }
}

/** The first line: what a reviewer must know at least. */
export function summaryOf({ rows, settings, clients, isWidened, isNarrowed }: Report): string {
  const verdict =
    isWidened && isNarrowed
      ? 'widened and narrowed'
      : isWidened
        ? 'widened'
        : isNarrowed
          ? 'narrowed'
          : 'no change of access'
  const count = (is: (row: Row<AccessChange>) => boolean) => rows.filter(is).length
  const concerned = new Set(clients?.flatMap(({ change }) => change.clients)).size
  const told = [
    [count(isOpened), 'open to everyone now'],
    [count((row) => row.change.direction === 'gained' && !isOpened(row)), 'newly callable'],
    [count(({ change }) => change.direction === 'lost'), 'no longer callable'],
    [concerned, concerned === 1 ? 'client of the templates' : 'clients of the templates'],
    [settings.length, settings.length === 1 ? 'setting' : 'settings'],
  ] as const
  const parts = told.filter(([number]) => number > 0).map(([number, what]) => `${number} ${what}`)
  return parts.length === 0 ? verdict : `${verdict}: ${parts.join(', ')}`
}

const isOpened = ({ change: { direction, who } }: Row<AccessChange>): boolean =>
  direction === 'gained' && who.kind === 'everyone'

function cells({ methods, region, change }: Row<AccessChange>, words: Words): readonly string[] {
  const others = change.direction === 'gained' ? 'before' : 'still'
  return [methodsText(methods), pathsText(region, words.quote), gainText(change.who, others, words)]
}

/** What clients of templates can do, spelled as it is written: other spellings follow from the rest. */
function clientsSection(rows: readonly Row<ClientChange>[], quote: Words['quote']): Section {
  return {
    title: 'Clients of the templates',
    columns: ['effect', 'methods', 'paths', 'clients'],
    rows: rows
      .filter(({ isWritten }) => isWritten)
      .map(({ methods, region, change: { effect, clients } }) => [
        effectWords[effect],
        methodsText(methods),
        pathsText(region, quote),
        clients.map(quote).join(', '),
      ]),
  }
}

const effectWords: Readonly<Record<ClientEffect, string>> = {
  gained: 'can newly call',
  'perhaps gained': 'may newly call (not known)',
  lost: 'can no longer call',
  'perhaps lost': 'may no longer call (not known)',
}

function settingsSection(
  title: string,
  settings: readonly Setting[],
  quote: Words['quote'],
  decides: boolean,
): Section {
  const rows = settings
    .filter(({ effect }) => (effect === 'changed') !== decides)
    .map(({ effect, key, before, after, note }) => [
      effect === 'both' ? 'widened and narrowed' : effect,
      quote(key),
      `${quote(before)} -> ${quote(after)}`,
      note,
    ])
  return { title, columns: ['effect', 'setting', 'change', 'meaning'], rows }
}

function noteOf({ kind, name, key, treated }: Absent, quote: Words['quote']): string {
  const what = kind === 'variable' ? quote(`\${${name}}`) : `the file ${quote(name)}`
  const missing = kind === 'variable' ? 'is not set here' : 'is not here'
  return treated === 'by name'
    ? `${what} (${quote(key)}) ${missing}: compared by its name`
    : `${what} (${quote(key)}) ${missing}: left out, it does not decide who is let through`
}
