/** What a reload may keep: settings compared by value. Pure. */
import { isDeepStrictEqual } from 'node:util'
import type { IssuerSettings } from './settings.ts'

/** What an issuer's keys depend on. */
export type KeyPart = Pick<
  IssuerSettings,
  | 'name'
  | 'keys'
  | 'algorithms'
  | 'jwksTimeout'
  | 'jwksCooldown'
  | 'jwksMaxAge'
  | 'jwksMaxStale'
  | 'tls'
>

export function keyPart(settings: IssuerSettings): KeyPart {
  const { name, keys, algorithms, tls } = settings
  const { jwksTimeout, jwksCooldown, jwksMaxAge, jwksMaxStale } = settings
  return { name, keys, algorithms, tls, jwksTimeout, jwksCooldown, jwksMaxAge, jwksMaxStale }
}

/** Deep equality. A key of TLS is compared by what it holds, since a secret shows nothing. */
export function isSame<Settings extends KeyPart>(one: Settings, other: Settings): boolean {
  return isDeepStrictEqual(plain(one), plain(other))
}

function plain({ tls, ...rest }: KeyPart): object {
  return { ...rest, tls: tls && { ...tls, key: tls.key?.reveal() } }
}
