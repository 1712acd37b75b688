/** How often each route allowed and denied, for /status. */
import type { AccessRecord } from './access.ts'

export type RouteCounts = {
  count(record: AccessRecord): void
  /** By route id; requests without a route are not counted. */
  of(route: string): { readonly allowed: number; readonly denied: number }
}

/** Holds at most as many counters as there were routes. */
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
    of: (route) => counts.get(route) ?? { allowed: 0, denied: 0 },
  }
}
