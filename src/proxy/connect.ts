/** One connection to an upstream, TLS verified (H1, R14). */
import net from 'node:net'
import tls from 'node:tls'
import type { UpstreamConfig } from '../config/config.ts'
import { no, ok, type Result } from '../units.ts'

/** Why there is no connection. `cause` is an error code for the operator's log. */
export class ConnectFailure extends Error {
  readonly reason: 'upstream_unreachable' | 'upstream_timeout'
  readonly errorCode: string
  constructor(reason: 'upstream_unreachable' | 'upstream_timeout', errorCode: string) {
    super(reason)
    this.reason = reason
    this.errorCode = errorCode
  }
}

/**
 * Opens a connection; calls back once, with a socket or a ConnectFailure, unless it is destroyed before.
 * The name that TLS asks for and verifies comes from the configuration, never from a Host header.
 */
export function connect(
  upstream: UpstreamConfig,
  done: (connected: Result<net.Socket, ConnectFailure>) => void,
  onread?: net.OnReadOpts,
): net.Socket {
  const { secure, ...place } = addressOf(upstream.origin)
  const address = onread === undefined ? place : { ...place, onread }
  const socket = secure
    ? tls.connect({ ...address, ...tlsOptions(upstream, address.host) })
    : net.connect(address)
  const limit = setTimeout(() => {
    socket.destroy(new ConnectFailure('upstream_timeout', 'connect_timeout'))
  }, upstream.connectTimeout)
  socket.setNoDelay(true)
  socket.once(secure ? 'secureConnect' : 'connect', () => {
    clearTimeout(limit)
    socket.off('error', failed)
    done(ok(socket))
  })
  const failed = (error: NodeJS.ErrnoException): void => {
    clearTimeout(limit)
    done(
      no(
        error instanceof ConnectFailure
          ? error
          : new ConnectFailure('upstream_unreachable', String(error.code)),
      ),
    )
  }
  socket.once('error', failed)
  socket.once('close', () => {
    clearTimeout(limit)
  })
  return socket
}

type Address = { readonly host: string; readonly port: number; readonly secure: boolean }

/** Where an origin is, as a socket needs it. Pure. */
export function addressOf(origin: string): Address {
  const { hostname, port, protocol } = new URL(origin)
  const secure = protocol === 'https:'
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: Number(port) || (secure ? 443 : 80),
    secure,
  }
}

export type UpstreamTls = {
  ALPNProtocols: string[]
  rejectUnauthorized: true
  servername?: string
  ca?: string
  cert?: string
  key?: string
}

/** TLS options for a host; `serverName` of the configuration wins over the host's name. */
export function tlsOptions(upstream: Pick<UpstreamConfig, 'tls'>, host: string): UpstreamTls {
  const settings = upstream.tls
  const name = settings?.serverName ?? host
  return {
    ALPNProtocols: ['http/1.1'],
    rejectUnauthorized: true,
    ...(net.isIP(name) === 0 && { servername: name }),
    ...(settings?.ca !== undefined && { ca: settings.ca }),
    ...(settings?.cert !== undefined && { cert: settings.cert }),
    ...(settings?.key !== undefined && { key: settings.key.reveal() }),
  }
}
