/** JWKS text -> the keys of it that may verify access tokens (RFC 7517, RFC 7518 §6, RFC 8037). Pure. */
import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import { no, ok, type Result } from '../units.ts'
import { isJsonObject, parseJsonObject, type JsonObject } from './json.ts'
import { isRoca } from './roca.ts'
import type { Algorithm } from './settings.ts'
import { visible } from './visible.ts'

export type UsableKey = {
  readonly kid: string
  /** What the JWK and the configuration both allow; the token's header never widens it. */
  readonly algorithms: readonly Algorithm[]
  /** The public members alone, from the key as OpenSSL read it. */
  readonly jwk: JsonWebKey & { readonly kid: string }
}

/** Compared by identity: it is replaced as a whole, and what was verified with it is forgotten with it. */
export type KeySet = {
  readonly keys: ReadonlyMap<string, UsableKey>
  /** Equal when the usable keys are, in whatever order and with whatever other members. */
  readonly fingerprint: string
  /** Why each entry that is not among `keys` was passed over; holds no key material. */
  readonly skipped: readonly string[]
}

/**
 * Reads a JWKS. Entries that cannot be used are skipped; two usable ones with one kid both are.
 * A problem: it is no key set, or it has entries and none can be used. No entries at all is a key set
 * that withdraws every key (SPEC 3).
 */
export function readKeySet(text: string, accepted: readonly Algorithm[]): Result<KeySet, string> {
  const read = parseJsonObject(text)
  if (!read.ok) return no(`the key set is ${read.problem}`)
  const entries = read.value.keys
  if (!Array.isArray(entries)) return no('the answer is not a key set')
  const keys = new Map<string, UsableKey>()
  const twice = new Set<string>()
  const skipped: string[] = []
  for (const entry of entries as readonly unknown[]) {
    const key = readKey(entry, accepted)
    if (!key.ok) skipped.push(key.problem)
    else if (keys.has(key.value.kid)) twice.add(key.value.kid)
    else keys.set(key.value.kid, key.value)
  }
  for (const kid of twice) {
    keys.delete(kid)
    skipped.push(`key ${visible(kid)}: several keys have this kid`)
  }
  if (entries.length > 0 && keys.size === 0)
    return no(`no key of the set can be used: ${skipped.slice(0, 3).join('; ')}`)
  return ok({ keys, fingerprint: fingerprint(keys), skipped })
}

function fingerprint(keys: ReadonlyMap<string, UsableKey>): string {
  const lines = [...keys.values()].map(({ jwk, algorithms }) => JSON.stringify([jwk, algorithms]))
  return lines.sort().join('\n')
}

function readKey(entry: unknown, accepted: readonly Algorithm[]): Result<UsableKey, string> {
  if (!isJsonObject(entry)) return no('an entry is not an object')
  const { kid } = entry
  if (typeof kid !== 'string') return no('a key has no kid')
  const skip = (because: string) => no(`key ${visible(kid)}: ${because}`)
  const unfit = refusePurpose(entry)
  if (unfit !== undefined) return skip(unfit)
  const fitting = fittingAlgorithms(entry)
  if (fitting.length === 0) return skip('its kty or crv is not supported')
  const named = fitting.filter((algorithm) => entry.alg === undefined || entry.alg === algorithm)
  if (named.length === 0) return skip('its alg does not fit its kty or is not supported')
  const algorithms = named.filter((algorithm) => accepted.includes(algorithm))
  if (algorithms.length === 0) return skip('its alg is not among the accepted algorithms')
  const key = createKey(entry)
  if (key === undefined) return skip('it is malformed')
  if (isWeak(key)) return skip('RSA below 2048 bits or with an exponent below 3')
  const jwk = key.export({ format: 'jwk' })
  if (jwk.n !== undefined && isRoca(jwk.n)) return skip('RSA of a kind that can be factored (ROCA)')
  return ok({ kid, algorithms, jwk: { ...jwk, kid } })
}

function refusePurpose(entry: JsonObject): string | undefined {
  if (entry.use !== undefined && entry.use !== 'sig') return 'its use is not sig'
  const operations = entry.key_ops
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify')))
    return 'its key_ops lack verify'
  // an issuer that publishes a private key has lost it
  return 'd' in entry || 'k' in entry ? 'it is a private or symmetric key' : undefined
}

function fittingAlgorithms({ kty, crv }: JsonObject): readonly Algorithm[] {
  if (kty === 'RSA') return ['RS256', 'RS384', 'RS512']
  if (kty === 'OKP') return crv === 'Ed25519' || crv === 'Ed448' ? ['EdDSA'] : []
  if (kty !== 'EC') return []
  return crv === 'P-256'
    ? ['ES256']
    : crv === 'P-384'
      ? ['ES384']
      : crv === 'P-521'
        ? ['ES512']
        : []
}

function createKey(entry: JsonObject): KeyObject | undefined {
  try {
    return createPublicKey({ key: entry as JsonWebKey, format: 'jwk' })
  } catch {
    return undefined
  }
}

function isWeak(key: KeyObject): boolean {
  const { modulusLength = Infinity, publicExponent = 65537n } = {
    ...key.asymmetricKeyDetails,
  }
  return modulusLength < 2048 || publicExponent <= 2n
}
