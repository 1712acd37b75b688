/** Tables that are read as cards on a narrow screen, and as tables by a screen reader everywhere. Pure. */
import { markup, type Markup, type Value } from './markup.ts'

export type Column<Row> = {
  readonly title: string
  /** Numbers stand under each other. */
  readonly isNumber?: true
  readonly cell: (row: Row) => Value
}

export type TableParts<Row> = {
  readonly label: string
  /** What a row is about comes first. */
  readonly columns: readonly Column<Row>[]
  readonly rows: readonly Row[]
  /** Instead of a table without rows. */
  readonly empty: string
}

/** The roles say what the elements say already: laid out as cards they would lose it. */
export function table<Row>({ label, columns, rows, empty }: TableParts<Row>): Markup {
  if (rows.length === 0) return markup`<p class="none">${empty}</p>`
  const heads = columns.map(
    ({ title, isNumber }) =>
      markup`<th role="columnheader" scope="col" class="${kind(isNumber)}">${title}</th>`,
  )
  const body = rows.map((row) => markup`<tr role="row">${columns.map(cellOf(row))}</tr>`)
  return markup`<table role="table" aria-label="${label}"><thead role="rowgroup"><tr role="row">${heads}</tr></thead><tbody role="rowgroup">${body}</tbody></table>`
}

function cellOf<Row>(row: Row): (column: Column<Row>, at: number) => Markup {
  return ({ title, isNumber, cell }, at) =>
    at === 0
      ? markup`<th role="rowheader" scope="row">${cell(row)}</th>`
      : markup`<td role="cell" class="${kind(isNumber)}" data-label="${title}">${cell(row)}</td>`
}

const kind = (isNumber: true | undefined): string => (isNumber === true ? 'number' : 'text')
