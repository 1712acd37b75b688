/** Which tokens of an issuer are valid now and were not before, by its settings. Pure. */
import type { ClaimRule } from '../../decision/claims.ts'
import type { IssuerSettings, KeySource } from '../../tokens/settings.ts'
import type { IssuerPair } from './issuer-keys.ts'
import { accepts, differs, fingerprint, grows, pemText, type Setting } from './setting.ts'

/** Whether files of this part of an issuer are not here on one side at least. */
export type IsAway = (pair: IssuerPair, part: 'jwks' | 'tls') => boolean

/**
 * Settings of issuers that are on both sides; one that is new or gone shows at the routes that accept it.
 * What is not here is left out.
 */
export function compareIssuers(pairs: readonly IssuerPair[], isAway: IsAway): readonly Setting[] {
  return pairs.flatMap((pair) => {
    const { key, before, after } = pair
    if (before === undefined || after === undefined) return []
    return [
      ...compareIssuer(`issuers.${key}`, before, after),
      ...(isAway(pair, 'jwks') ? [] : compareKeys(`issuers.${key}: keys`, before, after)),
      ...(isAway(pair, 'tls') ? [] : compareTls(`issuers.${key}.tls`, before, after)),
    ]
  })
}

function compareIssuer(
  key: string,
  before: IssuerSettings,
  after: IssuerSettings,
): readonly Setting[] {
  const audience = ({ audience: list }: IssuerSettings) => (list === 'any' ? undefined : list)
  const both = <Value>(of: (issuer: IssuerSettings) => Value) => [of(before), of(after)] as const
  return [
    ...accepts(
      `${key}: accepted iss`,
      both(({ issuers }) => issuers),
      'tokens with these count',
    ),
    ...differs(
      {
        key: `${key}: kind`,
        before: before.kind,
        after: after.kind,
        note: 'other rules of what an access token is',
      },
      'both',
    ),
    ...accepts(`${key}.audience`, both(audience), 'tokens for these count'),
    ...accepts(
      `${key}.clientIds`,
      both(({ clientIds }) => clientIds),
      'tokens of these clients count',
    ),
    ...accepts(
      `${key}.algorithms`,
      both(({ algorithms }) => algorithms),
      'tokens signed so count',
    ),
    ...compareClaims(`${key}.claims`, before.claims, after.claims),
    ...order(
      `${key}.scopeClaims`,
      both(({ scopeClaims }) => scopeClaims),
      'scopes are read from these claims',
    ),
    ...order(
      `${key}.clientClaims`,
      both(({ clientClaims }) => clientClaims),
      'the client is read from these claims',
    ),
    ...grows(
      `${key}.clockTolerance`,
      both(({ clockTolerance }) => clockTolerance),
      'expired tokens count so long',
    ),
    ...grows(
      `${key}.maxTokenLifetime`,
      both(({ maxTokenLifetime }) => maxTokenLifetime),
      'tokens that live so long count',
    ),
    ...grows(
      `${key}.jwksMaxAge`,
      both(({ jwksMaxAge }) => jwksMaxAge),
      'withdrawn keys count so long',
    ),
    ...grows(
      `${key}.jwksMaxStale`,
      both(({ jwksMaxStale }) => jwksMaxStale),
      'keys count so long while the issuer is down',
    ),
  ]
}

function compareKeys(
  key: string,
  before: IssuerSettings,
  after: IssuerSettings,
): readonly Setting[] {
  const note = 'tokens signed with these keys count'
  return differs({ key, before: keysText(before.keys), after: keysText(after.keys), note }, 'both')
}

function compareTls(
  key: string,
  before: IssuerSettings,
  after: IssuerSettings,
): readonly Setting[] {
  const note = 'whom its keys are fetched from'
  return differs({ key, before: tlsText(before.tls), after: tlsText(after.tls), note }, 'both')
}

/** Rules by claim: all must hold, so one more narrows. */
function compareClaims(
  key: string,
  before: readonly ClaimRule[],
  after: readonly ClaimRule[],
): readonly Setting[] {
  const claims = [...new Set([...before, ...after].map(({ claim }) => claim))].sort()
  return claims.flatMap((claim) => {
    const valuesIn = (rules: readonly ClaimRule[]) =>
      rules.find((rule) => rule.claim === claim)?.values.map((value) => JSON.stringify(value))
    return accepts(
      `${key}.${claim}`,
      [valuesIn(before), valuesIn(after)],
      'tokens with these values count',
    )
  })
}

function order(
  key: string,
  [before, after]: readonly [readonly string[], readonly string[]],
  note: string,
): readonly Setting[] {
  return differs({ key, before: before.join(', '), after: after.join(', '), note }, 'both')
}

function keysText(keys: KeySource): string {
  switch (keys.kind) {
    case 'uri':
      return keys.url
    case 'discovery':
      return `discovery of ${keys.issuer}`
    case 'file':
      return `key set ${fingerprint(JSON.stringify(JSON.parse(keys.text)))}`
  }
}

/** Whom Scopegate trusts, and how it shows itself, when it fetches keys. */
function tlsText(tls: IssuerSettings['tls']): string {
  if (tls === undefined) return 'none'
  const { ca, cert, serverName } = tls
  return `ca ${pemText(ca)}, cert ${pemText(cert)}, serverName ${serverName ?? 'none'}`
}
