/** What /status tells of the requests that passed: by route, over time, and the last denials. */
import type { Clock } from '../units.ts'
import type { AccessRecord } from './access.ts'
import { createDenials, type Denials } from './denials.ts'
import { createRouteCounts, type RouteCounts } from './route-counts.ts'
import { createTraffic, type Traffic } from './traffic.ts'

export type Seen = {
  readonly access: (record: AccessRecord) => void
  readonly routes: RouteCounts
  readonly traffic: Traffic
  readonly denials: Denials
}

/** Counts in memory of fixed size; `elapsedMs` never goes back. */
export function createSeen(clock: Clock, elapsedMs = (): number => performance.now()): Seen {
  const routes = createRouteCounts()
  const traffic = createTraffic(elapsedMs)
  const denials = createDenials(clock)
  return {
    access(record) {
      routes.count(record)
      traffic.count(record)
      denials.note(record)
    },
    ...{ routes, traffic, denials },
  }
}
