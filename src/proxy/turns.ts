/**
 * What one connection serves: one request at a time. node:http hands over every pipelined request at once; served
 * side by side, one connection could take every upstream connection, and unsafe requests could overtake each
 * other (RFC 9112 §9.3.2).
 */
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { isEnding } from './grace.ts'

export type Turns = {
  /** The response that is being given. */
  readonly current: () => ServerResponse | undefined
  readonly isIdle: () => boolean
  /**
   * Runs `serve` now, or when everything before it is over; then the next one waits for the end of `res`.
   * Behind the last answer of a connection nothing is served.
   */
  take(serve: () => void, res?: ServerResponse): void
}

/** As many requests may wait behind the one that is served; what sends more ahead is cut (RFC 9112 §9.3.2). */
const mostWaiting = 100

/** The turns of one connection; `idle` is called whenever there is nothing left to serve. */
export function createTurns(socket: Socket, idle: () => void): Turns {
  const waiting: (() => void)[] = []
  let current: ServerResponse | undefined

  function begin(serve: () => void, res: ServerResponse | undefined): void {
    current = res
    res?.once('close', () => {
      current = undefined
      next()
    })
    serve()
  }

  function next(): void {
    if (socket.destroyed || isEnding(socket)) waiting.length = 0
    const turn = waiting.shift()
    if (waiting.length === 0) socket.resume()
    if (turn === undefined) idle()
    else turn()
  }

  return {
    current: () => current,
    isIdle: () => current === undefined && waiting.length === 0,
    take(serve, res) {
      if (isEnding(socket) || socket.destroyed) return
      if (waiting.length === mostWaiting) socket.destroy()
      else if (current === undefined) begin(serve, res)
      else {
        // what is read already waits here, the rest in the kernel
        socket.pause()
        waiting.push(() => {
          begin(serve, res)
        })
      }
    },
  }
}
