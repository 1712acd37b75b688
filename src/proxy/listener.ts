/**
 * One HTTP/1.1 listener with its limits, shared by inbound and outbound.
 *
 * node:http stands here without a framework: proxied requests never enter a life cycle of hooks (ADR 0012).
 * Relied on: llhttp in strict mode; `requireHostHeader` off, since `wire.ts` answers that with a problem;
 * `maxHeadersCount` 0, since Node drops headers beyond it silently; `requestTimeout` 0, since uploads may
 * take any time (pauses are limited by `request-body.ts`).
 */
import { randomUUID } from 'node:crypto'
import http from 'node:http'
import type net from 'node:net'
import type { Duplex } from 'node:stream'
import type { LimitsConfig, ListenAddress } from '../config/config.ts'
import { addressOf, bind } from '../ops/bind.ts'
import type { Result } from '../units.ts'
import { endAfterGrace, isEnding } from './grace.ts'
import { type Problem, type ProblemSettings, renderProblem } from './problems.ts'
import { isWebSocket, replayAsRequest } from './upgrade.ts'

export type ListenerHandlers = {
  request(req: http.IncomingMessage, res: http.ServerResponse, expectsContinue: boolean): void
  /** A WebSocket handshake; undefined = such requests are served like any other. */
  upgrade?: (
    req: http.IncomingMessage,
    res: http.ServerResponse,
    socket: Duplex,
    head: Buffer,
  ) => void
  /** Something that never became a request was answered with this problem. */
  malformed(problem: Problem): void
  /** A bug: the request is answered, the process goes on. */
  failed(error: unknown, requestId: string): void
  problems(): ProblemSettings
}

export type Listener = {
  /** Binds; a refusal (port in use) comes back as a sentence. */
  start(): Promise<Result<string, string>>
  /** Where it listens: `http://127.0.0.1:8080`, or the path of a socket. */
  address(): string
  /** From now on every answer closes its connection. */
  closeConnections(): void
  isClosing(): boolean
  /** Takes the limits of a reloaded configuration, for connections from now on. */
  configure(limits: LimitsConfig): void
  /** Accepts nothing new, closes connections that serve nothing; resolves when none is left. */
  stop(): Promise<void>
  /** Cuts whatever is still there. */
  destroy(): void
}

/** Creates a listener; nothing is bound before `start`. */
export function createListener(
  address: ListenAddress,
  limits: LimitsConfig,
  handlers: ListenerHandlers,
): Listener {
  let closing = false
  let stopped = false
  const sockets = new Map<net.Socket, Set<http.ServerResponse>>()
  let targetLimit: number = limits.maxTargetBytes

  const server: http.Server & { maxHeaderSize?: number } = http.createServer({
    requestTimeout: 0,
    connectionsCheckingInterval: 500,
    requireHostHeader: false,
    insecureHTTPParser: false,
    noDelay: true,
  })
  server.maxHeadersCount = 0
  configure(limits)

  const serve =
    (expectsContinue: boolean) =>
    (req: http.IncomingMessage, res: http.ServerResponse): void => {
      if (isEnding(req.socket)) return
      track(req.socket, res)
      guard(req, res, () => {
        handlers.request(req, res, expectsContinue)
      })
    }

  server.on('request', serve(false))
  server.on('checkContinue', serve(true))
  // an Expect that we do not know is ours to ignore (RFC 9110 §10.1.1)
  server.on('checkExpectation', serve(false))
  server.on('connect', (_req: http.IncomingMessage, socket: net.Socket) => {
    refuse(socket, { code: 'method_refused' })
  })
  server.on('clientError', (error: ClientError, socket: net.Socket) => {
    if (!socket.writable || error.code === 'ECONNRESET') socket.destroy()
    else refuse(socket, problemOf(error, targetLimit))
  })
  server.on('connection', (socket: net.Socket) => {
    if (sockets.has(socket)) return
    const serving = new Set<http.ServerResponse>()
    sockets.set(socket, serving)
    socket.once('close', () => {
      sockets.delete(socket)
      // node:http says nothing to responses that still waited for those before them (pipelining)
      for (const res of serving) if (res.socket === null) res.emit('close')
    })
  })
  const { upgrade } = handlers
  if (upgrade !== undefined)
    server.on('upgrade', (req: http.IncomingMessage, socket: net.Socket, head: Buffer) => {
      socket.on('error', () => socket.destroy())
      // behind another request (pipelining) there is nobody left to keep the answers in order
      if (isBusy(socket) || isEnding(socket)) {
        socket.destroySoon()
        return
      }
      if (!isWebSocket(req)) {
        replayAsRequest(server, req, socket, head)
        return
      }
      const res = new http.ServerResponse(req)
      res.shouldKeepAlive = false
      res.assignSocket(req.socket)
      res.once('finish', () => {
        endAfterGrace(socket)
      })
      track(req.socket, res)
      guard(req, res, () => {
        upgrade(req, res, socket, head)
      })
    })

  function configure(next: LimitsConfig): void {
    // node:http counts the target too; `wire.ts` tells the two apart
    targetLimit = next.maxTargetBytes
    server.maxHeaderSize = next.maxHeaderBytes + next.maxTargetBytes
    server.headersTimeout = next.headersTimeout
    server.keepAliveTimeout = next.keepAliveTimeout
    server.maxConnections = next.maxConnections
  }

  /** Counts what a connection serves, so that stopping can tell idle ones from busy ones. */
  function track(socket: net.Socket, res: http.ServerResponse): void {
    const serving = sockets.get(socket)
    serving?.add(res)
    res.once('close', () => {
      serving?.delete(res)
      if (stopped && serving?.size === 0) socket.destroySoon()
    })
  }

  /** One that is closed already counts as busy: there is nobody to answer. */
  function isBusy(socket: net.Socket): boolean {
    return sockets.get(socket)?.size !== 0
  }

  function guard(req: http.IncomingMessage, res: http.ServerResponse, run: () => void): void {
    try {
      run()
    } catch (error) {
      handlers.failed(error, '')
      sockets.get(req.socket)?.delete(res)
      if (res.headersSent) req.socket.destroy()
      else refuse(req.socket, { code: 'internal_error' })
    }
  }

  /** Answers what is no request; with an answer under way nothing that we write could be told apart from it. */
  function refuse(socket: net.Socket, problem: Problem): void {
    if (isEnding(socket)) return
    handlers.malformed(problem)
    if (isBusy(socket)) {
      socket.destroy()
      return
    }
    const { status, headers, body } = renderProblem(problem, randomUUID(), handlers.problems())
    let head = `HTTP/1.1 ${status} ${http.STATUS_CODES[status] as string}\r\n`
    for (let i = 0; i < headers.length; i += 2)
      head += `${headers[i] as string}: ${headers[i + 1] as string}\r\n`
    socket.on('error', () => socket.destroy())
    endAfterGrace(
      socket,
      `${head}Date: ${new Date().toUTCString()}\r\nConnection: close\r\n\r\n${body}`,
    )
  }

  return {
    start: () => bind(server, address),
    address: () => addressOf(server, address),
    closeConnections() {
      closing = true
    },
    isClosing: () => closing,
    configure,
    async stop() {
      closing = true
      stopped = true
      const closed = new Promise<void>((resolve) => {
        server.close(() => {
          resolve()
        })
      })
      for (const [socket, serving] of sockets) if (serving.size === 0) socket.destroySoon()
      await closed
    },
    destroy() {
      for (const socket of sockets.keys()) socket.destroy()
    },
  }
}

/** What node:http adds to its errors: the piece in which the parser gave up. */
type ClientError = NodeJS.ErrnoException & { readonly rawPacket?: Buffer }

function problemOf(error: ClientError, maxTargetBytes: number): Problem {
  switch (error.code) {
    case 'HPE_HEADER_OVERFLOW':
      return {
        code: isTargetTooLong(error, maxTargetBytes) ? 'target_too_long' : 'headers_too_large',
      }
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return { code: 'request_timeout' }
    default:
      return { code: 'invalid_request', because: 'This is not an HTTP/1.1 request.' }
  }
}

/** A request line in one piece shows how long its target is; in several the head as a whole was too large. */
function isTargetTooLong({ rawPacket }: ClientError, maxTargetBytes: number): boolean {
  const target = /^[A-Z-]+ ([^ \r\n]*)/.exec(String(rawPacket?.toString('latin1')))?.[1]
  return target !== undefined && target.length > maxTargetBytes
}
