/** Numbers of several rounds. Pure. */
export type Spread = {
  readonly best: number
  readonly median: number
  readonly worst: number
}

/** `moreIsBetter` turns best and worst around. At least one number. */
export function spreadOf(numbers: readonly number[], moreIsBetter = false): Spread {
  const sorted = numbers.toSorted((a, b) => a - b)
  const middle = (sorted.length - 1) / 2
  const median = (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2
  const [least, most] = [sorted[0]!, sorted.at(-1)!]
  return moreIsBetter ? { best: most, median, worst: least } : { best: least, median, worst: most }
}
