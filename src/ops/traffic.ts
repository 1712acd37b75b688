/** Requests, denials and latency of the last 15 minutes, in a ring of fixed size: what the plots show. */
import type { AccessRecord } from './access.ts'
import { type Latency, latencyOf, latencySlot, latencySlots } from './latency.ts'

export const bucketSeconds = 10
export const bucketCount = 90

export type TrafficBucket = {
  /** A second. Of the newest bucket by the part of it that is over. */
  readonly requests: number
  readonly denials: number
  readonly latency: Latency | undefined
}

export type Traffic = {
  count(record: AccessRecord): void
  /** Oldest first, always `bucketCount` of them. */
  buckets(): readonly TrafficBucket[]
}

/** A request that Scopegate itself refused, also before or without a decision; not one that an upstream failed. Pure. */
export function isRefused({
  decision,
  reason,
}: Pick<AccessRecord, 'decision' | 'reason'>): boolean {
  return decision === 'deny' || (decision === undefined && reason !== undefined)
}

/** `elapsedMs` never goes back: clocks of the wall do. */
export function createTraffic(elapsedMs: () => number): Traffic {
  const requests = new Uint32Array(bucketCount)
  const denials = new Uint32Array(bucketCount)
  const durations = new Uint32Array(bucketCount * latencySlots)
  let newest = bucketOf(elapsedMs())

  /** Empties what has come round again; the place of the bucket that is on. */
  function turn(now: number): number {
    const bucket = bucketOf(now)
    for (let left = Math.min(bucket - newest, bucketCount); left > 0; left -= 1) {
      const place = (bucket - left + 1) % bucketCount
      requests[place] = 0
      denials[place] = 0
      durations.fill(0, place * latencySlots, (place + 1) * latencySlots)
    }
    newest = bucket
    return bucket % bucketCount
  }

  return {
    count(record) {
      const place = turn(elapsedMs())
      const slot = place * latencySlots + latencySlot(record.durationMs)
      requests[place] = (requests[place] as number) + 1
      durations[slot] = (durations[slot] as number) + 1
      if (isRefused(record)) denials[place] = (denials[place] as number) + 1
    },
    buckets() {
      const now = elapsedMs()
      const last = turn(now)
      const begun = Math.max(1, (now / 1000) % bucketSeconds)
      return Array.from({ length: bucketCount }, (_, index) => {
        const place = (last + 1 + index) % bucketCount
        const seconds = place === last ? begun : bucketSeconds
        const from = place * latencySlots
        return {
          requests: rate(requests[place] as number, seconds),
          denials: rate(denials[place] as number, seconds),
          latency: latencyOf(durations.subarray(from, from + latencySlots)),
        }
      })
    },
  }
}

const bucketOf = (elapsedMs: number): number => Math.floor(elapsedMs / 1000 / bucketSeconds)

const rate = (count: number, seconds: number): number => Math.round((count / seconds) * 100) / 100
