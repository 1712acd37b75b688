/** Durations as counts on a logarithmic scale: percentiles that cost one number a request. */

/** Four slots to each doubling, from 0.1 ms to 104 s: a percentile is right to a tenth. */
const perDoubling = 4
const leastMs = 0.1
export const latencySlots = 80

/** The slot that a duration counts in; what is shorter or longer than all counts in the first or last. Pure. */
export function latencySlot(durationMs: number): number {
  const slot = Math.floor(Math.log2(durationMs / leastMs) * perDoubling)
  return slot > 0 ? Math.min(slot, latencySlots - 1) : 0
}

export type Latency = {
  readonly p50Ms: number
  readonly p90Ms: number
  readonly p99Ms: number
}

/** Percentiles of what was counted, undefined when nothing was. Pure. */
export function latencyOf(counts: ArrayLike<number>): Latency | undefined {
  let total = 0
  for (let slot = 0; slot < counts.length; slot += 1) total += counts[slot] as number
  if (total === 0) return undefined
  const upTo = (share: number): number => {
    let slot = 0
    let seen = counts[0] as number
    while (seen < total * share) seen += counts[(slot += 1)] as number
    return rounded(leastMs * 2 ** ((slot + 0.5) / perDoubling))
  }
  return { p50Ms: upTo(0.5), p90Ms: upTo(0.9), p99Ms: upTo(0.99) }
}

const rounded = (value: number): number => Number(value.toPrecision(2))
