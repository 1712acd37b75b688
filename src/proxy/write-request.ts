/** A request as bytes for an upstream (RFC 9112 §3, §6): head and first piece of the body leave together. */
import type net from 'node:net'
import { atTurnEnd } from './turn-end.ts'
import type { UpstreamRequest } from './upstream.ts'

export type Writing = {
  /** False once the request is over: nothing more is written. */
  readonly isWanted: () => boolean
  /** Told when the head was handed to the system: what was heard before is no response to it. */
  readonly left: () => void
  /** Told when the last byte was handed to the socket. */
  readonly sent: () => void
}

/**
 * Writes a request. Names, values and target hold no line ends: they were read by node:http's parser or made
 * of a checked configuration. A body without Content-Length goes in chunks.
 */
export function writeRequest(
  { method, target, headers, body }: UpstreamRequest,
  socket: net.Socket,
  { isWanted, left, sent }: Writing,
): void {
  let head = `${method} ${target} HTTP/1.1\r\n`
  let isChunked = body !== undefined
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string
    if (isChunked && name.length === 14 && name.toLowerCase() === 'content-length')
      isChunked = false
    head += `${name}: ${headers[i + 1] as string}\r\n`
  }
  if (isChunked) head += 'Transfer-Encoding: chunked\r\n'
  head += '\r\n'
  if (body === undefined) {
    atTurnEnd(() => {
      if (!isWanted()) return
      socket.write(head, 'latin1')
      left()
      sent()
    })
    return
  }
  socket.cork()
  socket.write(head, 'latin1')
  atTurnEnd(() => {
    socket.uncork()
    left()
  })
  const writePiece = (piece: Buffer): boolean => {
    if (!isChunked) return socket.write(piece)
    socket.cork()
    socket.write(`${piece.length.toString(16)}\r\n`, 'latin1')
    socket.write(piece)
    const goesOn = socket.write('\r\n', 'latin1')
    socket.uncork()
    return goesOn
  }
  const finish = (): void => {
    if (isChunked) socket.write('0\r\n\r\n', 'latin1')
    sent()
  }

  if (Buffer.isBuffer(body)) {
    if (body.length > 0) writePiece(body)
    finish()
    return
  }
  const onDrain = (): void => {
    if (isWanted()) body.resume()
  }
  body.flow({
    piece(piece) {
      if (!isWanted()) return false
      // what the kernel took whole is no reason to wait
      if (writePiece(piece) || socket.writableLength === 0) return true
      socket.once('drain', onDrain)
      return false
    },
    end() {
      if (isWanted()) finish()
    },
  })
}
