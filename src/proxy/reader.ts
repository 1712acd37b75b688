/** Whether the downstream takes what was written for it. */
import type { ServerResponse } from 'node:http'
import type { Milliseconds } from '../units.ts'

/** The kernel takes the first pieces for a reader that takes nothing; to see its last one soon needs more looks. */
const lookEvery = 250

/**
 * Calls `stalled` once when nothing was taken for `limit`, unless the timer is cleared before: a slow reader is one
 * that takes nothing, not one that takes little.
 */
export function watchReader(
  res: ServerResponse,
  limit: Milliseconds,
  stalled: () => void,
): NodeJS.Timeout {
  let left = unsent(res)
  let since = performance.now()
  const look = (): void => {
    const before = left
    left = unsent(res)
    if (left !== before) {
      since = performance.now()
    } else if (performance.now() - since >= limit) {
      clearInterval(timer)
      stalled()
    }
  }
  const timer = setInterval(look, Math.min(limit, lookEvery))
  return timer
}

/** Bytes that the kernel did not take yet; libuv counts them also inside of one long write. */
function unsent({ socket }: ServerResponse): number {
  const handle = (socket as { _handle?: { writeQueueSize: number } | null } | null)?._handle
  return handle?.writeQueueSize ?? 0
}
