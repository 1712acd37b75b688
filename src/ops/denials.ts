/** The last requests that were refused, for people who ask why: a ring of fixed size. */
import type { Clock, EpochSeconds } from '../units.ts'
import type { AccessRecord, Direction } from './access.ts'
import { isRefused } from './traffic.ts'

export const mostDenials = 50

/** Neither path nor query: what callers wrote there may be a secret. The log line is found by the request id. */
export type SeenDenial = {
  readonly at: EpochSeconds
  readonly direction: Direction
  readonly method: string
  readonly status: number
  readonly reason: string
  readonly route: string | undefined
  /** Line of the configuration file that was read when it was denied. */
  readonly routeLine: number | undefined
  /** From a verified token only. */
  readonly clientId: string | undefined
  readonly requestId: string
  /** False in report mode. */
  readonly enforced: boolean
}

export type Denials = {
  note(record: AccessRecord): void
  /** Newest first. */
  latest(): readonly SeenDenial[]
}

/** Remembers `mostDenials` and no more; an allowed request costs one comparison. */
export function createDenials(clock: Clock): Denials {
  const ring: SeenDenial[] = []
  let next = 0
  return {
    note(record) {
      if (!isRefused(record)) return
      const { direction, method, status, reason = 'none', route, enforced } = record
      const { clientId, requestId, routeLine } = record
      const told = { direction, method, status, reason, route, routeLine, clientId, requestId }
      ring[next] = { at: clock(), ...told, enforced }
      next = (next + 1) % mostDenials
    },
    latest: () => [...ring.slice(next), ...ring.slice(0, next)].reverse(),
  }
}
