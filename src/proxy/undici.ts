/**
 * The upstream client on undici's dispatch. Only this file knows undici's options and errors.
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
import type net from 'node:net'
import { Client, type Dispatcher } from 'undici'
import type { UpstreamConfig } from '../config/config.ts'
import { connect, ConnectFailure } from './connect.ts'
import type {
  Upstream,
  UpstreamCall,
  UpstreamFailure,
  UpstreamHandler,
  UpstreamRequest,
} from './upstream.ts'

/** Largest response head that is taken from an upstream. */
const maxResponseHead = 64 * 1024

/** One Client with at most one connection, serving one request at a time. */
type Line = {
  readonly client: Client
  socket: net.Socket | undefined
  /** How many connections this Client has made so far. */
  connections: number
  /** The connection broke: undici takes that for the end of a body which ends with its connection. */
  isBroken: boolean
}

/** An upstream client with at most `connections` connections and as many requests waiting for one. */
export function createUndiciUpstream(config: UpstreamConfig): Upstream {
  const idle: Line[] = []
  /** Starts the request that waits; each takes itself out. */
  const waiting: (() => void)[] = []
  let busy = 0
  let closed = false

  function openLine(): Line {
    const line: Line = {
      socket: undefined,
      connections: 0,
      isBroken: false,
      client: new Client(config.origin.replace(/^https:/, 'http:'), {
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
            const socket = connected.value
            line.socket = socket
            line.connections += 1
            line.isBroken = false
            socket.once('error', () => {
              line.isBroken = true
            })
            callback(null, socket)
          })
        },
      }),
    }
    line.client.on('disconnect', () => {
      line.socket = undefined
      const index = idle.indexOf(line)
      if (index >= 0) {
        idle.splice(index, 1)
        discard(line)
      }
    })
    return line
  }

  function discard(line: Line): void {
    line.client.destroy(() => undefined)
  }

  function release(line: Line, reusable: boolean): void {
    busy -= 1
    if (reusable && !closed) idle.push(line)
    else discard(line)
    waiting[0]?.()
  }

  function dispatch(request: UpstreamRequest, handler: UpstreamHandler, call: Call): void {
    busy += 1
    const line = (request.fresh ? undefined : idle.pop()) ?? openLine()
    const { socket, connections } = line
    const bytesBefore = socket?.bytesRead ?? 0
    call.giveBack = () => {
      release(line, false)
    }
    let isBodiless = false
    const over = (reusable: boolean, failure?: UpstreamFailure): void => {
      if (!call.finish()) return
      release(line, reusable)
      if (failure === undefined) handler.end()
      else handler.failed(failure)
    }
    const handlers: Dispatcher.DispatchHandler = {
      onConnect(abort) {
        call.cancel = abort
        handler.sending()
      },
      onHeaders(status, rawHeaders, resume) {
        const headers = rawHeaders.map((part) => part.toString('latin1'))
        if (status < 200) {
          handler.interim(status, headers)
          return true
        }
        if (!isPlainlyCoded(headers)) {
          over(false, unknownCoding)
          call.cancel()
          return false
        }
        call.resume = resume
        isBodiless = status === 204 || status === 304
        return handler.head(status, headers)
      },
      onData: (chunk) => handler.data(chunk),
      onComplete() {
        if (line.isBroken) handlers.onError?.(brokenOff)
        else over(true)
      },
      onError(error) {
        if (isBodiless) {
          over(false)
          return
        }
        const sameConnection = socket !== undefined && line.connections === connections
        over(false, failureOf(error, sameConnection && socket.bytesRead === bytesBefore))
      },
    }
    line.client.dispatch(
      {
        method: request.method,
        path: request.target,
        headers: request.headers as string[],
        body: request.body ?? null,
      },
      handlers,
    )
  }

  return {
    send(request, handler) {
      const call = new Call()
      if (busy < config.connections) {
        dispatch(request, handler, call)
      } else if (waiting.length >= config.connections) {
        process.nextTick(() => {
          if (call.finish()) handler.failed(overloaded)
        })
      } else {
        wait(request, handler, call)
      }
      return call
    },
    close() {
      closed = true
      for (const line of idle.splice(0)) discard(line)
    },
  }

  function wait(request: UpstreamRequest, handler: UpstreamHandler, call: Call): void {
    const leave = (): void => {
      clearTimeout(limit)
      waiting.splice(waiting.indexOf(start), 1)
    }
    const start = (): void => {
      leave()
      dispatch(request, handler, call)
    }
    const limit = setTimeout(() => {
      leave()
      call.finish()
      handler.failed(overloaded)
    }, config.connectTimeout)
    call.giveBack = leave
    waiting.push(start)
  }
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

const overloaded: UpstreamFailure = {
  code: 'overloaded',
  cause: 'all upstream connections are busy',
  staleConnection: false,
}

const nothing = (): void => undefined

/** One request on its way; ends once. */
class Call implements UpstreamCall {
  over = false
  cancel: () => void = nothing
  resume: () => void = nothing
  giveBack: () => void = nothing

  /** False when it was over already. */
  finish(): boolean {
    if (this.over) return false
    this.over = true
    return true
  }

  abort(): void {
    if (!this.finish()) return
    this.cancel()
    this.giveBack()
  }
}

function failureOf(error: Error & { code?: string }, staleConnection: boolean): UpstreamFailure {
  if (error instanceof ConnectFailure)
    return { code: error.reason, cause: error.errorCode, staleConnection: false }
  return { code: 'upstream_error', cause: error.code ?? 'unknown', staleConnection }
}
