/**
 * A token that was read -> VerifiedToken or why not. Only this file knows aws-jwt-verify.
 *
 * The library checks the signature, the key and `iss`, and gets for it: parts that we have read strictly
 * (J2 to J5), a key that we have chosen and measured (J6), one verifier per key set, so that its own cache
 * of key objects neither grows with unverified issuers nor outlives the set (J7, J8), and no use of its
 * fetcher (J9, J10). Time is ours: it would read the system's clock, and let a token without exp pass (J1).
 */
import { JwtInvalidSignatureError } from 'aws-jwt-verify/error'
import type { Jwks } from 'aws-jwt-verify/jwk'
import type { JwtHeader, JwtPayload } from 'aws-jwt-verify/jwt-model'
import { JwtVerifierBase } from 'aws-jwt-verify/jwt-verifier'
import { no, ok, type EpochSeconds, type NonEmpty, type Result } from '../units.ts'
import { judgeClaims, type JudgedClaims } from './access-claims.ts'
import type { ParsedToken } from './compact.ts'
import type { KeySet } from './keyset.ts'
import type { IssuerSettings } from './settings.ts'

export type Verdict =
  | { readonly kind: 'valid'; readonly judged: JudgedClaims; readonly keys: KeySet }
  /** `because` is fixed words. */
  | { readonly kind: 'invalid'; readonly because: string }
  /** All else is in order; no key of this set made the signature. */
  | {
      readonly kind: 'forged'
      readonly because: string
      readonly judged: JudgedClaims
      readonly keys: KeySet
    }
  /** All else is in order; the key set, if there is one, does not hold the key. */
  | { readonly kind: 'key_needed'; readonly judged: JudgedClaims }

/**
 * Judges a token of an issuer: `iss` is known to be one of `settings.issuers`. Never throws.
 * Claims come first: they cost less, and a token that can never count makes nobody fetch keys.
 */
export function judge(
  token: ParsedToken,
  settings: IssuerSettings,
  keys: KeySet | undefined,
  now: EpochSeconds,
): Verdict {
  if (!settings.algorithms.includes(token.algorithm))
    return { kind: 'invalid', because: 'the algorithm is not accepted' }
  const judged = judgeClaims(token.claims, settings, now)
  if (!judged.ok) return { kind: 'invalid', because: judged.problem }
  const key = keys?.keys.get(token.kid)
  if (keys === undefined || key === undefined) return { kind: 'key_needed', judged: judged.value }
  if (!key.algorithms.includes(token.algorithm))
    return { kind: 'invalid', because: 'the algorithm is not accepted for this key' }
  const signed = checkSignature(token, keys, settings.issuers)
  if (!signed.ok) return { kind: 'forged', because: signed.problem, judged: judged.value, keys }
  return { kind: 'valid', judged: judged.value, keys }
}

/** Whether the key of the set that `kid` names signed the token. Never throws: what is not yes is no. */
export function checkSignature(
  token: ParsedToken,
  keys: KeySet,
  issuers: NonEmpty<string>,
): Result<true, string> {
  try {
    verifierFor(keys).check(token, issuers)
    return ok(true)
  } catch (error) {
    return no(
      error instanceof JwtInvalidSignatureError
        ? 'the signature is not valid'
        : 'the token could not be verified',
    )
  }
}

/** The library's default address would be made from the issuer; this one is only a name for its cache. */
const jwksUri = 'https://keys.invalid/'

type Checks = {
  readonly issuer: string[] | null
  readonly audience: null
  readonly graceSeconds?: number
}

class SignatureVerifier extends JwtVerifierBase<
  Checks,
  { issuer: null; jwksUri: string; audience: null },
  false
> {
  constructor(keys: KeySet) {
    super({ issuer: null, jwksUri, audience: null })
    // keys were read by ours, which knows more kinds of them than its type does
    this.cacheJwks({ keys: [...keys.keys.values()].map(({ jwk }) => jwk) } as unknown as Jwks)
  }

  check({ header, claims, parts }: ParsedToken, issuers: NonEmpty<string>): void {
    const [headerB64, payloadB64, signatureB64] = parts
    // without `scope`, which the library accepts as a string only: judgeClaims has read it
    const payload = { iss: claims.iss } as JwtPayload
    const decomposed = {
      header: header as JwtHeader,
      headerB64,
      payload,
      payloadB64,
      signatureB64,
    }
    const checks = { issuer: [...issuers], audience: null, graceSeconds: 0 }
    this.verifyDecomposedJwtSync(decomposed, jwksUri, checks)
  }
}

const verifiers = new WeakMap<KeySet, SignatureVerifier>()

function verifierFor(keys: KeySet): SignatureVerifier {
  const known = verifiers.get(keys)
  if (known !== undefined) return known
  const made = new SignatureVerifier(keys)
  verifiers.set(keys, made)
  return made
}
