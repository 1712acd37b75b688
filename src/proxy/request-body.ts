/** A request body on its way: counted, limited, watched for pauses, and held for a second attempt. */
import type { Milliseconds } from '../units.ts'
import { afterPoll } from './after-poll.ts'
import type { Exchange } from './exchange.ts'
import type { BodySink, BodySource } from './upstream.ts'

export type RequestBody = {
  /** What the upstream client takes. */
  readonly source: BodySource
  /** There is a connection, so that pieces are waited for now; `ended` is called when the last one went by. */
  start(ended: () => void): void
  ended(): boolean
  /** The whole body, when it has ended and fits into the replay buffer. */
  replay(): Buffer | undefined
  stop(): void
}

/**
 * Watches the body of `exchange.req` and hands it on, with back-pressure; nothing of it is read before the
 * upstream client asks.
 *
 * `stalled` is told whose pause was too long: the downstream's (nothing arrives for `bodyIdleTimeout`)
 * or the upstream's (nothing is taken for `bodyTimeout`). `tooLarge`: more than `maxBodyBytes`.
 */
export function takeBody(
  exchange: Exchange,
  limits: { readonly bodyTimeout: Milliseconds; readonly replayBytes: number },
  stalled: (whose: 'downstream' | 'upstream') => void,
  tooLarge: () => void,
): RequestBody {
  const { req, record } = exchange
  const max = exchange.settings.limits.maxBodyBytes ?? Number.POSITIVE_INFINITY
  let held: Buffer[] | undefined = limits.replayBytes > 0 ? [] : undefined
  let whole = false
  /** Whatever happened to the body. */
  let events = 0
  let limit: NodeJS.Timeout | undefined
  let pausedSince: number | undefined
  let sink: BodySink | undefined
  let tellEnded: (() => void) | undefined

  const onData = (chunk: Buffer): void => {
    record.bytesIn += chunk.length
    events += 1
    if (pausedSince === undefined) limit?.refresh()
    else watch()
    if (record.bytesIn > max) {
      tooLarge()
      return
    }
    if (held !== undefined) {
      if (record.bytesIn > limits.replayBytes) held = undefined
      else held.push(chunk)
    }
    if (sink?.piece(chunk) === false) req.pause()
  }

  const onEnd = (): void => {
    whole = true
    events += 1
    clearTimeout(limit)
    sink?.end()
    tellEnded?.()
  }

  const idleTimeout = exchange.settings.limits.bodyIdleTimeout

  function watch(): void {
    pausedSince = undefined
    clearTimeout(limit)
    limit = setTimeout(check, idleTimeout)
  }

  function check(): void {
    afterPoll(
      () => events,
      () => {
        if (!req.isPaused()) {
          stalled('downstream')
          return
        }
        // the upstream takes nothing; its limit counts from when that was seen first
        pausedSince ??= performance.now() - idleTimeout
        const left = limits.bodyTimeout - (performance.now() - pausedSince)
        if (left <= 0) stalled('upstream')
        else limit = setTimeout(check, left)
      },
    )
  }

  return {
    source: {
      flow(to) {
        sink = to
        req.on('data', onData)
        req.once('end', onEnd)
      },
      resume() {
        req.resume()
      },
    },
    start(ended) {
      tellEnded = ended
      watch()
    },
    ended: () => whole,
    replay: () => (whole && held !== undefined ? Buffer.concat(held) : undefined),
    stop() {
      events += 1
      clearTimeout(limit)
      req.off('data', onData)
      req.off('end', onEnd)
    },
  }
}
