/** What proxies tell upstreams about the request they received (SPEC 3, R17). */
import type { IncomingMessage } from 'node:http'
import { BlockList } from 'node:net'
import { foldHeader } from '../config/header-names.ts'
import { isSecure } from './peer-certificate.ts'

/** Headers by which a lenient upstream would judge another request than the one decided on. */
const overrides = ['x-http-method-override', 'x-http-method', 'x-method-override']
const overridePrefixes = ['x-original-', 'x-rewrite-', 'x-envoy-original-']

/** `Forwarded` and its unregistered kin: only we, or a trusted proxy through us, may say them. */
export function isForwardingHeader(name: string): boolean {
  const folded = foldHeader(name)
  return folded === 'forwarded' || folded === 'x-real-ip' || folded.startsWith('x-forwarded-')
}

/** Method and path overrides, folded. */
export function isRequestOverride(name: string): boolean {
  const folded = foldHeader(name)
  return overrides.includes(folded) || overridePrefixes.some((prefix) => folded.startsWith(prefix))
}

/** X-Forwarded-For, -Proto and -Host for a request, as a flat list. */
export type ForwardedFor = (req: IncomingMessage) => string[]

/**
 * Sets the three headers; for a peer in `trustedProxies` what it said is kept in front.
 * An empty list trusts nobody. A peer on a Unix socket has no address, so that no -For is made up.
 */
export function createForwarded(trustedProxies: readonly string[]): ForwardedFor {
  // one list a family: in a common one `::/0` would hold every IPv4 address
  const trusted = {
    ipv4: blockList(trustedProxies, 'ipv4'),
    ipv6: blockList(trustedProxies, 'ipv6'),
  }
  return (req) => {
    const peer = plainAddress(req.socket.remoteAddress)
    const family = peer?.includes(':') === true ? 'ipv6' : 'ipv4'
    const before =
      peer !== undefined && trusted[family]?.check(peer, family) === true
        ? (name: string) => said(req.rawHeaders, name)
        : () => ''
    const scheme = isSecure(req.socket) ? 'https' : 'http'
    const headers = ['X-Forwarded-Proto', before('x-forwarded-proto') + scheme]
    if (peer !== undefined) headers.push('X-Forwarded-For', before('x-forwarded-for') + peer)
    const host = req.headers.host
    if (host !== undefined) headers.push('X-Forwarded-Host', before('x-forwarded-host') + host)
    return headers
  }
}

function said(rawHeaders: readonly string[], name: string): string {
  let text = ''
  for (let i = 0; i < rawHeaders.length; i += 2)
    if (rawHeaders[i]?.toLowerCase() === name) text += `${rawHeaders[i + 1] as string}, `
  return text
}

function blockList(blocks: readonly string[], family: 'ipv4' | 'ipv6'): BlockList | undefined {
  const ours = blocks.filter((block) => block.includes(':') === (family === 'ipv6'))
  if (ours.length === 0) return undefined
  const list = new BlockList()
  for (const block of ours) {
    const [address = '', bits] = block.split('/')
    if (bits === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(bits), family)
  }
  return list
}

/** An IPv4 peer of a dual-stack listener as plain IPv4. */
function plainAddress(address: string | undefined): string | undefined {
  return address?.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address
}
