/**
 * One keep-alive HTTP/1.1 connection to an upstream: writes a request, reads its response by rule (RFC 9112).
 *
 * Our own, since it costs a third of undici's dispatch (ADR 0020); undici stays for `upstream.client: undici`.
 * Whatever is in doubt ends the connection: a head that is not strictly one, a body framed in two ways, a byte
 * on an idle connection or behind the end of a response, a response before its request was sent whole.
 * Relied on: `onread` hands each piece over before anything else is read, so that plain connections share one
 * buffer. A piece is passed on as a latin1 string when it is small, which leaves in one write with its head;
 * large ones are read into memory of their own and never copied.
 */
import type net from 'node:net'
import type { UpstreamConfig } from '../config/config.ts'
import { connect } from './connect.ts'
import { type Chunks, createChunks } from './response-chunks.ts'
import { type Framing, parseResponseHead } from './response-head.ts'
import type { UpstreamCall, UpstreamHandler, UpstreamRequest } from './upstream.ts'
import type { Line } from './upstream-pool.ts'
import { writeRequest } from './write-request.ts'

/** Largest response head that is taken from an upstream. */
const maxHead = 64 * 1024
/** Most 1xx responses before the final one. */
const maxInterims = 32
/** Up to this size a piece is a string. */
const small = 16 * 1024

/** Plain connections read into this one; what lies in it is used before the next read. */
const shared = Buffer.allocUnsafeSlow(64 * 1024)

/** What is served now. */
type Serving = {
  readonly request: UpstreamRequest
  readonly handler: UpstreamHandler
  readonly free: (reusable: boolean) => void
  /** The part of the head that came so far. */
  partial: string
  interims: number
  /** Undefined before the final head. */
  framing: Framing | undefined
  /** Bytes of the body that are still to come, where its length was stated. */
  left: number
  chunks: Chunks | undefined
  keepsAlive: boolean
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
  let isStopped = false
  /** What was read and may not be passed on yet. */
  let stash: Buffer | undefined
  let idleLimit: number = config.keepAliveTimeout

  function send(
    request: UpstreamRequest,
    handler: UpstreamHandler,
    free: (reusable: boolean) => void,
  ): UpstreamCall {
    const serving: Serving = {
      request,
      handler,
      free,
      partial: '',
      interims: 0,
      framing: undefined,
      left: 0,
      chunks: undefined,
      keepsAlive: false,
      hasSent: false,
      hasHeard: false,
    }
    current = serving
    if (socket === undefined) open(serving)
    else begin(serving, socket)
    return {
      resume() {
        if (current === serving) goOn()
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
        if (current !== serving) return
        if (connected.ok) {
          listen(connected.value)
          begin(serving, connected.value)
        } else {
          const { reason, errorCode } = connected.problem
          end(serving)
          serving.handler.failed({ code: reason, cause: errorCode, staleConnection: false })
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
      if (current?.framing?.kind === 'close') finish(current, false)
      else broken('the connection closed')
    })
    connection.on('error', (error: NodeJS.ErrnoException) => {
      broken(String(error.code))
    })
    connection.on('close', () => {
      broken('the connection closed')
    })
  }

  function begin(serving: Serving, connection: net.Socket): void {
    serving.handler.sending()
    writeRequest(serving.request, connection, {
      isWanted: () => current === serving,
      sent: () => {
        serving.hasSent = true
      },
    })
  }

  /** Reads what came; false = read no more for now. */
  function received(size: number, from: Buffer | Uint8Array): boolean {
    const serving = current
    if (serving === undefined) {
      broken('bytes that nobody asked for')
      return false
    }
    serving.hasHeard = true
    consume(serving, from as Buffer, 0, size)
    if (current !== serving) buffer = own
    else if (buffer === own ? isBulk(serving, size) : size >= small)
      buffer = Buffer.allocUnsafeSlow(own.length)
    return !isStopped
  }

  /** Is what comes next worth memory of its own? */
  function isBulk({ framing, left }: Serving, size: number): boolean {
    return framing?.kind === 'length' ? left > small : framing !== undefined && size > small
  }

  function consume(serving: Serving, from: Buffer, start: number, end: number): void {
    let at = start
    while (serving.framing === undefined) {
      at = readHead(serving, from, at, end)
      if (current !== serving || at === end) return
    }
    if (isStopped) stash = Buffer.from(from.subarray(at, end))
    else readBody(serving, serving.framing, from, at, end)
  }

  /** Answers where it stopped. */
  function readHead(serving: Serving, from: Buffer, start: number, end: number): number {
    const before = serving.partial.length
    const text = serving.partial + from.toString('latin1', start, end)
    const stop = text.indexOf('\r\n\r\n', Math.max(0, before - 3))
    if ((stop < 0 ? text.length : stop) > maxHead) {
      refuse(serving, 'a response head that is too large')
      return end
    }
    if (stop < 0) {
      serving.partial = text
      return end
    }
    serving.partial = ''
    const head = parseResponseHead(text.slice(0, stop), serving.request.method)
    if (!head.ok) {
      refuse(serving, head.problem)
      return end
    }
    const at = start + stop + 4 - before
    const { status, headers, framing } = head.value
    if (status < 200) {
      serving.interims += 1
      if (status === 101) refuse(serving, 'an upgrade that was not asked for')
      else if (serving.interims > maxInterims) refuse(serving, 'too many interim responses')
      else if (status !== 100) serving.handler.interim(status, headers)
      return at
    }
    serving.framing = framing
    serving.keepsAlive = head.value.keepsAlive
    if (framing.kind === 'length') serving.left = framing.length
    else if (framing.kind === 'chunked') serving.chunks = createChunks()
    if (head.value.promised !== undefined) shorten(head.value.promised)
    const goesOn = serving.handler.head(status, headers)
    if (current !== serving) return at
    if (framing.kind === 'none') finish(serving, at === end)
    else isStopped = !goesOn
    return at
  }

  function readBody(
    serving: Serving,
    framing: Framing,
    from: Buffer,
    start: number,
    end: number,
  ): void {
    const { chunks } = serving
    if (chunks !== undefined) {
      const at = chunks.read(from, start, end, (piece, first, last) =>
        pass(serving, piece, first, last),
      )
      if (current !== serving) return
      if (at < 0) refuse(serving, 'a chunk that is none')
      else if (chunks.isDone()) finish(serving, at === end)
      else if (at < end) stash = Buffer.from(from.subarray(at, end))
      return
    }
    const stop = framing.kind === 'length' ? Math.min(end, start + serving.left) : end
    serving.left -= stop - start
    pass(serving, from, start, stop)
    if (current === serving && framing.kind === 'length' && serving.left === 0)
      finish(serving, stop === end)
  }

  /** Hands one piece on; false = no more for now, or no more at all. */
  function pass(serving: Serving, from: Buffer, start: number, end: number): boolean {
    const piece =
      end - start <= small
        ? from.toString('latin1', start, end)
        : from === own
          ? Buffer.from(from.subarray(start, end))
          : from.subarray(start, end)
    const goesOn = serving.handler.data(piece)
    if (current !== serving) return false
    isStopped = !goesOn
    return goesOn
  }

  function goOn(): void {
    if (!isStopped) return
    isStopped = false
    const rest = stash
    stash = undefined
    if (rest !== undefined && current !== undefined) consume(current, rest, 0, rest.length)
    readOn()
  }

  function readOn(): void {
    if (!isStopped) socket?.resume()
  }

  /** The response is whole. `isClean`: nothing came behind it. */
  function finish(serving: Serving, isClean: boolean): void {
    served += 1
    const isReusable = isClean && serving.keepsAlive && serving.hasSent
    if (isReusable) {
      current = undefined
      isStopped = false
      readOn()
    } else destroy()
    serving.free(isReusable)
    serving.handler.end()
  }

  function refuse(serving: Serving, cause: string): void {
    end(serving)
    serving.handler.failed({ code: 'upstream_error', cause, staleConnection: false })
  }

  /** The connection is gone, or of no more use, whatever was going on. */
  function broken(cause: string): void {
    if (socket === undefined) return
    const serving = current
    if (serving === undefined) {
      destroy()
      lost(line)
      return
    }
    end(serving)
    const staleConnection = served > 0 && !serving.hasHeard
    serving.handler.failed({ code: 'upstream_error', cause, staleConnection })
  }

  function end(serving: Serving): void {
    destroy()
    serving.free(false)
  }

  function destroy(): void {
    const connection = socket
    socket = undefined
    current = undefined
    stash = undefined
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
