/**
 * One HTTP/1.1 listener with its limits, shared by inbound and outbound.
 *
 * node:http stands here without a framework: proxied requests never enter a life cycle of hooks (ADR 0012).
 * Relied on: llhttp in strict mode; `requireHostHeader` off, since `wire.ts` answers that with a problem;
 * `maxHeadersCount` 0, since Node drops headers beyond it silently; `requestTimeout` 0, since uploads may
 * take any time (pauses are limited by `request-body.ts`).
 */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type net from 'node:net'
import type { Duplex } from 'node:stream'
import type { LimitsConfig, ListenAddress } from '../config/config.ts'
import { http } from '../node-http.ts'
import { addressOf, bind } from '../ops/bind.ts'
import { createHttpServer } from './http-server.ts'
import type { Result } from '../units.ts'
import { type ClientError, noHttp, problemOf } from './client-error.ts'
import { cutAnswer, cutUnread, endAfterGrace, isEnding, refuseMore } from './grace.ts'
import { type Problem, type ProblemSettings, renderProblem } from './problems.ts'
import { saysOtherProtocol } from './protocol.ts'
import { createTurns, type Turns } from './turns.ts'
import { isWebSocket, replayAsRequest } from './upgrade.ts'

export type ListenerHandlers = {
  request(req: IncomingMessage, res: ServerResponse, expectsContinue: boolean): void
  /** A WebSocket handshake; undefined = such requests are served like any other. */
  upgrade?: (req: IncomingMessage, res: ServerResponse, socket: Duplex, head: Buffer) => void
  /** Something that never became a request was answered with this problem. */
  malformed(problem: Problem): void
  /** A TLS handshake came to nothing; OpenSSL's code, for the operator. */
  handshakeFailed(errorCode: string): void
  /** A bug: the request is answered, the process goes on. */
  failed(error: unknown): void
  problems(): ProblemSettings
}

export type ListenerConfig = { readonly listen: ListenAddress; readonly limits: LimitsConfig }

export type Listener = {
  /** Binds; a refusal (port in use) comes back as a sentence. */
  start(): Promise<Result<string, string>>
  /** Where it listens: `http://127.0.0.1:8080`, or the path of a socket. */
  address(): string
  /** From now on every answer closes its connection. */
  closeConnections(): void
  isClosing(): boolean
  /** How many are open. */
  connections(): number
  /** Takes limits and TLS files of a reloaded configuration, for connections from now on. */
  configure(next: ListenerConfig): void
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
  const connections = new Map<net.Socket, Turns>()
  /** What follows on these is noise of the same fault. */
  const refused = new WeakSet<net.Socket>()
  let targetLimit: number = limits.maxTargetBytes
  let unreadLimit = limits.bodyIdleTimeout

  const secured = createHttpServer(address, {
    requestTimeout: 0,
    connectionsCheckingInterval: 500,
    requireHostHeader: false,
    insecureHTTPParser: false,
    noDelay: true,
  })
  const { server } = secured
  server.maxHeadersCount = 0
  configure({ listen: address, limits })

  const serve =
    (expectsContinue: boolean) =>
    (req: IncomingMessage, res: ServerResponse): void => {
      const isForeign = saysOtherProtocol(req)
      turnsOf(req.socket).take(() => {
        guard(req, res, () => {
          if (isForeign) refuseForeign(req, res)
          else handlers.request(req, res, expectsContinue)
        })
      }, res)
    }

  server.on('request', serve(false))
  server.on('checkContinue', serve(true))
  // an Expect that we do not know is ours to ignore (RFC 9110 §10.1.1)
  server.on('checkExpectation', serve(false))
  server.on('connect', (_req: IncomingMessage, socket: net.Socket) => {
    refuse(socket, { code: 'method_refused' })
  })
  server.on('clientError', (error: ClientError, socket: net.Socket) => {
    if (!connections.has(socket)) {
      handlers.handshakeFailed(String(error.code))
      socket.destroy()
      return
    }
    const isGone = error.code === 'ECONNRESET' || error.code === 'HPE_INVALID_EOF_STATE'
    if (!socket.writable || (isGone && isReceiving(socket))) socket.destroy()
    else refuse(socket, problemOf(error, targetLimit))
  })
  secured.onConnection(turnsOf)
  const { upgrade } = handlers
  if (upgrade !== undefined)
    server.on('upgrade', (req: IncomingMessage, socket: net.Socket, head: Buffer) => {
      socket.on('error', () => socket.destroy())
      const res = isWebSocket(req) ? handshakeResponse(req) : undefined
      turnsOf(socket).take(() => {
        if (res === undefined) {
          replayAsRequest(secured.serveAgain, req, socket, head)
          return
        }
        res.assignSocket(socket)
        guard(req, res, () => {
          upgrade(req, res, socket, head)
        })
      }, res)
    })

  function turnsOf(socket: net.Socket): Turns {
    const known = connections.get(socket)
    if (known !== undefined) return known
    const turns = createTurns(socket, () => {
      if (stopped) socket.destroySoon()
    })
    connections.set(socket, turns)
    socket.once('close', () => connections.delete(socket))
    return turns
  }

  function configure({ listen, limits: next }: ListenerConfig): void {
    secured.renew(listen)
    // node:http counts the target too; `wire.ts` tells the two apart
    targetLimit = next.maxTargetBytes
    unreadLimit = next.bodyIdleTimeout
    server.maxHeaderSize = next.maxHeaderBytes + next.maxTargetBytes
    server.headersTimeout = next.headersTimeout
    server.keepAliveTimeout = next.keepAliveTimeout
    server.maxConnections = next.maxConnections
  }

  function guard(req: IncomingMessage, res: ServerResponse, run: () => void): void {
    try {
      run()
    } catch (error) {
      handlers.failed(error)
      answerLast(req, res, { code: 'internal_error' })
    }
  }

  /** Answers a request that went wrong, unless its answer has begun: then that can only be cut. */
  function answerLast(req: IncomingMessage, res: ServerResponse, problem: Problem): void {
    refuseMore(req.socket)
    if (res.headersSent) {
      cutAnswer(req)
      return
    }
    const { status, headers, body } = renderProblem(problem, randomUUID(), handlers.problems())
    res.writeHead(status, [...headers, 'Connection', 'close'])
    res.end(body)
    cutUnread(req, res, unreadLimit)
  }

  function refuseForeign(req: IncomingMessage, res: ServerResponse): void {
    handlers.malformed(noHttp)
    answerLast(req, res, noHttp)
  }

  /** Is the body of the request that is served still arriving? */
  function isReceiving(socket: net.Socket): boolean {
    return turnsOf(socket).current()?.req.complete === false
  }

  /** Answers what is no request: in its turn, or in place of the request whose body it was to be. */
  function refuse(socket: net.Socket, problem: Problem): void {
    if (isEnding(socket) || refused.has(socket)) return
    refused.add(socket)
    handlers.malformed(problem)
    socket.on('error', () => socket.destroy())
    const turns = turnsOf(socket)
    const current = turns.current()
    if (current?.req.complete === false) answerLast(current.req, current, problem)
    else
      turns.take(() => {
        refuseMore(socket)
        endAfterGrace(socket, rawAnswer(problem, handlers.problems()))
      })
  }

  return {
    start: () => bind(server, address),
    address: () => addressOf(server, address),
    closeConnections() {
      closing = true
    },
    isClosing: () => closing,
    connections: () => connections.size + secured.handshakes(),
    configure,
    async stop() {
      closing = true
      stopped = true
      const closed = new Promise<void>((resolve) => {
        server.close(() => {
          resolve()
        })
      })
      secured.endHandshakes()
      for (const [socket, turns] of connections) if (turns.isIdle()) socket.destroySoon()
      await closed
    },
    destroy() {
      secured.endHandshakes()
      for (const socket of connections.keys()) socket.destroy()
    },
  }
}

/** The response to a handshake; it ends the connection unless the socket is taken over. */
function handshakeResponse(req: IncomingMessage): ServerResponse {
  const res = new http.ServerResponse(req)
  res.shouldKeepAlive = false
  res.once('finish', () => {
    endAfterGrace(req.socket)
  })
  return res
}

function rawAnswer(problem: Problem, settings: ProblemSettings): string {
  const { status, headers, body } = renderProblem(problem, randomUUID(), settings)
  let head = `HTTP/1.1 ${status} ${http.STATUS_CODES[status] as string}\r\n`
  for (let i = 0; i < headers.length; i += 2)
    head += `${headers[i] as string}: ${headers[i + 1] as string}\r\n`
  return `${head}Date: ${new Date().toUTCString()}\r\nConnection: close\r\n\r\n${body}`
}
