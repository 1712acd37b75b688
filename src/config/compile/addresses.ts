/** URLs, listeners and upstreams in the form the code uses (SPEC 2, 4). */
import { isIP } from 'node:net'
import type * as z from 'zod'
import type { ListenAddress, LimitsConfig, UpstreamConfig } from '../config.ts'
import type { KeyPath } from '../problems.ts'
import { report } from '../read.ts'
import {
  upstreamParts,
  type limitsSchema,
  type listenSchema,
  type upstreamSchema,
} from '../schema/shared.ts'
import { notYet, shown, type Context } from './context.ts'
import { readTls } from './files.ts'
import { readListenerTls } from './listener-tls.ts'

/**
 * An http(s) URL without user, fragment and query; undefined when it is none, which is reported.
 * `plain: false` wants https, unless the address is loopback.
 */
export function readUrl(
  context: Context,
  path: KeyPath,
  text: string,
  rules: UrlRules,
): URL | undefined {
  const why = whyNoUrl(text, rules)
  if (why === undefined) return new URL(text)
  // what stands before an @ may be a password
  const name = why === holdsUser ? 'this address' : shown(context, path)
  report(context, path, `${name} ${why}`)
  return undefined
}

const holdsUser = 'holds a user name or password; remove it'

type UrlRules = {
  readonly plain: boolean
  readonly query?: boolean
  readonly insteadOfPlain?: string
}

function whyNoUrl(text: string, rules: UrlRules): string | undefined {
  // URL trims, drops tabs and line ends and turns backslashes: what it reads must be what is written
  if (/^https?:\/\/[^/?#]*@/i.test(text)) return holdsUser
  if (!/^https?:\/\/[!-[\]-~]+$/i.test(text) || !URL.canParse(text))
    return 'is no address; write one such as https://api.example.com'
  const { protocol, hostname } = new URL(text)
  if (text.includes('#')) return 'holds a # part; remove it'
  if (rules.query !== true && text.includes('?')) return 'holds a query; remove it'
  if (protocol === 'http:' && !rules.plain && !isLoopbackHost(hostname))
    return `must begin with https://${rules.insteadOfPlain ?? ', unless its host is loopback'}`
  return undefined
}

/** Whether the name or address can only be this machine. Pure. */
export function isLoopbackHost(host: string): boolean {
  const name = host.toLowerCase().replace(/^\[(.*)\]$/, '$1')
  return (
    name === 'localhost' ||
    name.endsWith('.localhost') ||
    name === '::1' ||
    /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(name)
  )
}

/** Where to listen. */
export function readListen(
  context: Context,
  path: KeyPath,
  listen: z.output<typeof listenSchema>,
): ListenAddress | undefined {
  if (typeof listen === 'string') {
    const [, bracketed, name, digits] = /^(?:\[(.*)\]|(.*)):(\d{1,5})$/.exec(listen) ?? []
    const host = bracketed ?? name
    const port = Number(digits)
    if (host !== undefined && isHost(host) && port <= 65_535) return { kind: 'tcp', host, port }
    report(
      context,
      path,
      `${shown(context, path)} is no address and port; write one such as 127.0.0.1:8080`,
    )
    return undefined
  }
  const { host, port, socket, mode, tls } = listen
  if (socket !== undefined && tls !== undefined)
    report(context, [...path, 'tls'], 'a socket is not reached from elsewhere; remove it')
  if (socket !== undefined) return readSocket(context, path, { socket, mode, host, port })
  if (mode !== undefined) report(context, [...path, 'mode'], 'only a socket has a mode; remove it')
  if (host !== undefined && port !== undefined) {
    if (isHost(host)) {
      if (tls === undefined) return { kind: 'tcp', host, port }
      const read = readListenerTls(context, [...path, 'tls'], tls)
      return read && { kind: 'tcp', host, port, tls: read }
    }
    const at = [...path, 'host']
    report(context, at, `${shown(context, at)} is no address or name; write one such as 127.0.0.1`)
    return undefined
  }
  report(context, path, 'must have host and port, or socket')
  return undefined
}

/** An IP address, or a name that does not look like one. */
const isHost = (text: string) =>
  isIP(text) !== 0 || (/^[\w.-]+$/.test(text) && /[a-z][\w-]*\.?$/i.test(text))

type SocketInput = {
  readonly socket: string
  readonly mode: string | undefined
  readonly host: string | undefined
  readonly port: number | undefined
}

/** `sun_path` of unix(7) without its zero; Node cuts a longer one silently. */
const longestSocketPath = 107

function readSocket(
  context: Context,
  path: KeyPath,
  input: SocketInput,
): ListenAddress | undefined {
  if (input.host !== undefined || input.port !== undefined)
    report(context, path, 'has a socket and an address; keep one of them')
  if (Buffer.byteLength(input.socket) > longestSocketPath)
    report(context, [...path, 'socket'], `must have at most ${longestSocketPath} bytes`)
  const mode = input.mode ?? '0600'
  if (/^0?[0-7]{3}$/.test(mode))
    return { kind: 'socket', path: input.socket, mode: parseInt(mode, 8) }
  report(context, [...path, 'mode'], "must be an octal file mode such as '0600' or '0660'")
  return undefined
}

/** Who is behind a route. `path`: whether its URL may have one; `plain`: whether it may be http. */
export function readUpstream(
  context: Context,
  path: KeyPath,
  upstream: z.output<typeof upstreamSchema>,
  rules: { readonly path: boolean; readonly plain: boolean },
): UpstreamConfig | undefined {
  const isText = typeof upstream === 'string'
  const at = isText ? path : [...path, 'url']
  const parts = isText ? upstreamParts.parse({ url: upstream }) : upstream
  const url = readUrl(context, at, parts.url, {
    plain: rules.plain,
    insteadOfPlain: ', unless its host is loopback or the route says `allowPlaintext: true`',
  })
  if (parts.http2) notYet(context, [...path, 'http2'], parts.http2, 'remove it')
  const tls = readTls(context, [...path, 'tls'], parts.tls)
  if (url === undefined) return undefined
  if (!rules.path && url.pathname !== '/') {
    report(
      context,
      at,
      `${shown(context, at)} has a path; paths go upstream as they are, so remove it`,
    )
    return undefined
  }
  const { connectTimeout, headersTimeout, bodyTimeout, keepAliveTimeout } = parts
  return {
    origin: url.origin,
    path: url.pathname.replace(/\/$/, ''),
    tls,
    ...{ connectTimeout, headersTimeout, bodyTimeout, keepAliveTimeout },
    ...{ connections: parts.connections, client: parts.client },
  }
}

/** The limits, complete. Pure. */
export function readLimits(limits: z.output<typeof limitsSchema>): LimitsConfig {
  return { ...limits, maxBodyBytes: limits.maxBodyBytes }
}

/** Whether a request to the upstream would come back to this listener. Pure. */
export function isSameListener(origin: string, listen: ListenAddress): boolean {
  const url = new URL(origin)
  const standard = url.protocol === 'https:' ? 443 : 80
  return isSameAddress(url.hostname, url.port === '' ? standard : Number(url.port), listen)
}

/** Whether two listeners cannot both be. Port 0 is a free one each time. Pure. */
export function isSamePlace(one: ListenAddress, other: ListenAddress): boolean {
  if (one.kind === 'socket') return other.kind === 'socket' && one.path === other.path
  return isSameAddress(one.host, one.port, other)
}

function isSameAddress(host: string, port: number, listen: ListenAddress): boolean {
  if (listen.kind === 'socket' || listen.port === 0 || port !== listen.port) return false
  const bare = (name: string) => name.toLowerCase().replace(/^\[(.*)\]$/, '$1')
  const [target, own] = [bare(host), bare(listen.host)]
  const isEverywhere = (name: string) => name === '0.0.0.0' || name === '::'
  const isHere = (name: string) => isLoopbackHost(name) || isEverywhere(name)
  return target === own || (isHere(target) && isHere(own))
}
