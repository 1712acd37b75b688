/** How often each route allowed and denied, and how long it took, for /status. */
import type { AccessRecord, Direction } from './access.ts'
import { type Latency, latencyOf, latencySlot, latencySlots } from './latency.ts'

export type RouteCount = {
  readonly allowed: number
  readonly denied: number
  /** From the request head to the end of the response; undefined before the first request. */
  readonly latency: Latency | undefined
}

export type RouteCounts = {
  count(record: AccessRecord): void
  of(direction: Direction, route: string): RouteCount
}

type Count = { allowed: number; denied: number; readonly durations: Uint32Array }

/** Holds at most as many counters as configurations had routes; requests without a route are not counted. */
export function createRouteCounts(): RouteCounts {
  const counts = { inbound: new Map<string, Count>(), outbound: new Map<string, Count>() }
  return {
    count({ route, direction, decision, durationMs }) {
      if (route === undefined || decision === undefined) return
      const known = counts[direction].get(route)
      const entry = known ?? { allowed: 0, denied: 0, durations: new Uint32Array(latencySlots) }
      const slot = latencySlot(durationMs)
      entry[decision === 'allow' ? 'allowed' : 'denied'] += 1
      entry.durations[slot] = (entry.durations[slot] as number) + 1
      if (known === undefined) counts[direction].set(route, entry)
    },
    of(direction, route) {
      const { allowed = 0, denied = 0, durations = [] } = counts[direction].get(route) ?? {}
      return { allowed, denied, latency: latencyOf(durations) }
    },
  }
}
