/** How a connection closes when its peer may still be sending: the answer must reach it first. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Milliseconds } from '../units.ts'
import { watchReader } from './reader.ts'

/** How long, and how much is read and thrown away meanwhile. */
const grace = 500
const maxSwallowed = 256 * 1024

const ending = new WeakSet<Duplex>()

/** The answer being given is the last of this connection (RFC 9112 §9.6): what else arrives is not served. */
export function refuseMore(socket: Duplex): void {
  ending.add(socket)
}

/** Was the last answer of this connection given? */
export function isEnding(socket: Duplex): boolean {
  return ending.has(socket)
}

/**
 * After the response the connection is half closed; what still arrives is thrown away, for a moment and up
 * to a limit, since closing at once would reset the connection and might destroy the answer on its way.
 */
export function closeAfterGrace(req: IncomingMessage): void {
  const { socket } = req
  refuseMore(socket)
  let swallowed = 0
  req.on('data', (chunk: Buffer) => {
    swallowed += chunk.length
    if (swallowed > maxSwallowed) req.pause()
  })
  req.on('error', () => undefined)
  req.resume()
  // node:http ends the connection through destroySoon() once the last response is out
  socket.destroySoon = () => {
    endAfterGrace(socket)
  }
}

/** Sends `last` and the end of the stream, and destroys the connection a moment later. */
export function endAfterGrace(socket: Duplex, last?: string): void {
  if (last === undefined) socket.end()
  else socket.end(last)
  const limit = setTimeout(() => {
    socket.destroy()
  }, grace)
  socket.once('close', () => {
    clearTimeout(limit)
  })
}

/**
 * Cuts an answer that has begun. To HTTP/1.0 its end may be that of the connection, so that only a reset tells a
 * cut answer from a whole one (RFC 9112 §8); a Unix socket knows none.
 */
export function cutAnswer({ socket, httpVersionMinor }: IncomingMessage): void {
  if (httpVersionMinor === 0 && socket.remoteAddress !== undefined) socket.resetAndDestroy()
  else socket.destroy()
}

/** Cuts an answer that was given whole when nothing of it is taken for `limit`. */
export function cutUnread(req: IncomingMessage, res: ServerResponse, limit: Milliseconds): void {
  const watch = watchReader(res, limit, () => {
    cutAnswer(req)
  })
  for (const over of ['finish', 'close'])
    res.once(over, () => {
      clearInterval(watch)
    })
}
