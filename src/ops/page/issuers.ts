/** Issuers with their keys. Pure. */
import type { Status } from '../status.ts'
import { markup, type Markup } from './markup.ts'
import { table } from './table.ts'
import { relative } from './words.ts'

export function issuers({ issuers: rows, at }: Pick<Status, 'issuers' | 'at'>): Markup {
  return table({
    ...{ label: 'Issuers', rows, empty: 'No issuers: no token is accepted.' },
    columns: [
      {
        title: 'Issuer',
        cell: ({ name, issuers: accepted }) =>
          markup`<b>${name}</b><br><code class="soft">${accepted[0]}</code>`,
      },
      {
        title: 'Key ids',
        cell: ({ keyIds }) =>
          keyIds.length === 0
            ? markup`<span class="bad">none</span>`
            : keyIds.map((id) => markup`<code class="item">${id}</code>`),
      },
      {
        title: 'Fetched',
        cell: ({ fetchedAt, lastError }) =>
          markup`${relative(fetchedAt, at)}${lastError === undefined ? undefined : markup`<br><span class="bad">${lastError}</span>`}`,
      },
      { title: 'Next fetch', cell: ({ nextFetchAt }) => relative(nextFetchAt, at) },
    ],
  })
}
