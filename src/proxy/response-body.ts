/** A response body on its way downstream: back-pressure, and limits for both who send and who read. */
import type { Socket } from 'node:net'
import type { Milliseconds } from '../units.ts'
import { afterPoll } from './after-poll.ts'
import type { Exchange } from './exchange.ts'
import { atTurnEnd } from './turn-end.ts'
import { watchReader } from './watch-reader.ts'

export type ResponseBody = {
  /** Small pieces as latin1 strings. False = stop until `resume` is called. */
  data(piece: Buffer | string): boolean
  /** Did the kernel take all pieces so far? */
  isTaken(): boolean
  end(): void
  stop(): void
}

export type Relaying = {
  readonly status: number
  /** Flat list of names and values for the downstream. */
  readonly headers: readonly string[]
  /** Between two pieces. */
  readonly bodyTimeout: Milliseconds
  /** Asks the upstream for more. */
  readonly resume: () => void
  /** Told whose pause was too long. */
  readonly stalled: (whose: 'downstream' | 'upstream') => void
}

/**
 * Relays a response. Its head is written at the end of this turn of the event loop, with the first piece of the
 * body if that came with it: one write less, and what fails until then can still be answered with a problem. A
 * small body that is whole by then goes with its length, however it was framed.
 */
export function relayResponse(exchange: Exchange, relaying: Relaying): ResponseBody {
  const { res, record } = exchange
  const { status, headers, bodyTimeout, resume, stalled } = relaying
  let limit: NodeJS.Timeout | undefined
  let isHeld = true
  let first: string | undefined
  let isWhole = false
  let isStopped = false

  function awaitUpstream(): void {
    clearTimeout(limit)
    limit = setTimeout(() => {
      afterPoll(
        () => record.bytesOut,
        () => {
          if (!isWhole && !isStopped) stalled('upstream')
        },
      )
    }, bodyTimeout)
  }

  function awaitDownstream(): void {
    clearTimeout(limit)
    limit = watchReader(res, exchange.settings.limits.bodyIdleTimeout, () => {
      stalled('downstream')
    })
  }

  // neither a head without a body yet (server-sent events) nor a first piece waits for what follows
  atTurnEnd(() => {
    // the shutdown deadline may have answered
    if (isStopped || !isHeld || res.headersSent) return
    if (isWhole) {
      endAtOnce()
      awaitEnd()
      return
    }
    letGo()
    if (first !== undefined) return
    // flushHeaders() would write it as UTF-8
    res.write('', 'latin1')
    awaitUpstream()
  })

  function letGo(): void {
    isHeld = false
    res.writeHead(status, headers as string[])
    if (first !== undefined) write(first)
  }

  function endAtOnce(): void {
    if (first === undefined) {
      res.writeHead(status, headers as string[]).end()
      return
    }
    const isMeasured = headers.some((name, at) => at % 2 === 0 && isContentLength(name))
    const length = isMeasured ? [] : ['Content-Length', String(first.length)]
    res.writeHead(status, [...headers, ...length]).end(first, 'latin1')
  }

  function write(piece: Buffer | string): boolean {
    const goesOn = typeof piece === 'string' ? res.write(piece, 'latin1') : res.write(piece)
    if (goesOn || isTaken(res.socket)) {
      if (limit === undefined) awaitUpstream()
      else limit.refresh()
      return true
    }
    awaitDownstream()
    res.off('drain', goOn).once('drain', goOn)
    return false
  }

  /** The last pieces may still wait for a reader. */
  function awaitEnd(): void {
    clearTimeout(limit)
    if (res.socket?.writableLength !== 0) awaitDownstream()
  }

  function goOn(): void {
    awaitUpstream()
    resume()
  }

  return {
    data(piece) {
      record.bytesOut += piece.length
      if (!isHeld) return write(piece)
      if (first === undefined && typeof piece === 'string') {
        first = piece
        return true
      }
      letGo()
      return write(piece)
    },
    isTaken: () => isTaken(res.socket),
    end() {
      isWhole = true
      res.off('drain', goOn)
      if (isHeld) return
      res.end()
      awaitEnd()
    },
    stop() {
      isStopped = true
      res.off('drain', goOn)
      clearTimeout(limit)
    },
  }
}

/** What the kernel took whole is no reason to wait; node:http corks the connection up to the next tick. */
function isTaken(socket: Socket | null): boolean {
  socket?.uncork()
  return socket?.writableLength === 0
}

function isContentLength(name: string): boolean {
  return name.length === 14 && name.toLowerCase() === 'content-length'
}
