/** How often each route allowed and denied, for /status. */
import type { AccessRecord, Direction } from './access.ts'

export type RouteCounts = {
  count(record: AccessRecord): void
  of(direction: Direction, route: string): { readonly allowed: number; readonly denied: number }
}

/** Holds at most as many counters as configurations had routes; requests without a route are not counted. */
export function createRouteCounts(): RouteCounts {
  const counts = new Map<string, { allowed: number; denied: number }>()
  return {
    count({ route, direction, decision }) {
      if (route === undefined || decision === undefined) return
      const key = `${direction} ${route}`
      const entry = counts.get(key) ?? { allowed: 0, denied: 0 }
      entry[decision === 'allow' ? 'allowed' : 'denied'] += 1
      counts.set(key, entry)
    },
    of: (direction, route) => counts.get(`${direction} ${route}`) ?? { allowed: 0, denied: 0 },
  }
}
