/** A request body on its way: counted, limited, watched for pauses, and held for a second attempt. */
import type { Exchange } from './exchange.ts'
import type { Milliseconds } from '../units.ts'

export type RequestBody = {
  /** The upstream client reads now; `ended` is called when the last piece went by. */
  start(ended: () => void): void
  ended(): boolean
  /** The whole body, when it has ended and fits into the replay buffer. */
  replay(): Buffer | undefined
  stop(): void
}

/**
 * Watches the body of `exchange.req`, which the upstream client reads.
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
  let limit: NodeJS.Timeout | undefined
  let pausedSince: number | undefined

  const onData = (chunk: Buffer): void => {
    record.bytesIn += chunk.length
    limit?.refresh()
    pausedSince = undefined
    if (record.bytesIn > max) {
      tooLarge()
      return
    }
    if (held === undefined) return
    if (record.bytesIn > limits.replayBytes) held = undefined
    else held.push(chunk)
  }

  const check = (): void => {
    if (!req.isPaused()) {
      stalled('downstream')
      return
    }
    // the upstream takes nothing; its limit counts from when that was seen first
    pausedSince ??= performance.now() - exchange.settings.limits.bodyIdleTimeout
    const left = limits.bodyTimeout - (performance.now() - pausedSince)
    if (left <= 0) stalled('upstream')
    else limit = setTimeout(check, left)
  }

  return {
    start(ended) {
      // the upstream client adds its own `data` listener now; ours must not start the flow before
      process.nextTick(() => {
        if (req.destroyed) return
        req.on('data', onData)
        req.once('end', () => {
          whole = true
          clearTimeout(limit)
          ended()
        })
        limit = setTimeout(check, exchange.settings.limits.bodyIdleTimeout)
      })
    },
    ended: () => whole,
    replay: () => (whole && held !== undefined ? Buffer.concat(held) : undefined),
    stop() {
      clearTimeout(limit)
      req.off('data', onData)
    },
  }
}
