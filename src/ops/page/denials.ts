/** The last denials. Pure. */
import type { ShownDenial, Status } from '../status.ts'
import { markup, type Markup } from './markup.ts'
import { table } from './table.ts'
import { clockTime } from './words.ts'

export function denials({ denials: rows, at }: Pick<Status, 'denials' | 'at'>): Markup {
  return table<ShownDenial>({
    ...{ label: 'Last denials', rows, empty: 'Nothing was denied since the start.' },
    columns: [
      {
        title: 'Time (UTC)',
        cell: (row) => markup`<time datetime="${row.at}">${clockTime(row.at, at)}</time>`,
      },
      {
        title: 'Reason',
        cell: ({ reason, status, enforced }) =>
          markup`<span class="bad">${reason}</span> <span class="soft">${enforced ? status : 'reported only'}</span>`,
      },
      { title: 'Method', cell: ({ method }) => method },
      {
        title: 'Route',
        cell: ({ route, routeLine, direction }) =>
          route === undefined
            ? markup`<span class="soft">none, ${direction}</span>`
            : markup`<code>${route}</code> <span class="soft">line ${routeLine}</span>`,
      },
      { title: 'Client', cell: ({ clientId }) => clientId ?? markup`<span class="soft">–</span>` },
      { title: 'Request id', cell: ({ requestId }) => markup`<code>${requestId}</code>` },
    ],
  })
}
