/** How long to leave the token endpoint alone after it failed (SPEC 4). Pure. */
import type { EpochSeconds, Random } from '../units.ts'
import type { TokenFailure } from './failures.ts'

/** Seconds; no wait is longer, whatever the endpoint asks for. */
export const longestWait = 300

/**
 * Seconds until the next request, after `run` failures in a row (from 1).
 *
 * Transient: 0.5 s doubling to 30 s with full jitter, so that many sidecars do not come back together; at least
 * 0.1 s, so that no run of small random numbers turns into a request per call. Permanent: 60 s doubling to 5 min.
 * The endpoint's `Retry-After` is obeyed when it is longer.
 */
export function backoff(
  failure: Pick<TokenFailure, 'kind' | 'retryAfter'>,
  run: number,
  random: Random,
): number {
  const doublings = Math.min(run - 1, 10)
  const own =
    failure.kind === 'permanent'
      ? 60 * 2 ** doublings
      : Math.max(0.1, random() * Math.min(0.5 * 2 ** doublings, 30))
  return Math.min(Math.max(own, failure.retryAfter ?? 0), longestWait)
}

/** `Retry-After` (RFC 9110 §10.2.3) in seconds from `now`; undefined when it is absent, over or neither form. */
export function retryAfterSeconds(header: string | null, now: EpochSeconds): number | undefined {
  if (header === null) return undefined
  const text = header.trim()
  const wait = /^\d{1,10}$/.test(text) ? Number(text) : Date.parse(text) / 1000 - now
  // `Date.parse` takes more than an HTTP-date, a lone `-5` among it: only what begins with a day's name counts
  return wait > 0 && /^(\d+$|[A-Z][a-z]{2,8}, )/.test(text) ? wait : undefined
}
