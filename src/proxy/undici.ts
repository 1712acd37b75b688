/**
 * The upstream client on undici's dispatch, for `upstream.client: undici`. Only this file knows undici's options
 * and errors on the data path.
 *
 * One undici Client is one connection here, so that we know which connection serves which request:
 * a request may be repeated only when its connection had been used before (SPEC 3, H12). Relied on:
 * - the Client is always told `http:`: for `https:` undici takes the TLS name from the Host header,
 *   which the downstream writes; our own `connect` makes the TLS socket instead
 * - a 304 or 204 with Content-Length is legal (U1, RFC 9110 §8.6), but undici fails it at its end: by then
 *   everything was there
 * - its time limits are off (0); `forward.ts` has ours
 * - `allowH2: false`, no redirects, no retries, nothing decoded
 */
import { Readable } from 'node:stream'
import type net from 'node:net'
import type { Client, Dispatcher } from 'undici'
import type { UpstreamConfig } from '../config/config.ts'
import { connect, ConnectFailure } from './connect.ts'
import type { Line } from './upstream-pool.ts'
import type { BodySource, UpstreamFailure } from './upstream.ts'

/** Largest response head that is taken from an upstream. */
const maxResponseHead = 64 * 1024

/** A line that connects with its first request. */
export function openUndiciLine(config: UpstreamConfig, lost: (line: Line) => void): Line {
  let socket: net.Socket | undefined
  /** How many connections the Client has made so far. */
  let connections = 0
  /** The connection broke: undici takes that for the end of a body which ends with its connection. */
  let isBroken = false

  let client: Client | undefined
  // loaded with the first line: most processes never need it
  const opened = import('undici').then(({ default: undici }) => (client = open(undici.Client)))

  function open(Undici: typeof Client): Client {
    const made = new Undici(config.origin.replace(/^https:/, 'http:'), {
      pipelining: 1,
      allowH2: false,
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: config.keepAliveTimeout,
      keepAliveMaxTimeout: config.keepAliveTimeout,
      maxHeaderSize: maxResponseHead,
      connect: (_options, callback) => {
        connect(config, (connected) => {
          if (!connected.ok) {
            callback(connected.problem, null)
            return
          }
          socket = connected.value
          connections += 1
          isBroken = false
          socket.once('error', () => {
            isBroken = true
          })
          callback(null, socket)
        })
      },
    })
    made.on('disconnect', () => {
      socket = undefined
      lost(line)
    })
    return made
  }

  const line: Line = {
    destroy() {
      void opened.then((made) => {
        made.destroy(nothing)
      })
    },
    send(request, handler, free) {
      const [before, connectionsBefore] = [socket, connections]
      const bytesBefore = before?.bytesRead ?? 0
      let cancel: () => void = nothing
      let resume: () => void = nothing
      let isBodiless = false
      let isOver = false
      const over = (reusable: boolean, failure?: UpstreamFailure): void => {
        if (isOver) return
        isOver = true
        free(reusable)
        if (failure === undefined) handler.end()
        else handler.failed(failure)
      }
      const handlers: Dispatcher.DispatchHandler = {
        onConnect(abort) {
          cancel = abort
          handler.sending()
        },
        onHeaders(status, rawHeaders, goOn) {
          const headers = rawHeaders.map((part) => part.toString('latin1'))
          if (status < 200) {
            handler.interim(status, headers)
            return true
          }
          if (!isPlainlyCoded(headers)) {
            over(false, unknownCoding)
            cancel()
            return false
          }
          resume = goOn
          isBodiless = status === 204 || status === 304
          return handler.head(status, headers)
        },
        onData: (chunk) => handler.data(chunk),
        onComplete() {
          if (isBroken) handlers.onError?.(brokenOff)
          else over(true)
        },
        onError(error) {
          if (isBodiless) {
            over(false)
            return
          }
          const isSame = before !== undefined && connections === connectionsBefore
          over(false, failureOf(error, isSame && before.bytesRead === bytesBefore))
        },
      }
      const dispatch = (made: Client): void => {
        if (isOver) return
        made.dispatch(
          {
            method: request.method,
            path: request.target,
            headers: request.headers as string[],
            body: bodyOf(request.body),
          },
          handlers,
        )
      }
      if (client === undefined) void opened.then(dispatch)
      else dispatch(client)
      return {
        resume: () => {
          resume()
        },
        abort() {
          isOver = true
          cancel()
        },
      }
    },
  }
  return line
}

/** A stream that undici may destroy as it likes: the downstream's connection is not its own. */
function bodyOf(body: BodySource | Buffer | undefined): Readable | Buffer | null {
  if (body === undefined || Buffer.isBuffer(body)) return body ?? null
  let isFlowing = false
  const stream: Readable = new Readable({
    read() {
      if (isFlowing) body.resume()
      else {
        isFlowing = true
        body.flow({
          piece: (chunk) => stream.push(chunk),
          end: () => stream.push(null),
        })
      }
    },
  })
  // an abort is reported through it, and we know of that already
  stream.on('error', nothing)
  return stream
}

const brokenOff: Error = Object.assign(new Error('broken off'), { code: 'ECONNRESET' })

const unknownCoding: UpstreamFailure = {
  code: 'upstream_error',
  cause: 'a transfer coding other than chunked',
  staleConnection: false,
}

/** No Transfer-Encoding, or once `chunked`: of any other we would drop the name and pass the coded bytes. */
function isPlainlyCoded(headers: readonly string[]): boolean {
  let isCoded = false
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string
    if (name.length !== 17 || name.toLowerCase() !== 'transfer-encoding') continue
    if (isCoded || (headers[i + 1] as string).toLowerCase() !== 'chunked') return false
    isCoded = true
  }
  return true
}

const nothing = (): void => undefined

function failureOf(error: Error & { code?: string }, staleConnection: boolean): UpstreamFailure {
  if (error instanceof ConnectFailure)
    return { code: error.reason, cause: error.errorCode, staleConnection: false }
  return { code: 'upstream_error', cause: error.code ?? 'unknown', staleConnection }
}
