/** A response body on its way downstream: back-pressure, and limits for both who send and who read. */
import type { ServerResponse } from 'node:http'
import type { Milliseconds } from '../units.ts'
import type { Exchange } from './exchange.ts'

export type ResponseBody = {
  /** False = stop until `resume` is called. */
  data(chunk: Buffer): boolean
  end(): void
  stop(): void
}

/**
 * Relays a body whose head was written already. Head and first piece leave in one write when they came
 * together. `stalled` is told whose pause was too long.
 */
export function relayBody(
  exchange: Exchange,
  bodyTimeout: Milliseconds,
  resume: () => void,
  stalled: (whose: 'downstream' | 'upstream') => void,
): ResponseBody {
  const { res, record } = exchange
  let limit: NodeJS.Timeout | undefined
  let begun = false
  let over = false

  function awaitUpstream(): void {
    clearTimeout(limit)
    limit = setTimeout(() => {
      stalled('upstream')
    }, bodyTimeout)
  }

  function awaitDownstream(): void {
    clearTimeout(limit)
    limit = watchReader(res, exchange.settings.limits.bodyIdleTimeout, () => {
      stalled('downstream')
    })
  }

  // a head without a body yet (server-sent events) must not wait for one
  queueMicrotask(() => {
    if (begun || over) return
    res.flushHeaders()
    awaitUpstream()
  })

  function goOn(): void {
    awaitUpstream()
    resume()
  }

  return {
    data(chunk) {
      begun = true
      record.bytesOut += chunk.length
      if (res.write(chunk)) {
        if (limit === undefined) awaitUpstream()
        else limit.refresh()
        return true
      }
      awaitDownstream()
      res.once('drain', goOn)
      return false
    },
    end() {
      over = true
      res.off('drain', goOn)
      res.end()
      clearTimeout(limit)
      // the last pieces may still wait for a reader
      if (res.writableFinished) return
      awaitDownstream()
    },
    stop() {
      over = true
      res.off('drain', goOn)
      clearTimeout(limit)
    },
  }
}

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
