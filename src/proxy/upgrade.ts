/** What node:http hands over as an upgrade: WebSocket handshakes, and offers that are to be ignored. */
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'

/** A handshake of RFC 6455 §4.1, as far as the proxy judges it: `Upgrade` offers exactly `websocket`. */
export function isWebSocket(req: IncomingMessage): boolean {
  return req.method === 'GET' && req.headers.upgrade?.trim().toLowerCase() === 'websocket'
}

/**
 * Serves a request that offers another upgrade as plain HTTP/1.1 (RFC 9110 §7.8): Java clients offer h2c
 * by default. Once a server listens for `upgrade`, Node stops parsing such a request behind its head; its
 * bytes are put back without the offer, and the connection begins anew with them.
 */
export function replayAsRequest(
  serveAgain: (socket: Socket) => void,
  req: IncomingMessage,
  socket: Socket,
  rest: Buffer,
): void {
  let head = `${req.method as string} ${req.url as string} HTTP/${req.httpVersion}\r\n`
  for (let i = 0; i < req.rawHeaders.length; i += 2) {
    const name = req.rawHeaders[i] as string
    if (name.toLowerCase() !== 'upgrade') head += `${name}: ${req.rawHeaders[i + 1] as string}\r\n`
  }
  socket.removeAllListeners('error')
  if (rest.length > 0) socket.unshift(rest)
  socket.unshift(Buffer.from(`${head}\r\n`, 'latin1'))
  serveAgain(socket)
}
