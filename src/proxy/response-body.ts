/** A response body on its way downstream: back-pressure, and limits for both who send and who read. */
import type { Milliseconds } from '../units.ts'
import type { Exchange } from './exchange.ts'
import { watchReader } from './reader.ts'

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
