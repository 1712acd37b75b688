/** Header names in the configuration: what may be set, removed or carry the token (SPEC 3). */
import { foldHeader, hopByHop } from '../header-names.ts'
import type { KeyPath } from '../problems.ts'
import { report } from '../read.ts'
import { itemPath } from './claims.ts'
import { shown, type Context } from './context.ts'

/** Hop-by-hop, framing, Host and Cookie: never ours to set or drop by name. */
const untouchable = new Set([...hopByHop, 'content-length', 'expect', 'host', 'cookie'])
/** Set by the proxy itself. */
const ours = [
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-request-id',
  'traceparent',
  'tracestate',
]

/** A header name in lower case; reports one that is no token (RFC 9110 §5.1) or not ours to touch. */
export function readHeaderName(context: Context, path: KeyPath, name: string): string {
  const quoted = shown(context, path)
  if (!isHeaderName(name)) report(context, path, `${quoted} is no header name`)
  else if (untouchable.has(foldHeader(name)))
    report(context, path, `${quoted} belongs to HTTP itself; choose another header`)
  return name.toLowerCase()
}

const isHeaderName = (name: string) => /^[!#$%&'*+.^_`|~\w-]+$/.test(name)

/** `identityHeaders:`, header to claim; the names are keys. */
export function readIdentityHeaders(
  context: Context,
  path: KeyPath,
  headers: Readonly<Record<string, string>>,
  tokenHeader: string,
): readonly { readonly header: string; readonly claim: string }[] {
  const seen = new Map<string, string>()
  return Object.entries(headers).map(([name, claim]) => {
    const at = [...path, name]
    const folded = foldHeader(name)
    const first = seen.get(folded)
    const why = whyNotSet(name, folded, tokenHeader)
    if (why !== undefined) report(context, at, why)
    else if (first !== undefined)
      report(context, at, `is the same header as ${first}; keep one of them`)
    seen.set(folded, name)
    return { header: name.toLowerCase(), claim }
  })
}

function whyNotSet(name: string, folded: string, tokenHeader: string): string | undefined {
  if (!isHeaderName(name) || name.includes('*')) return 'is no header name'
  if (untouchable.has(folded)) return 'belongs to HTTP itself; choose another header'
  if (folded === foldHeader(tokenHeader)) return 'carries the token; choose another header'
  return ours.includes(folded) ? 'is set by Scopegate itself; choose another header' : undefined
}

/** `certificateHeader:`, in lower case: set like an identity header, where callers show certificates. */
export function readCertificateHeader(
  context: Context,
  path: KeyPath,
  { name, taken, isAsked }: CertificateHeaderInput,
): string | undefined {
  if (name === undefined) return undefined
  const folded = foldHeader(name)
  const why = whyNotSet(name, folded, taken.tokenHeader)
  if (why !== undefined) report(context, path, `${shown(context, path)} ${why}`)
  else if (taken.identity.some(({ header }) => foldHeader(header) === folded))
    report(context, path, `${shown(context, path)} is an identity header; choose another`)
  else if (!isAsked)
    report(context, path, 'needs `listen.tls.clientCa`, which asks for certificates')
  return name.toLowerCase()
}

type CertificateHeaderInput = {
  readonly name: string | undefined
  readonly taken: {
    readonly tokenHeader: string
    readonly identity: readonly { readonly header: string }[]
  }
  /** Whether the listener asks for certificates. */
  readonly isAsked: boolean
}

/** `removeHeaders:`, in lower case; a `*` at the end stands for anything. */
export function readRemoveHeaders(
  context: Context,
  path: KeyPath,
  names: readonly string[],
  tokenHeader: string,
): readonly string[] {
  names.forEach((name, index) => {
    const at = itemPath(context, path, index)
    const open = name.endsWith('*')
    const stem = open ? name.slice(0, -1) : name
    const hits = [...untouchable, tokenHeader].find((one) =>
      open ? foldHeader(one).startsWith(foldHeader(stem)) : foldHeader(one) === foldHeader(stem),
    )
    if (!isHeaderName(stem) || stem.includes('*'))
      report(context, at, `${shown(context, at)} is no header name; a * stands at the end only`)
    else if (hits !== undefined)
      report(context, at, `${shown(context, at)} would remove ${hits}; write a narrower name`)
  })
  return names.map((name) => name.toLowerCase())
}
