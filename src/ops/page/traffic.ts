/** The plots of the last 15 minutes. Pure. */
import { bucketCount } from '../traffic.ts'
import type { Status } from '../status.ts'
import { markup, type Markup } from './markup.ts'
import { plot } from './plot.ts'
import { duration, grouped } from './words.ts'

export function trafficPlots({ traffic }: Pick<Status, 'traffic'>): Markup {
  const { buckets, bucketSeconds } = traffic
  const leftText = `${Math.round((bucketCount * bucketSeconds) / 60)} min ago`
  const latest = buckets.at(-1)
  const rates = (title: string, look: 'calm' | 'alarm', values: readonly number[]): Markup => {
    const most = Math.max(0, ...values)
    return plot({
      ...{ title, leftText, top: most || 1, topText: `most ${grouped(most)}` },
      summary: `${grouped(values.at(-1) ?? 0)} now`,
      series: [{ kind: 'bars', look, values }],
    })
  }
  const p99 = buckets.map(({ latency }) => latency?.p99Ms)
  const slowest = Math.max(0, ...p99.map((ms = 0) => ms))
  return markup`<div class="plots">${[
    rates(
      'Requests per second',
      'calm',
      buckets.map(({ requests }) => requests),
    ),
    rates(
      'Denials per second',
      'alarm',
      buckets.map(({ denials }) => denials),
    ),
    plot({
      title: 'Latency',
      summary: `half below ${duration(latest?.latency?.p50Ms)}, 99 % below ${duration(latest?.latency?.p99Ms)}`,
      ...{ leftText, top: slowest || 1, topText: `most ${duration(slowest)}` },
      series: [
        { kind: 'steps', look: 'soft', values: p99 },
        { kind: 'steps', look: 'calm', values: buckets.map(({ latency }) => latency?.p50Ms) },
      ],
    }),
  ]}</div>`
}
