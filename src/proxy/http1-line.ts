/**
 * One keep-alive HTTP/1.1 connection to an upstream (RFC 9112): its life, and whose request it serves.
 *
 * Our own, since it costs a third of undici's dispatch (ADR 0020); undici stays for `upstream.client: undici`.
 * Whatever is in doubt ends the connection: a head that is not strictly one, a body framed in two ways, a byte
 * on an idle connection or behind the end of a response, a response before its request was sent whole.
 * Relied on: `onread` hands each piece over before anything else is read, so that plain connections share one
 * buffer. A piece is passed on as a latin1 string when it is small, which leaves in one write with its head;
 * large ones are read into memory of the connection and never copied: the kernel has taken them when the next
 * read comes, or they keep that memory and the next is read into another.
 */
import type net from 'node:net'
import type { UpstreamConfig } from '../config/config.ts'
import { connect } from './connect.ts'
import { createResponseReader, small } from './response-reader.ts'
import type { UpstreamCall, UpstreamFailure, UpstreamHandler, UpstreamRequest } from './upstream.ts'
import type { Line } from './upstream-pool.ts'
import { writeRequest } from './write-request.ts'

/** Plain connections read into this one; what lies in it is used before the next read. */
const shared = Buffer.allocUnsafeSlow(64 * 1024)

/** What is served now. */
type Serving = {
  readonly request: UpstreamRequest
  readonly handler: UpstreamHandler
  readonly free: (reusable: boolean) => void
  keepsAlive: boolean
  /** The head of the request left. */
  hasLeft: boolean
  hasSent: boolean
  /** Any byte of a response came. */
  hasHeard: boolean
}

/** A line that connects with its first request. */
export function openHttp1Line(config: UpstreamConfig, lost: (line: Line) => void): Line {
  // records are decrypted when it suits OpenSSL: no buffer is shared there
  const own = config.origin.startsWith('https:') ? Buffer.allocUnsafeSlow(small) : shared
  let buffer = own
  let socket: net.Socket | undefined
  let current: Serving | undefined
  let served = 0
  let idleLimit: number = config.keepAliveTimeout

  const reader = createResponseReader(own, {
    interim: (status, headers) => current?.handler.interim(status, headers),
    head({ status, headers, keepsAlive, promised }) {
      const serving = current as Serving
      serving.keepsAlive = keepsAlive
      if (promised !== undefined) shorten(promised)
      return serving.handler.head(status, headers)
    },
    data: (piece) => (current as Serving).handler.data(piece),
    whole(isClean) {
      const serving = current as Serving
      served += 1
      const isReusable = isClean && serving.keepsAlive && serving.hasSent
      if (isReusable) {
        current = undefined
        socket?.resume()
      } else destroy()
      serving.free(isReusable)
      serving.handler.end()
    },
    refused(cause) {
      fail(current as Serving, { code: 'upstream_error', cause, staleConnection: false })
    },
  })

  function send(
    request: UpstreamRequest,
    handler: UpstreamHandler,
    free: (reusable: boolean) => void,
  ): UpstreamCall {
    const serving: Serving = {
      ...{ request, handler, free, keepsAlive: false },
      ...{ hasLeft: false, hasSent: false, hasHeard: false },
    }
    current = serving
    if (socket === undefined) open(serving)
    else begin(serving, socket)
    return {
      resume() {
        if (current !== serving || !reader.isStopped()) return
        reader.goOn()
        if (!reader.isStopped()) socket?.resume()
      },
      abort() {
        if (current === serving) destroy()
      },
    }
  }

  function open(serving: Serving): void {
    socket = connect(
      config,
      (connected) => {
        if (connected.ok) {
          listen(connected.value)
          begin(serving, connected.value)
        } else {
          const { reason, errorCode } = connected.problem
          fail(serving, { code: reason, cause: errorCode, staleConnection: false })
        }
      },
      { buffer: () => buffer, callback: received },
    )
  }

  function listen(connection: net.Socket): void {
    connection.setTimeout(idleLimit)
    connection.on('timeout', () => {
      if (current === undefined) broken('idle')
    })
    connection.on('end', () => {
      if (!reader.ended()) broken('the connection closed')
    })
    connection.on('error', (error: NodeJS.ErrnoException) => {
      broken(String(error.code))
    })
    connection.on('close', () => {
      broken('the connection closed')
    })
  }

  function begin(serving: Serving, connection: net.Socket): void {
    reader.begin(serving.request.method)
    serving.handler.sending()
    writeRequest(serving.request, connection, {
      isWanted: () => current === serving,
      left: () => {
        serving.hasLeft = true
      },
      sent: () => {
        serving.hasSent = true
      },
    })
  }

  /** Reads what came; false = read no more for now. */
  function received(size: number, from: Buffer | Uint8Array): boolean {
    const serving = current
    if (serving?.hasLeft !== true) {
      broken('bytes that nobody asked for')
      return false
    }
    serving.hasHeard = true
    reader.read(from as Buffer, 0, size)
    // nothing is kept ready for a reader that has stopped
    if (current !== serving || reader.isStopped()) buffer = own
    else if (buffer === own ? reader.isBulk(size) : size >= small && !serving.handler.isTaken())
      buffer = Buffer.allocUnsafeSlow(own.length)
    return !reader.isStopped()
  }

  /** The connection is gone, or of no more use, whatever was going on. */
  function broken(cause: string): void {
    if (socket === undefined) return
    const serving = current
    if (serving === undefined) {
      destroy()
      lost(line)
    } else {
      const staleConnection = served > 0 && !serving.hasHeard
      fail(serving, { code: 'upstream_error', cause, staleConnection })
    }
  }

  function fail(serving: Serving, failure: UpstreamFailure): void {
    destroy()
    serving.free(false)
    serving.handler.failed(failure)
  }

  function destroy(): void {
    const connection = socket
    socket = undefined
    current = undefined
    reader.end()
    connection?.destroy()
  }

  /** The upstream closes idle connections after so many seconds: be earlier. */
  function shorten(promised: number): void {
    const limit = Math.min(config.keepAliveTimeout, Math.max(promised * 1000 - 500, 1))
    if (limit === idleLimit) return
    idleLimit = limit
    socket?.setTimeout(limit)
  }

  const line: Line = { send, destroy }
  return line
}
