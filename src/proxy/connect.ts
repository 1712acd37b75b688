/** One connection to an upstream, TLS verified (H1, R14). */
import net from 'node:net'
import tls from 'node:tls'
import type { UpstreamConfig } from '../config/config.ts'

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
 * Opens a connection; calls back once, with a socket or a ConnectFailure.
 * The name that TLS asks for and verifies comes from the configuration, never from a Host header.
 */
export function connect(
  upstream: UpstreamConfig,
  done: (failure: ConnectFailure | null, socket: net.Socket | null) => void,
): void {
  const url = new URL(upstream.origin)
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const secure = url.protocol === 'https:'
  const address = { host, port: Number(url.port) || (secure ? 443 : 80) }
  const socket = secure
    ? tls.connect({ ...address, ...tlsOptions(upstream, host) })
    : net.connect(address)
  const limit = setTimeout(() => {
    socket.destroy(new ConnectFailure('upstream_timeout', 'connect_timeout'))
  }, upstream.connectTimeout)
  socket.setNoDelay(true)
  socket.once(secure ? 'secureConnect' : 'connect', () => {
    clearTimeout(limit)
    socket.off('error', failed)
    done(null, socket)
  })
  const failed = (error: NodeJS.ErrnoException): void => {
    clearTimeout(limit)
    done(
      error instanceof ConnectFailure
        ? error
        : new ConnectFailure('upstream_unreachable', error.code ?? 'unknown'),
      null,
    )
  }
  socket.once('error', failed)
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
