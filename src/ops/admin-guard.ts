/** Who may ask the admin listener what (SPEC 5: remote peers, rebound names, web pages). */
import { BlockList, isIP, isIPv6 } from 'node:net'
import type { AdminConfig } from '../config/config.ts'

export type AdminRequest = {
  readonly method: string
  /** Target as received. */
  readonly target: string
  /** Address of the peer, or `socket` for one on a Unix socket; undefined when it is gone already. */
  readonly peer: string | undefined
  readonly host: string | undefined
  readonly origin: string | undefined
  readonly fetchSite: string | undefined
}

/** Open to every peer: what probes and scrapers ask. */
const openPaths = new Set(['/livez', '/readyz', '/metrics'])

/** Why this request may not be answered, as a sentence, or undefined. Pure. */
export function adminRefusal(
  request: AdminRequest,
  config: Pick<AdminConfig, 'allowRemoteStatus' | 'hosts'>,
): string | undefined {
  const { host, origin, fetchSite } = request
  const reads = request.method === 'GET' || request.method === 'HEAD'
  if (reads && openPaths.has(request.target.replace(/\?.*$/s, ''))) return undefined
  if (!isLocal(request.peer) && !(reads && config.allowRemoteStatus))
    return 'Only /livez, /readyz and /metrics are open to other machines.'
  if (host === undefined || !isKnownHost(host, config.hosts))
    return 'The Host header must be an IP address, localhost, or one of `admin.hosts`.'
  if (origin !== undefined && origin !== `http://${host}`)
    return 'Requests of other web pages are refused.'
  if (fetchSite !== undefined && fetchSite !== 'none' && fetchSite !== 'same-origin')
    return 'Requests of other web pages are refused.'
  return undefined
}

/** A name that is none of these may have been rebound to us by whoever owns it. */
function isKnownHost(host: string, known: readonly string[]): boolean {
  const name = host
    .replace(/:\d*$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .toLowerCase()
  return isIP(name) !== 0 || name === 'localhost' || known.includes(name)
}

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

/** A peer that reset its connection has no address any more: it could be anybody. */
function isLocal(peer: string | undefined): boolean {
  if (peer === undefined || peer === 'socket') return peer === 'socket'
  return loopback.check(peer, isIPv6(peer) ? 'ipv6' : 'ipv4')
}
