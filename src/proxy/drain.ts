/** How the listeners end (SPEC 6): nothing in flight is lost, nothing idle delays it, nothing outlives the limit. */
import { setTimeout as wait } from 'node:timers/promises'
import type { Milliseconds } from '../units.ts'
import type { Listener } from './listener.ts'

export type DrainParts = {
  readonly inbound: Listener | undefined
  readonly outbound: Listener | undefined
  /** Still accepting: endpoints are removed from load balancers asynchronously. */
  readonly delay: Milliseconds
  /** From the end of the delay to the end of everything. */
  readonly timeout: Milliseconds
  /** Called when the limit is over, before connections are cut. */
  readonly atDeadline: () => void
}

/** Time for close frames and last bytes to leave before connections are cut. */
const lastMoment = 200

/**
 * Answers close their connections at once; after the delay nothing new is accepted. Outbound accepts while an
 * inbound request is in flight, since serving that may need it.
 */
export async function drain(parts: DrainParts): Promise<void> {
  const { inbound, outbound, delay, timeout } = parts
  inbound?.closeConnections()
  outbound?.closeConnections()
  if (delay > 0) await wait(delay)
  const done = new AbortController()
  const inOrder = (async () => {
    await inbound?.stop()
    await outbound?.stop()
  })()
  const deadline = wait(timeout, 'late', { signal: done.signal }).catch(() => 'done')
  if ((await Promise.race([inOrder, deadline])) === 'late') {
    parts.atDeadline()
    await wait(lastMoment)
    inbound?.destroy()
    outbound?.destroy()
  }
  done.abort()
  await inOrder
}
