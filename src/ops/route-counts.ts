/** How often each route allowed and denied, for /status. */
import type { AccessRecord, Direction } from './access.ts'

export type RouteCounts = {
  count(record: AccessRecord): void
  of(direction: Direction, route: string): { readonly allowed: number; readonly denied: number }
}

type Count = { allowed: number; denied: number }

/** Holds at most as many counters as configurations had routes; requests without a route are not counted. */
export function createRouteCounts(): RouteCounts {
  const counts = { inbound: new Map<string, Count>(), outbound: new Map<string, Count>() }
  return {
    count({ route, direction, decision }) {
      if (route === undefined || decision === undefined) return
      const known = counts[direction].get(route)
      const entry = known ?? { allowed: 0, denied: 0 }
      entry[decision === 'allow' ? 'allowed' : 'denied'] += 1
      if (known === undefined) counts[direction].set(route, entry)
    },
    of: (direction, route) => counts[direction].get(route) ?? { allowed: 0, denied: 0 },
  }
}
