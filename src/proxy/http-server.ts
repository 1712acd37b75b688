/** The server under a listener: plain, or with TLS 1.2 and later (SPEC 2). */
import type { Server, ServerOptions } from 'node:http'
import https from 'node:https'
import type net from 'node:net'
import type { ListenAddress, ListenerTls } from '../config/config.ts'
import { http } from '../node-http.ts'
import { milliseconds } from '../units.ts'

/** Most that a handshake may take. */
const handshakeTimeout = milliseconds(10_000)

export type HttpServer = {
  /** With TLS it is one of node:https, which has the same face. */
  readonly server: Server & { maxHeaderSize?: number }
  /** Called with each connection on which HTTP is spoken from now on. */
  readonly onConnection: (take: (socket: net.Socket) => void) => void
  /** Serves a connection from its next byte on as if it had just come. */
  readonly serveAgain: (socket: net.Socket) => void
  /** How many connections have not come to HTTP yet. */
  readonly handshakes: () => number
  /** From the next handshake on the files of `next`; connections that stand are not touched. */
  readonly renew: (next: ListenAddress) => void
  /** Cuts what has not come to HTTP yet. */
  readonly endHandshakes: () => void
}

/** A server for `address`; what node:http limits by itself is in `options`. */
export function createHttpServer(address: ListenAddress, options: ServerOptions): HttpServer {
  const tls = tlsOf(address)
  return tls === undefined ? createPlain(options) : createSecure(tls, options)
}

function createPlain(options: ServerOptions): HttpServer {
  const server = http.createServer(options)
  return {
    server,
    onConnection: (take) => server.on('connection', take),
    serveAgain: (socket) => server.emit('connection', socket),
    handshakes: () => 0,
    renew: () => undefined,
    endHandshakes: () => undefined,
  }
}

function createSecure(tls: ListenerTls, options: ServerOptions): HttpServer {
  let used = tls
  const asksClients = tls.clientCa !== undefined
  /** By peer; node:tls does not tell which connection is under a socket of its own. */
  const plain = new Map<string, net.Socket>()
  const handshaking = new Set<net.Socket>()
  const server = https.createServer({
    ...{ ...options, ...contextOf(tls), handshakeTimeout, ALPNProtocols: ['http/1.1'] },
    ...{ requestCert: asksClients, rejectUnauthorized: asksClients },
  })
  server.on('connection', (socket: net.Socket) => {
    const peer = peerOf(socket)
    plain.set(peer, socket)
    handshaking.add(socket)
    socket.once('close', () => {
      if (plain.get(peer) === socket) plain.delete(peer)
      handshaking.delete(socket)
    })
  })
  return {
    server,
    onConnection(take) {
      server.on('secureConnection', (socket) => {
        const under = plain.get(peerOf(socket))
        if (under !== undefined) handshaking.delete(under)
        // only TCP knows it; without it what is cut ends like what is whole
        socket.resetAndDestroy = () => {
          under?.resetAndDestroy()
          return socket.destroy()
        }
        take(socket)
      })
    },
    serveAgain: (socket) => server.emit('secureConnection', socket),
    handshakes: () => handshaking.size,
    renew(next) {
      const found = tlsOf(next)
      if (found === undefined || isSame(used, found)) return
      used = found
      // tickets given out by now end with the old context
      server.setSecureContext(contextOf(found))
    },
    endHandshakes() {
      for (const socket of handshaking) socket.destroy()
    },
  }
}

/** Both ends: a caller may use one port of its own to several of ours. */
function peerOf({ remoteAddress, remotePort, localAddress, localPort }: net.Socket): string {
  return [remoteAddress, remotePort, localAddress, localPort].join(' ')
}

function tlsOf(address: ListenAddress): ListenerTls | undefined {
  return address.kind === 'tcp' ? address.tls : undefined
}

function contextOf({ cert, key, clientCa }: ListenerTls): https.ServerOptions {
  return {
    ...{ cert, key: key.reveal(), minVersion: 'TLSv1.2' },
    ...(clientCa !== undefined && { ca: clientCa }),
  }
}

function isSame(one: ListenerTls, other: ListenerTls): boolean {
  return (
    one.cert === other.cert &&
    one.key.reveal() === other.key.reveal() &&
    one.clientCa === other.clientCa
  )
}
