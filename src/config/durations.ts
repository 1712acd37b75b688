/** Durations as they are written: a number and its unit. */
import { milliseconds, type Milliseconds } from '../units.ts'

const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const

/** What a duration looks like. */
export const durationText = /^\d{1,10}(\.\d{1,3})?(ms|s|m|h)$/

/** Timers hold 31 bits of milliseconds. */
export const longestDuration = milliseconds(2 ** 31 - 1)

/** The duration that a text of that form says, which may be longer than a timer can hold. Pure. */
export function parseDuration(value: string): Milliseconds {
  const unit = /[a-z]+$/.exec(value)?.[0] as keyof typeof units
  return milliseconds(Math.round(parseFloat(value) * units[unit]))
}
