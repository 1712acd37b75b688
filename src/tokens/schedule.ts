/** Later work that tests can run by hand. */
import type { Milliseconds } from '../units.ts'

/** Runs `task` once after `delay`; what it returns calls that off. */
export type Schedule = (task: () => void, delay: Milliseconds) => () => void

/** setTimeout takes 31 bits; whoever wants more is woken early and looks at the clock. */
const longest = 2 ** 31 - 1

/** The event loop's timer; it keeps no process alive. */
export const systemSchedule: Schedule = (task, delay) => {
  const timer = setTimeout(task, Math.min(delay, longest)).unref()
  return () => clearTimeout(timer)
}
