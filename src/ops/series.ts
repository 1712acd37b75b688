/** Metrics and their numbers by labels. */

/** One sample in the form that prom-client's registry takes. */
export type Sample = {
  readonly metricName?: string
  readonly labels: Readonly<Record<string, string | number>>
  readonly value: number
}

/** A metric with all its samples, which are made when somebody scrapes. */
export type Family = {
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly name: string
  readonly help: string
  readonly samples: () => readonly Sample[]
}

/** Numbers that are kept, for what happens seldom: a token, a reload. */
export type Series = {
  add(labels: Sample['labels'], by: number): void
  set(labels: Sample['labels'], value: number): void
  /** In the order in which they were first heard of. */
  readonly samples: () => readonly Sample[]
}

export function createSeries(): Series {
  const values = new Map<string, Sample>()
  const keep = (labels: Sample['labels'], next: (before: number) => number): void => {
    const key = JSON.stringify(labels)
    values.set(key, { labels, value: next(values.get(key)?.value ?? 0) })
  }
  return {
    add(labels, by) {
      keep(labels, (before) => before + by)
    },
    set(labels, value) {
      keep(labels, () => value)
    },
    samples: () => [...values.values()],
  }
}
