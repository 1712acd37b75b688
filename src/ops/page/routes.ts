/** Routes of both directions with what was decided on them. Pure. */
import type { InboundRouteStatus, OutboundRouteStatus } from '../status.ts'
import { markup, type Markup } from './markup.ts'
import { type Column, table } from './table.ts'
import { duration, grouped } from './words.ts'

type Counted = Pick<InboundRouteStatus, 'allowed' | 'denied' | 'latency'>

const counts: readonly Column<Counted>[] = [
  { title: 'Allowed', isNumber: true, cell: ({ allowed }) => grouped(allowed) },
  {
    title: 'Denied',
    isNumber: true,
    cell: ({ denied }) =>
      denied === 0 ? '0' : markup`<span class="bad">${grouped(denied)}</span>`,
  },
  { title: 'Half below', isNumber: true, cell: ({ latency }) => duration(latency?.p50Ms) },
  { title: '99 % below', isNumber: true, cell: ({ latency }) => duration(latency?.p99Ms) },
]

export function inboundRoutes(rows: readonly InboundRouteStatus[]): Markup {
  return table({
    ...{ label: 'Inbound routes', rows, empty: 'No routes: everything is denied.' },
    columns: [
      {
        title: 'Route',
        cell: ({ id, mode }) =>
          markup`<code>${id}</code>${mode === 'report' ? markup` <span class="pill warn">report</span>` : undefined}`,
      },
      {
        title: 'Needs',
        cell: ({ needs, policy }) =>
          markup`${needs}${policy === undefined ? undefined : markup` <span class="soft">(${policy})</span>`}`,
      },
      ...counts,
    ],
  })
}

export function outboundRoutes(rows: readonly OutboundRouteStatus[]): Markup {
  return table({
    ...{ label: 'Outbound routes', rows, empty: 'No routes.' },
    columns: [
      { title: 'Route', cell: ({ id }) => markup`<code>${id}</code>` },
      { title: 'Upstream', cell: ({ upstream }) => markup`<code>${upstream}</code>` },
      { title: 'Client', cell: ({ client }) => client },
      ...counts,
    ],
  })
}
