/**
 * The tunnel of WebSockets to one upstream. Only this file knows @fastify/http-proxy, its defaults and its errors.
 *
 * Relied on: it never listens, handshakes are handed to it after the decision; the upstream's name in TLS
 * and its verification come from our options (H1); it dials the URL that `new URL` makes, so that a target
 * which would not survive that unchanged is refused before (H5); reasons for closing are replaced, since it passes
 * on error messages with addresses (H7); no reconnecting; its log is off, it holds URLs.
 * It answers the handshake before it dials, and picks the first subprotocol offered.
 */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import httpProxy from '@fastify/http-proxy'
import fastify from 'fastify'
import type WebSocket from 'ws'
import type { UpstreamConfig } from '../config/config.ts'
import { tlsOptions } from './connect.ts'
import { CallerWebSocket, joinEnds } from './websocket-valve.ts'
import { noSchemas } from '../ops/no-schemas.ts'

/** Longer messages close the connection (1009). */
const longestMessage = 16 * 1024 * 1024

/** Names in lower case. */
export type Headers = Record<string, string | string[]>
/** Takes a handshake over. */
export type Tunnel = (req: IncomingMessage, socket: Duplex, head: Buffer, headers: Headers) => void

/** @fastify/http-proxy for one upstream, on a server that never listens. */
export async function createTunnel(upstream: UpstreamConfig): Promise<Tunnel> {
  const prepared = new WeakMap<IncomingMessage, Headers>()
  const host = new URL(upstream.origin).hostname.replace(/^\[|\]$/g, '')
  const app = fastify({
    schemaController: noSchemas,
    logger: false,
    routerOptions: { maxParamLength: 64 * 1024, caseSensitive: true },
  })
  // `rewriteRequestHeaders` is documented but not in the types
  const wsClientOptions: WebSocket.ClientOptions & {
    rewriteRequestHeaders: (headers: unknown, request: { raw: IncomingMessage }) => Headers
  } = {
    ...tlsOptions(upstream, host),
    perMessageDeflate: false,
    maxPayload: longestMessage,
    followRedirects: false,
    handshakeTimeout: upstream.headersTimeout,
    rewriteRequestHeaders: (_headers, request) => prepared.get(request.raw) as Headers,
  }
  await app.register(httpProxy, {
    upstream: upstream.origin,
    websocket: true,
    wsServerOptions: {
      WebSocket: CallerWebSocket as never,
      perMessageDeflate: false,
      maxPayload: longestMessage,
    },
    wsClientOptions,
    wsHooks: {
      onConnect: (_context, caller, above) => {
        joinEnds(caller, above, upstream.bodyTimeout)
      },
    },
  })
  await app.ready()
  return (req, socket, head, headers) => {
    prepared.set(req, headers)
    app.server.emit('upgrade', req, socket, head)
  }
}
