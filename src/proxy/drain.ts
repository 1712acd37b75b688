/** How the listeners end (SPEC 6): nothing in flight is lost, nothing idle delays it, nothing outlives the limit. */
import { setTimeout } from 'node:timers/promises'
import { milliseconds, type Milliseconds } from '../units.ts'
import type { Listener } from './listener.ts'

/** Resolves when the time is over, or earlier when the signal is aborted. */
export type Wait = (time: Milliseconds, signal?: AbortSignal) => Promise<void>

export const systemWait: Wait = (time, signal) =>
  setTimeout(time, undefined, { signal }).catch(() => undefined)

export type DrainParts = {
  readonly inbound: Listener | undefined
  readonly outbound: Listener | undefined
  /** Still accepting: endpoints are removed from load balancers asynchronously. */
  readonly delay: Milliseconds
  /** From the end of the delay to the end of everything. */
  readonly timeout: Milliseconds
  /** Called when the limit is over, before connections are cut. */
  readonly atDeadline: () => void
  readonly wait: Wait
}

/** Time for close frames and last bytes to leave before connections are cut. */
const lastMoment = milliseconds(200)

/**
 * Answers close their connections at once; after the delay nothing new is accepted. Outbound accepts while an
 * inbound request is in flight, since serving that may need it.
 */
export async function drain(parts: DrainParts): Promise<void> {
  const { inbound, outbound, delay, timeout, wait } = parts
  inbound?.closeConnections()
  outbound?.closeConnections()
  if (delay > 0) await wait(delay)
  const done = new AbortController()
  const inOrder = (async () => {
    await inbound?.stop()
    await outbound?.stop()
  })()
  const isLate = wait(timeout, done.signal).then(() => !done.signal.aborted)
  if (await Promise.race([inOrder.then(() => false), isLate])) {
    parts.atDeadline()
    await wait(lastMoment)
    inbound?.destroy()
    outbound?.destroy()
  }
  done.abort()
  await inOrder
}
