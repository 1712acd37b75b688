/** Compact JWT -> its parts, read strictly and not yet verified (RFC 7515 §3.1, §7.1; HAZARDS R6). Pure. */
import type { Claimed } from '../decision/decide.ts'
import { no, ok, type Result } from '../units.ts'
import { decodeUtf8, parseJsonObject, type JsonObject } from './json.ts'
import { algorithms, type Algorithm } from './settings.ts'
import { visible } from './visible.ts'

/** Nothing in here is verified. */
export type ParsedToken = {
  readonly algorithm: Algorithm
  readonly kid: string
  readonly header: JsonObject
  readonly claims: JsonObject
  /** The three parts as received. */
  readonly parts: readonly [header: string, payload: string, signature: string]
}

/** Why a token was not read, and what it says of itself as far as that could be read. */
export type Unreadable = { readonly because: string; readonly claimed: Claimed }

export const maxTokenLength = 12 * 1024

/**
 * Reads a compact JWS: three parts of canonical base64url (no padding, no spare bits set), header and
 * payload strict JSON objects, `alg` one that we know (so never `none`, never an HMAC), `kid` a string,
 * `typ` absent or an access token's, no `crit`. Key material in the header (`jwk`, `jku`, `x5c`, `x5u`)
 * is not looked at.
 */
export function parseCompact(compact: string): Result<ParsedToken, Unreadable> {
  if (compact.length > maxTokenLength) return unreadable('the token is too long')
  const parts = splitInThree(compact)
  if (parts === undefined) return unreadable('the token does not have three parts')
  const [header, payload, signature] = parts.map(decodePart)
  if (header === undefined || payload === undefined || signature === undefined)
    return unreadable('the token is not canonical base64url')
  const head = readObject(header)
  if (!head.ok) return unreadable(`the header is ${head.problem}`)
  const body = readObject(payload)
  if (!body.ok) return unreadable(`the payload is ${body.problem}`)
  const claimed = claimedBy(head.value, body.value)
  const { alg, kid } = head.value
  const algorithm = algorithms.find((known) => known === alg)
  if (algorithm === undefined) return unreadable('the algorithm is not accepted', claimed)
  if (typeof kid !== 'string') return unreadable('the header has no kid', claimed)
  if (!isAccessTokenType(head.value.typ)) return unreadable('typ is not accepted', claimed)
  if (Object.hasOwn(head.value, 'crit')) return unreadable('crit is not supported', claimed)
  return ok({ algorithm, kid, header: head.value, claims: body.value, parts })
}

/** What an unverified token says of itself, cut for a log line (SPEC 5). Pure. */
export function claimedBy(header: JsonObject, claims: JsonObject): Claimed {
  const { iss, client_id: clientId, exp } = claims
  const { kid } = header
  return {
    ...(typeof iss === 'string' && { iss: visible(iss) }),
    ...(typeof clientId === 'string' && { clientId: visible(clientId) }),
    ...(typeof kid === 'string' && { kid: visible(kid) }),
    ...(typeof exp === 'number' && Number.isFinite(exp) && { exp }),
  }
}

function splitInThree(compact: string): [string, string, string] | undefined {
  const first = compact.indexOf('.')
  const second = compact.indexOf('.', first + 1)
  if (first < 0 || second < 0 || compact.includes('.', second + 1)) return undefined
  return [compact.slice(0, first), compact.slice(first + 1, second), compact.slice(second + 1)]
}

/** Undefined unless encoding the bytes again gives the same text, which also refuses foreign characters. */
function decodePart(part: string): Buffer | undefined {
  const bytes = Buffer.from(part, 'base64url')
  return bytes.length > 0 && bytes.toString('base64url') === part ? bytes : undefined
}

function readObject(bytes: Buffer): Result<JsonObject, string> {
  const text = decodeUtf8(bytes)
  return text === undefined ? no('not UTF-8') : parseJsonObject(text)
}

/** RFC 9068 §2.1; absent from Cognito, and `JWT` from most others. */
function isAccessTokenType(typ: unknown): boolean {
  if (typ === undefined) return true
  return typeof typ === 'string' && /^(?:jwt|(?:application\/)?at\+jwt)$/i.test(typ)
}

function unreadable(
  because: string,
  claimed: Claimed = {},
): { readonly ok: false; readonly problem: Unreadable } {
  return no({ because, claimed })
}
