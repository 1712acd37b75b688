/** What tokens cost in a month. Pure. */
import type { TokenPrice } from '../config/config.ts'

/** As the price lists of the clouds have it. */
export const hoursPerMonth = 730

/** US dollars for so many tokens of one month; undefined when there are no prices. */
export function monthlyPrice(tokens: number, prices: readonly TokenPrice[]): number | undefined {
  if (prices.length === 0) return undefined
  let from = 0
  let sum = 0
  for (const { upTo, perThousand } of prices) {
    sum += (Math.max(0, Math.min(tokens, upTo) - from) / 1000) * perThousand
    from = upTo
  }
  return sum
}

/** What a client's tokens of the last hours say about a month. */
export type Purchases = {
  readonly tokens: number
  /** Over which they were bought. */
  readonly seconds: number
  /** How long those that are held go on, of each grant. */
  readonly secondsLeft: readonly number[]
}

/**
 * Tokens a month, if it goes on like this. What was bought serves until the next renewal, so that the very
 * first token already says how many there will be: one each time that it is renewed.
 */
export function tokensPerMonth({ tokens, seconds, secondsLeft }: Purchases): number {
  const left = secondsLeft.reduce((sum, one) => sum + Math.max(0, one), 0)
  const served = seconds + left / Math.max(1, secondsLeft.length)
  return (tokens * hoursPerMonth * 3600) / Math.max(served, 60)
}
