/** What proxies tell upstreams about the request they received (SPEC 3, R17). */
import type { IncomingMessage } from 'node:http'
import { BlockList, isIPv6 } from 'node:net'
import { fold } from './headers.ts'

/** Headers by which a lenient upstream would judge another request than the one decided on. */
const overrides = ['x-http-method-override', 'x-http-method', 'x-method-override']
const overridePrefixes = ['x-original-', 'x-rewrite-', 'x-envoy-original-']

/** `Forwarded` and its unregistered kin: only we, or a trusted proxy through us, may say them. */
export function isForwardingHeader(name: string): boolean {
  const folded = fold(name)
  return folded === 'forwarded' || folded === 'x-real-ip' || folded.startsWith('x-forwarded-')
}

/** Method and path overrides, folded. */
export function isRequestOverride(name: string): boolean {
  const folded = fold(name)
  return overrides.includes(folded) || overridePrefixes.some((prefix) => folded.startsWith(prefix))
}

/** X-Forwarded-For, -Proto and -Host for a request, as a flat list. */
export type ForwardedFor = (req: IncomingMessage) => string[]

/**
 * Sets the three headers; for a peer in `trustedProxies` what it said is kept in front.
 * An empty list trusts nobody. A peer on a Unix socket has no address, so that no -For is made up.
 */
export function createForwarded(trustedProxies: readonly string[]): ForwardedFor {
  const trusted = blockList(trustedProxies)
  return (req) => {
    const peer = plainAddress(req.socket.remoteAddress)
    const before =
      peer !== undefined && trusted?.check(peer, isIPv6(peer) ? 'ipv6' : 'ipv4') === true
        ? (name: string) => said(req.rawHeaders, name)
        : () => ''
    const headers = ['X-Forwarded-Proto', `${before('x-forwarded-proto')}http`]
    if (peer !== undefined) headers.push('X-Forwarded-For', before('x-forwarded-for') + peer)
    const host = req.headers.host
    if (host !== undefined) headers.push('X-Forwarded-Host', before('x-forwarded-host') + host)
    return headers
  }
}

function said(rawHeaders: readonly string[], name: string): string {
  let text = ''
  for (let i = 0; i < rawHeaders.length; i += 2)
    if (rawHeaders[i]?.toLowerCase() === name) text += `${rawHeaders[i + 1] ?? ''}, `
  return text
}

function blockList(blocks: readonly string[]): BlockList | undefined {
  if (blocks.length === 0) return undefined
  const list = new BlockList()
  for (const block of blocks) {
    const [address = '', bits] = block.split('/')
    const family = isIPv6(address) ? 'ipv6' : 'ipv4'
    if (bits === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(bits), family)
  }
  return list
}

/** An IPv4 peer of a dual-stack listener as plain IPv4. */
function plainAddress(address: string | undefined): string | undefined {
  return address?.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address
}
