/**
 * WebSockets, from the cleared handshake to the close: who has one open, until when, and for how long it is allowed.
 * `websocket-tunnel.ts` carries them; it is loaded with the first one.
 */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { UpstreamConfig } from '../config/config.ts'
import type { ClearedTarget } from '../decision/enforce.ts'
import type { Clock, EpochSeconds } from '../units.ts'
import { answer, type Exchange } from './exchange.ts'
import { endAfterGrace } from './grace.ts'
import { upstreamKey } from './upstreams.ts'
import type { Headers, Tunnel } from './websocket-tunnel.ts'

export type Handshake = {
  readonly exchange: Exchange
  readonly socket: Duplex
  readonly head: Buffer
  readonly target: ClearedTarget
  /** Flat list, as the upstream shall see them. */
  readonly headers: readonly string[]
  /** The connection is closed then; undefined = never. */
  readonly expiresAt: EpochSeconds | undefined
}

export type WebSockets = {
  /** Takes over the socket of a cleared handshake. */
  accept(upstream: UpstreamConfig, handshake: Handshake): void
  /** Closes those that would be refused now. */
  review(isAllowed: (exchange: Exchange) => Promise<boolean>): Promise<void>
  /** Closes all (1001); for the end of the process. */
  closeAll(): void
}

/** RFC 6455 §7.4.1. */
const goingAway = 1001
const policyViolation = 1008

/** The WebSockets of the process. */
export function createWebSockets(clock: Clock): WebSockets {
  const open = new Map<Duplex, Handshake>()
  let latest: { readonly key: string; readonly tunnel: Promise<Tunnel> } | undefined

  function tunnelTo(upstream: UpstreamConfig): Promise<Tunnel> {
    const key = upstreamKey(upstream)
    // one of another configuration lives on in its connections alone
    if (latest?.key !== key) latest = { key, tunnel: openTunnel(upstream) }
    return latest.tunnel
  }

  return {
    accept(upstream, handshake) {
      const { exchange, socket, head, target } = handshake
      const { req, res, record } = exchange
      if (!isHandshake(req)) {
        answer(exchange, {
          code: 'invalid_request',
          because: 'The WebSocket handshake is not valid.',
        })
        return
      }
      if (!survivesUrl(target, upstream.origin)) {
        answer(exchange, {
          code: 'invalid_path',
          because:
            'the target holds characters that cannot go upstream with a WebSocket as they are',
        })
        return
      }
      record.status = 101
      res.detachSocket(req.socket)
      open.set(socket, handshake)
      const limit = closeAt(handshake, clock)
      socket.once('close', () => {
        clearTimeout(limit.timer)
        open.delete(socket)
        // the response object never saw the end of the connection that it gave away
        res.emit('close')
      })
      void tunnelTo(upstream).then((tunnel) => {
        tunnel(req, socket, head, handshakeHeaders(handshake.headers))
      })
    },
    async review(isAllowed) {
      for (const [socket, { exchange }] of open)
        if (!(await isAllowed(exchange))) closeSocket(socket, policyViolation)
    },
    closeAll() {
      for (const socket of open.keys()) closeSocket(socket, goingAway)
    },
  }
}

async function openTunnel(upstream: UpstreamConfig): Promise<Tunnel> {
  const { createTunnel } = await import('./websocket-tunnel.ts')
  return createTunnel(upstream)
}

/** Longest delay that a timer takes. */
const longestTimer = 2 ** 31 - 1

function closeAt(handshake: Handshake, clock: Clock): { timer: NodeJS.Timeout | undefined } {
  const limit: { timer: NodeJS.Timeout | undefined } = { timer: undefined }
  const { expiresAt } = handshake
  if (expiresAt === undefined) return limit
  const check = (): void => {
    const left = (expiresAt - clock()) * 1000
    if (left <= 0) closeSocket(handshake.socket, policyViolation)
    else limit.timer = setTimeout(check, Math.min(left, longestTimer)).unref()
  }
  check()
  return limit
}

/** Writes an unmasked close frame (RFC 6455 §5.5.1) and ends the connection. */
function closeSocket(socket: Duplex, code: number): void {
  if (socket.writable) socket.write(Buffer.from([0x88, 2, code >> 8, code & 0xff]))
  endAfterGrace(socket)
}

const handshakeKey = /^[+/0-9A-Za-z]{22}==$/
/** A token and the spaces around it, in one look from the left: linear in whatever is offered. */
const subprotocol = /^[ \t]*([!#$%&'*+\-.^_`|~0-9A-Za-z]+)[ \t]*$/

/** RFC 6455 §4.2.1; a field that came twice was joined by a comma. */
function isHandshake({ headers }: IncomingMessage): boolean {
  return (
    handshakeKey.test(String(headers['sec-websocket-key'])) &&
    headers['sec-websocket-version'] === '13' &&
    areSubprotocols(headers['sec-websocket-protocol'])
  )
}

function areSubprotocols(offer: string | undefined): boolean {
  if (offer === undefined) return true
  const names = offer.split(',').map((name) => subprotocol.exec(name)?.[1])
  return !names.includes(undefined) && new Set(names).size === names.length
}

/** Does the URL parser, through which the target must go, leave it as it is? */
function survivesUrl(target: string, origin: string): boolean {
  return URL.canParse(target, origin) && isUnchanged(new URL(target, origin), target, origin)
}

function isUnchanged(
  { pathname, search, origin: reached }: URL,
  target: string,
  origin: string,
): boolean {
  return reached === new URL(origin).origin && pathname + search === target
}

/** `ws` makes the headers of the handshake itself. One may be called `constructor`: an object knows what that is. */
function handshakeHeaders(headers: readonly string[]): Headers {
  const passed = Object.create(null) as Headers
  for (let i = 0; i < headers.length; i += 2) {
    const name = (headers[i] as string).toLowerCase()
    if (name.startsWith('sec-websocket-')) continue
    const value = headers[i + 1] as string
    passed[name] = passed[name] === undefined ? value : [passed[name], value].flat()
  }
  return passed
}
