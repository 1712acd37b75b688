/** `admin.tokenPrices` -> TokenPrice: each begins where the one before it ends. */
import type { TokenPrice } from '../config.ts'
import { report } from '../read.ts'
import type { Context } from './context.ts'

type Input = { readonly upTo?: number | undefined; readonly perThousand: number }

/** What is out of order is reported. The last price goes on for ever. */
export function readTokenPrices(context: Context, prices: readonly Input[]): readonly TokenPrice[] {
  let from = 0
  return prices.map(({ upTo, perThousand }, index) => {
    const isLast = index === prices.length - 1
    const path = ['admin', 'tokenPrices', index, 'upTo']
    if (upTo === undefined && !isLast) report(context, path, 'is missing; only the last has none')
    if (upTo !== undefined && upTo <= from)
      report(context, path, `must be more than that of the price before it, ${from}`)
    from = upTo ?? from
    return { upTo: isLast ? Infinity : from, perThousand }
  })
}
