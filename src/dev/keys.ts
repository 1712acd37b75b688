/** The signing keys of one user pool: made at start, published as a key set, rotated and withdrawn on demand. */
import { createHash, createPrivateKey, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose'
import type { JWK } from 'jose'

export type PoolKeys = {
  /** What is published, RFC 7517 §5; members as Cognito's. */
  published(): { readonly keys: readonly JWK[] }
  /** Compact JWS over exactly these values. Header: `kid` and `alg`, then what `header` says. */
  sign(claims: object, header?: Readonly<Record<string, unknown>>): string
  /** New keys at once; the old ones are no longer published. `sameKid`: under their old names. */
  rotate(options?: { sameKid?: boolean }): Promise<void>
  /** Publishes an empty set; tokens are signed as before. */
  withdraw(): void
}

type SigningKey = { readonly kid: string; readonly jwk: JWK; readonly key: KeyObject }

/** Cognito publishes two keys a pool; access tokens are signed by the second, ID tokens by the first. */
export async function createPoolKeys(): Promise<PoolKeys> {
  let keys = await makePair()
  let withdrawn = false
  return {
    published: () => ({ keys: withdrawn ? [] : keys.map(({ jwk }) => jwk) }),
    sign: (claims, header) => signCompact(keys[1], claims, header),
    async rotate({ sameKid = false } = {}) {
      const [first, second] = keys
      keys = await makePair(sameKid ? [first.kid, second.kid] : [])
      withdrawn = false
    },
    withdraw() {
      withdrawn = true
    },
  }
}

function makePair(kids: readonly string[] = []): Promise<readonly [SigningKey, SigningKey]> {
  return Promise.all([makeKey(kids[0]), makeKey(kids[1])])
}

async function makeKey(oldKid?: string): Promise<SigningKey> {
  const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true })
  const { n, e } = await exportJWK(publicKey)
  const thumbprint = await calculateJwkThumbprint({ kty: 'RSA', n: n as string, e: e as string })
  // standard base64 with padding, as Cognito's: `/`, `+` and `=` occur in a kid
  const kid = oldKid ?? createHash('sha256').update(thumbprint).digest('base64')
  return {
    kid,
    jwk: { alg: 'RS256', e: e as string, kid, kty: 'RSA', n: n as string, use: 'sig' },
    key: createPrivateKey({ key: { ...(await exportJWK(privateKey)) }, format: 'jwk' }),
  }
}

/** By hand: a test must be able to write what jose refuses, `crit` for one. */
function signCompact(
  { kid, key }: SigningKey,
  claims: object,
  header: Readonly<Record<string, unknown>> = {},
): string {
  const parts = [{ kid, alg: 'RS256', ...header }, claims]
  const input = parts
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
  return `${input}.${sign('RSA-SHA256', Buffer.from(input), key).toString('base64url')}`
}
