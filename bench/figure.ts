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
  const all = [['figure', 'bound', 'measured', ''], ...rows]
  const widths = [0, 1, 2, 3].map((at) => Math.max(...all.map((row) => row[at]!.length)))
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, at) => cell.padEnd(widths[at]!)).join(' | ')} |`
  const rule = `| ${widths.map((width) => '-'.repeat(Math.max(width, 3))).join(' | ')} |`
  return [line(all[0]!), rule, ...all.slice(1).map(line)].join('\n')
}
