/** What is measured, and how it is shown. */
export const measures = {
  cpu: { title: 'CPU µs/request', digits: 1 },
  rate: { title: 'requests/s', digits: 0, moreIsBetter: true },
  p50: { title: 'p50 µs', digits: 0 },
  p99: { title: 'p99 µs', digits: 0 },
  idle: { title: 'MiB idle', digits: 0 },
  loaded: { title: 'MiB after load', digits: 0 },
  found: { title: 'verdicts found again %', digits: 1 },
  before: { title: 'MiB before', digits: 0 },
  growth: { title: 'MiB more', digits: 1 },
  served: { title: 'served at once', digits: 0, moreIsBetter: true },
  start: { title: 'ms to the first answer', digits: 0 },
} as const satisfies Record<string, MeasureShape>

type MeasureShape = {
  readonly title: string
  readonly digits: number
  readonly moreIsBetter?: true
}

export type Measure = keyof typeof measures
export const shapeOf = (measure: Measure): MeasureShape => measures[measure]

/** One round of one system. */
export type Round = Readonly<Partial<Record<Measure, number>>>

/** All rounds of one system under one kind of load; of each measure one number a round. */
export type Row = {
  readonly kind: string
  readonly system: string
  readonly numbers: Readonly<Partial<Record<Measure, readonly number[]>>>
}

/** Turns rounds into a row. Pure. */
export function rowOf(kind: string, system: string, rounds: readonly Round[]): Row {
  const names = (Object.keys(measures) as Measure[]).filter((name) =>
    rounds.some((round) => round[name] !== undefined),
  )
  const numbers = names.map((name) => [name, rounds.flatMap((round) => round[name] ?? [])] as const)
  return { kind, system, numbers: Object.fromEntries(numbers) }
}
