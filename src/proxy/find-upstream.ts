/** Which outbound route a request belongs to, and the target that its upstream gets (SPEC 4). Pure. */
import { isIPv4 } from 'node:net'
import type { OutboundRoute } from '../config/config.ts'
import type { ClearedTarget } from '../decision/enforce.ts'
import { no, ok, type Result } from '../units.ts'

export type FoundUpstream = {
  readonly route: OutboundRoute
  /** Upstream's path, rest of the path and query, as received. A route that the operator wrote clears it. */
  readonly target: ClearedTarget
}

export type OutboundRefusal =
  | { readonly code: 'unknown_upstream' }
  | { readonly code: 'invalid_path'; readonly because: string }

export type OutboundRequest = {
  readonly target: string
  readonly host: string | undefined
  /** Requests without a `host` route may come by path: `Host` is loopback, a Unix socket, or allowed remotely. */
  readonly pathsAnyHost: boolean
}

export type FindUpstream = (request: OutboundRequest) => Result<FoundUpstream, OutboundRefusal>

/** Absolute form, scheme http, no userinfo (RFC 9112 §3.2.2): authority, then path and query. */
const absoluteForm = /^http:\/\/([^/?#@]+)(\/[^#]*|\?[^#]*)?$/i
/** A dot segment in any escaping: also an escape of an escape, and beside an escaped separator. */
const dotSegment =
  /(?:^|\/|%(?:25)*(?:2f|5c))(?:\.|%(?:25)*2e){1,2}(?:$|\/|;|%(?:25)*(?:2f|5c|3b))/i
/** A backslash or a control, escaped or not. */
const unsafe = /\\|%5c|%[01][0-9a-f]|%7f/i
const visibleAscii = /^[\x21-\x7e]*$/

/** Prepares the routes: the longest path first; of host routes those that name the port before the others. */
export function createFindUpstream(routes: readonly OutboundRoute[]): FindUpstream {
  const longestFirst = [...routes].sort((a, b) => (b.path?.length ?? 0) - (a.path?.length ?? 0))
  const byHost = longestFirst
    .filter((route) => route.host !== undefined)
    .sort((a, b) => Number(b.host?.port !== undefined) - Number(a.host?.port !== undefined))
  const byPath = longestFirst.filter((route) => route.host === undefined)

  return ({ target, host, pathsAnyHost }) => {
    const absolute = absoluteForm.exec(target)
    const authority = absolute?.[1] ?? host
    const origin = absolute === null ? target : originForm(absolute[2])
    if (!origin.startsWith('/')) return no({ code: 'unknown_upstream' })
    const refused = checkPath(origin)
    if (refused !== undefined) return no({ code: 'invalid_path', because: refused })

    const found =
      firstMatch(
        byHost.filter((route) => isHost(route, authority)),
        origin,
      ) ??
      (absolute === null && (pathsAnyHost || isLoopbackAuthority(authority))
        ? firstMatch(byPath, origin)
        : undefined)
    return found === undefined ? no({ code: 'unknown_upstream' }) : ok(found)
  }
}

function originForm(rest: string | undefined): string {
  if (rest === undefined) return '/'
  return rest.startsWith('/') ? rest : `/${rest}`
}

function checkPath(origin: string): string | undefined {
  const query = origin.indexOf('?')
  const path = query < 0 ? origin : origin.slice(0, query)
  if (!visibleAscii.test(origin) || origin.includes('#'))
    return 'the target holds characters that no request target has'
  if (unsafe.test(path)) return 'the path holds a backslash or a control character'
  if (dotSegment.test(path)) return 'the path holds a dot segment'
  if (!isDecodable(path)) return 'the path holds an escape that is malformed or not UTF-8'
  return undefined
}

/** Every escape is whole and stands for UTF-8: an overlong one is a dot or a slash to a lenient upstream. */
function isDecodable(path: string): boolean {
  if (!path.includes('%')) return true
  try {
    decodeURIComponent(path)
    return true
  } catch {
    return false
  }
}

/** The first route whose prefix of whole segments the path has; the prefix is replaced by the upstream's path. */
function firstMatch(routes: readonly OutboundRoute[], origin: string): FoundUpstream | undefined {
  for (const route of routes) {
    const prefix = route.path ?? ''
    if (!origin.startsWith(prefix)) continue
    const rest = origin.slice(prefix.length)
    if (rest !== '' && !rest.startsWith('/') && !rest.startsWith('?')) continue
    const target = route.upstream.path + rest
    return { route, target: (target.startsWith('/') ? target : `/${target}`) as ClearedTarget }
  }
  return undefined
}

function isHost({ host }: OutboundRoute, authority: string | undefined): boolean {
  if (authority === undefined) return false
  const { name, port } = split(authority)
  return name === host?.name && (host.port === undefined || port === host.port)
}

function split(authority: string): { name: string; port: number } {
  const port = /:\d*$/.exec(authority)?.[0] ?? ''
  return {
    name: authority.slice(0, authority.length - port.length).toLowerCase(),
    port: port.length > 1 ? Number(port.slice(1)) : 80,
  }
}

/** `localhost`, 127.0.0.0/8 or ::1 as a Host header writes them: what a rebound name cannot be. */
export function isLoopbackAuthority(authority: string | undefined): boolean {
  if (authority === undefined) return false
  const { name } = split(authority)
  return name === 'localhost' || name === '[::1]' || (name.startsWith('127.') && isIPv4(name))
}
