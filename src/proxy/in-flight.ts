/** What passes now: whom the end of the process finds still there. */

export type InFlight<Item extends object> = {
  /** Answers the place that `remove` wants. */
  add(item: Item): number
  remove(place: number): void
  all(): readonly Item[]
}

/**
 * A list whose places are used again. Not a Set: the tables that one leaves behind as items come and go point to one
 * another, and a fifth of all that was allocated outlived the young generation by that (docs/performance.md).
 */
export function createInFlight<Item extends object>(): InFlight<Item> {
  const items: (Item | undefined)[] = []
  const free: number[] = []
  return {
    add(item) {
      const place = free.pop() ?? items.length
      items[place] = item
      return place
    },
    remove(place) {
      items[place] = undefined
      free.push(place)
    },
    all: () => items.filter((item) => item !== undefined),
  }
}
