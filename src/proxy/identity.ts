/** Identity headers: set from the verified token, never from the downstream (SPEC 3, R15). */
import { readClaim } from '../decision/claims.ts'
import type { VerifiedToken } from '../decision/decide.ts'
import { no, ok, type Result } from '../units.ts'
import { foldHeader } from '../config/header-names.ts'

export type IdentityHeader = { readonly header: string; readonly claim: string }

/** A value that does not fit into the header named; `fitting` are the others. */
export type UnfittingClaim = { readonly header: string; readonly fitting: readonly string[] }

/** Flat list of names and values for one verified token. Remembered as long as the token is. */
export type IdentityOf = (token: VerifiedToken) => Result<readonly string[], UnfittingClaim>

/** What every HTTP implementation reads the same: visible ASCII, spaces inside. */
const headerText = /^(?:[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?)?$/

/** Builds the identity headers; `client_id` and `scope` have the sense of SPEC 3, others are claims. */
export function createIdentity(headers: readonly IdentityHeader[]): IdentityOf {
  const remembered = new WeakMap<VerifiedToken, ReturnType<IdentityOf>>()
  return (token) => {
    const known = remembered.get(token)
    if (known !== undefined) return known
    const built = build(headers, token)
    remembered.set(token, built)
    return built
  }
}

function build(headers: readonly IdentityHeader[], token: VerifiedToken): ReturnType<IdentityOf> {
  const fitting: string[] = []
  let unfitting: string | undefined
  for (const { header, claim } of headers) {
    const text = claimText(claim, token)
    if (text === undefined) continue
    if (headerText.test(text)) fitting.push(header, text)
    else unfitting ??= header
  }
  return unfitting === undefined ? ok(fitting) : no({ header: unfitting, fitting })
}

function claimText(claim: string, token: VerifiedToken): string | undefined {
  if (claim === 'client_id') return token.clientId
  if (claim === 'scope') return [...token.scopes].join(' ')
  const value = readClaim(token.claims, claim)
  switch (typeof value) {
    case 'string':
      return value
    case 'number':
    case 'boolean':
      return String(value)
    case 'object':
      return value === null ? undefined : isTooDeep(value) ? fitsNoHeader : asciiJson(value)
    default:
      return undefined
  }
}

const fitsNoHeader = '\0'

/** A token has room for lists in lists that are read, but not written: JSON.stringify runs out of stack. */
const mostLevels = 100

function isTooDeep(value: object): boolean {
  let level: readonly unknown[] = [value]
  for (let depth = 0; depth <= mostLevels; depth += 1) {
    level = level.flatMap((one) =>
      typeof one === 'object' && one !== null ? (Object.values(one) as unknown[]) : [],
    )
    if (level.length === 0) return false
  }
  return true
}

/** JSON with every character beyond ASCII escaped (RFC 8259 §7). */
function asciiJson(value: object): string {
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/**
 * Which header names, folded, a downstream may not send: the identity headers themselves and
 * `removeHeaders`, where a `*` at the end stands for anything. Asked with any spelling.
 */
export function createSpoofable(
  identityHeaders: readonly IdentityHeader[],
  removeHeaders: readonly string[],
): (name: string) => boolean {
  const exact = new Set(identityHeaders.map(({ header }) => foldHeader(header)))
  const prefixes: string[] = []
  for (const pattern of removeHeaders) {
    if (pattern.endsWith('*')) prefixes.push(foldHeader(pattern.slice(0, -1)))
    else exact.add(foldHeader(pattern))
  }
  return (name) => {
    const folded = foldHeader(name)
    return exact.has(folded) || prefixes.some((prefix) => folded.startsWith(prefix))
  }
}
