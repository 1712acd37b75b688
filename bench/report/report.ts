/** Results as Markdown: what is printed, and what docs/performance.md holds. Pure. */
import type { Kind } from '../kinds.ts'
import { type Measure, measures, type Row, shapeOf } from '../measure/measures.ts'
import { markdownTable } from '../table.ts'
import type { Machine } from './machine.ts'
import { spreadOf } from './statistics.ts'
import { type Reached, verdictOf } from './targets.ts'

export type Results = {
  readonly machine: Machine
  readonly rounds: number
  readonly seconds: number
  /** First row is the head: what was asked, then the statuses of each system. */
  readonly refusals: readonly (readonly string[])[]
  readonly rows: readonly Row[]
  readonly targets: readonly Reached[]
}

export function markdownOf(results: Results, kinds: readonly Kind[]): string {
  const { machine, rounds, seconds, refusals, rows, targets } = results
  return [
    machine.lines.join('\n'),
    `${rounds} rounds of ${seconds} s for each system, in turn. Cells are best / median / worst of the rounds.`,
    '### Refused, before anything was measured',
    markdownTable(refusals),
    ...kinds.flatMap((kind) => [
      `### ${kind.title}`,
      ...(kind.note === undefined ? [] : [kind.note]),
      kindTable(
        kind,
        rows.filter((row) => row.kind === kind.name),
      ),
    ]),
    '### Targets',
    targetTable(targets),
  ].join('\n\n')
}

function kindTable({ compare }: Kind, rows: readonly Row[]): string {
  const shown = (Object.keys(measures) as Measure[]).filter((measure) =>
    rows.some(({ numbers }) => numbers[measure] !== undefined),
  )
  const head = [
    'system',
    ...shown.map((measure) => shapeOf(measure).title),
    `${shapeOf(compare.measure).title.split(' ')[0]!} × ${compare.system.name}, best (median)`,
  ]
  const other = rows.find(({ system }) => system === compare.system.name)
  const cells = (row: Row): readonly string[] => [
    row.system,
    ...shown.map((measure) => spreadCell(measure, row)),
    other === undefined ? '' : ratioCell(compare.measure, row, other),
  ]
  return markdownTable([head, ...rows.map(cells)])
}

function spreadCell(measure: Measure, { numbers }: Row): string {
  const { digits, moreIsBetter } = shapeOf(measure)
  const all = numbers[measure]
  if (all === undefined) return ''
  const { best, median, worst } = spreadOf(all, moreIsBetter === true)
  const texts = [best, median, worst].map((number) => number.toFixed(digits))
  return new Set(texts).size === 1 ? texts[0]! : texts.join(' / ')
}

function ratioCell(measure: Measure, row: Row, other: Row): string {
  const [mine, theirs] = [row.numbers[measure], other.numbers[measure]]
  if (mine === undefined || theirs === undefined) return ''
  const [a, b] = [spreadOf(mine), spreadOf(theirs)]
  return `${(a.best / b.best).toFixed(2)} (${(a.median / b.median).toFixed(2)})`
}

function targetTable(targets: readonly Reached[]): string {
  const rows = targets.map((target) => {
    const { name, unit, must, goal, atLeast, measured } = target
    const sign = atLeast === true ? '≥' : '≤'
    const number = (value: number): string => (unit === '×' ? value.toFixed(2) : value.toFixed(0))
    const bound = (value: number): string => `${sign} ${number(value)} ${unit}`
    const shown = measured === undefined ? '' : `${number(measured)} ${unit}`
    return [name, shown, bound(must), bound(goal), verdictOf(target)]
  })
  return markdownTable([['target', 'measured', 'must (Node 20)', 'goal (Node 24)', ''], ...rows])
}
