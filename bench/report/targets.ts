/** What Scopegate has to reach (must, Node 20) and wants to (goal, Node 24): ratios of bests of one run. */
import { type Measure, type Row, shapeOf } from '../measure/measures.ts'
import { modOauth2 } from '../peers/apache.ts'
import { haproxyJwt } from '../peers/haproxy.ts'
import { httpProxy, plainImports } from '../peers/http-proxy.ts'
import * as ours from '../peers/scopegate.ts'
import type { System } from '../peers/system.ts'
import { spreadOf } from './statistics.ts'

type Best = (kind: string, measure: Measure, system: System) => number | undefined

type Target = {
  readonly name: string
  readonly unit: '×' | '%' | 'MiB' | 'readers'
  readonly must: number
  readonly goal: number
  readonly atLeast?: true
  /** Undefined when its kind was not measured. */
  readonly of: (best: Best) => number | undefined
}

export type Reached = Omit<Target, 'of'> & { readonly measured: number | undefined }

const ratio =
  (kind: string, measure: Measure, against: System, of: System = ours.scopegate) =>
  (best: Best): number | undefined => {
    const [ourBest, theirs] = [best(kind, measure, of), best(kind, measure, against)]
    return ourBest === undefined || theirs === undefined ? undefined : ourBest / theirs
  }

const alone = (kind: string, measure: Measure) => (best: Best) =>
  best(kind, measure, ours.scopegate)

function logging(best: Best): number | undefined {
  const with_ = ratio('one', 'cpu', ours.scopegate, ours.scopegateLogging)(best)
  return with_ === undefined ? undefined : (with_ - 1) * 100
}

const times = (name: string, must: number, goal: number, of: Target['of']): Target => ({
  ...{ name, must, goal, of, unit: '×' },
})

const targets: readonly Target[] = [
  times('CPU, one token, against HAProxy jwt_verify', 1, 0.7, ratio('one', 'cpu', haproxyJwt)),
  times('CPU, 1,000 tokens, against HAProxy', 1.05, 0.75, ratio('thousand', 'cpu', haproxyJwt)),
  times('CPU, one token, against mod_oauth2', 0.33, 0.22, ratio('one', 'cpu', modOauth2)),
  times('CPU, one token, against http-proxy', 0.55, 0.4, ratio('one', 'cpu', httpProxy)),
  {
    ...times('requests/s against HAProxy jwt_verify', 1, 1.4, ratio('one', 'rate', haproxyJwt)),
    atLeast: true,
  },
  times('p50 at 1,000/s against HAProxy', 1.15, 1, ratio('latency', 'p50', haproxyJwt)),
  times('p99 at 1,000/s against HAProxy', 1.6, 1.3, ratio('latency', 'p99', haproxyJwt)),
  times('CPU, POST 10 KiB, against HAProxy', 1.25, 1, ratio('post', 'cpu', haproxyJwt)),
  times('CPU, GET 1 MiB, against HAProxy', 2.3, 1.8, ratio('large', 'cpu', haproxyJwt)),
  { name: 'CPU that the access log adds', unit: '%', must: 30, goal: 15, of: logging },
  { name: 'memory, idle', unit: 'MiB', must: 80, goal: 90, of: alone('one', 'idle') },
  { name: 'memory after load', unit: 'MiB', must: 110, goal: 115, of: alone('one', 'loaded') },
  {
    name: 'growth, 200 slow readers',
    unit: 'MiB',
    must: 80,
    goal: 60,
    of: alone('slow', 'growth'),
  },
  {
    ...{ name: 'of 200 slow readers served at once', unit: 'readers', must: 200, goal: 200 },
    ...{ atLeast: true, of: alone('slow', 'served') },
  },
  times(
    ...(['CPU, 2,000 routes against 10', 1.05, 1.02] as const),
    ratio('routes', 'cpu', ours.scopegate10Routes, ours.scopegate2000Routes),
  ),
  times(
    ...(['CPU, outbound over HTTP against inbound', 1, 1] as const),
    ratio('outbound', 'cpu', ours.scopegate, ours.outboundHttp),
  ),
  times('start against a script that imports', 0.6, 0.6, ratio('start', 'start', plainImports)),
]

/** Pure. */
export function reachedIn(rows: readonly Row[]): readonly Reached[] {
  const best: Best = (kind, measure, { name }) => {
    const row = rows.find((one) => one.kind === kind && one.system === name)
    const numbers = row?.numbers[measure]
    if (numbers === undefined) return undefined
    const spread = spreadOf(numbers, shapeOf(measure).moreIsBetter === true)
    // memory is promised for the worst round
    return measure === 'loaded' || measure === 'growth' ? spread.worst : spread.best
  }
  return targets.map(({ of, ...rest }) => ({ ...rest, measured: of(best) }))
}

/** How the bound was met; Node 24 holds more memory, so that its goal lies above. */
export function verdictOf({ measured, must, goal, atLeast }: Reached): string {
  if (measured === undefined) return 'not measured'
  const meets = (bound: number): boolean => (atLeast ? measured >= bound : measured <= bound)
  if (!meets(must)) return meets(goal) ? 'MISSED, goal met' : 'MISSED'
  return meets(goal) ? 'met, goal met' : 'met'
}
