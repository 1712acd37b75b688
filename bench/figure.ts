import { markdownTable } from './table.ts'

/** One promise and what came of it. */
export type Figure = {
  readonly name: string
  readonly unit: 's' | 'MiB' | '%' | 'requests'
  readonly bound: number
  readonly measured: number
  /** A bound from below. */
  readonly atLeast?: true
}

export const isKept = ({ bound, measured, atLeast }: Figure): boolean =>
  atLeast === true ? measured >= bound : measured <= bound

/** A Markdown table, as docs/hardening.md has it. */
export function tableOf(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => [
    figure.name,
    `${figure.atLeast === true ? '' : '≤ '}${figure.bound} ${figure.unit}`,
    `${figure.measured.toFixed(figure.unit === 's' ? 2 : figure.unit === 'MiB' ? 1 : 0)} ${figure.unit}`,
    isKept(figure) ? 'ok' : 'MISSED',
  ])
  return markdownTable([['figure', 'bound', 'measured', ''], ...rows])
}
