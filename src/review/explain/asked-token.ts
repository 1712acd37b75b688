/** What somebody says about a token -> the token that `explain` and `test` judge by. Pure. */
import type { Config } from '../../config/config.ts'
import { didYouMean } from '../../config/suggest.ts'
import type { TokenResult, VerifiedToken } from '../../decision/decide.ts'
import { sketchOf, type TokenSketch, unknownToken } from '../../decision/explain.ts'
import { readBearer } from '../../proxy/bearer.ts'
import type { AskedToken } from '../../proxy/explained.ts'
import { parseJsonObject } from '../../tokens/json.ts'
import { imagineToken, issuerOf, judgeUnsigned } from '../../tokens/offline.ts'
import type { IssuerSettings } from '../../tokens/settings.ts'
import { visible } from '../../tokens/visible.ts'
import { type EpochSeconds, no, ok, type Result } from '../../units.ts'

/** The token as it was described; at most one of the kinds. */
export type TokenWords =
  | { readonly kind: 'none' }
  /** The text that follows `Bearer`, or with it. */
  | { readonly kind: 'compact'; readonly text: string }
  /** A JSON object of claims. */
  | { readonly kind: 'claims'; readonly json: string; readonly issuer: string | undefined }
  /** Where a template tells the scopes of a client, it fills `scopes`. */
  | {
      readonly kind: 'parts'
      readonly clientId: string | undefined
      readonly scopes: readonly string[] | undefined
      readonly issuer: string | undefined
    }

export type ReadToken = {
  readonly token: AskedToken
  /** What is known of it, in words; never the token. */
  readonly told: readonly string[]
  /** What is taken for granted. */
  readonly provided: readonly string[]
}

/** Whose tokens there may be. */
export type KnownIssuers = {
  readonly all: readonly IssuerSettings[]
  /** Whose a token is where nothing is said of it: the only one that is configured, or that any route accepts. */
  readonly only: IssuerSettings | undefined
}

/** The issuers of a configuration. Pure. */
export function knownIssuers({
  issuers,
  inbound,
}: Pick<Config, 'issuers' | 'inbound'>): KnownIssuers {
  const accepted = new Set(
    inbound?.routes.flatMap(({ conditions }) =>
      conditions.flatMap((one) => (one.kind === 'issuer' ? one.names : [])),
    ),
  )
  const meant = issuers.length === 1 ? issuers : issuers.filter(({ name }) => accepted.has(name))
  return { all: issuers, only: meant.length === 1 ? meant[0] : undefined }
}

/** Reads the description; the problem says what to write instead. */
export function readToken(
  words: TokenWords,
  known: KnownIssuers,
  now: EpochSeconds,
): Result<ReadToken, string> {
  switch (words.kind) {
    case 'none':
      return ok({ token: { kind: 'none' }, told: ['none'], provided: [] })
    case 'compact':
      return readCompact(words.text, known, now)
    case 'claims':
      return readClaims(words, known, now)
    case 'parts':
      return readParts(words, known)
  }
}

function readCompact(
  text: string,
  known: KnownIssuers,
  now: EpochSeconds,
): Result<ReadToken, string> {
  const bare = text.trim()
  if (bare === '') return no('standard input holds no token')
  const bearer = readBearer(bare, true)
  if (!bearer.ok)
    return ok({ token: { kind: 'read', token: bearer }, told: ['it cannot be read'], provided: [] })
  const { result, issuer } = judgeUnsigned(bearer.value, known.all, now)
  return ok({
    token: { kind: 'read', token: result },
    told: [...tellResult(result, issuer), 'its signature was NOT checked'],
    provided: result.ok ? ['a key of its issuer signed it: that was not checked'] : [],
  })
}

function readClaims(
  { json, issuer: name }: Extract<TokenWords, { kind: 'claims' }>,
  known: KnownIssuers,
  now: EpochSeconds,
): Result<ReadToken, string> {
  const claims = parseJsonObject(json)
  if (!claims.ok)
    return no(`the claims are ${claims.problem}; write an object such as {"scope":"a b"}`)
  const named = name === undefined ? undefined : issuerNamed(name, known)
  if (named?.ok === false) return named
  const says = Object.hasOwn(claims.value, 'iss')
  const issuer = says ? issuerOf(claims.value, known.all) : (named?.value ?? known.only)
  if (says && named !== undefined && named.value !== issuer)
    return no(
      `iss of the claims is none of the issuer ${named.value.name}; leave one of the two out`,
    )
  if (issuer === undefined) {
    if (!says) return no(`write iss into the claims or name the issuer: ${namesOf(known)}`)
    const token: TokenResult = no({ code: 'invalid_token', because: 'the issuer is not accepted' })
    return ok({ token: { kind: 'read', token }, told: tellResult(token, 'none'), provided: [] })
  }
  const { result, filled, open } = imagineToken(claims.value, issuer, now)
  return ok({
    token: result.ok
      ? { kind: 'sketch', sketch: imagined(result.value, open) }
      : { kind: 'read', token: result },
    told: tellResult(result, issuer, open),
    provided: filled.length === 0 ? [] : [`it has a fitting ${filled.join(', ')}`],
  })
}

function imagined(token: VerifiedToken, open: readonly string[]): TokenSketch {
  const sketch = { ...sketchOf(token), openClaims: open }
  return open.includes('client_id') ? { ...sketch, client: undefined } : sketch
}

function readParts(
  { clientId, scopes, issuer: name }: Extract<TokenWords, { kind: 'parts' }>,
  known: KnownIssuers,
): Result<ReadToken, string> {
  const named = name === undefined ? undefined : issuerNamed(name, known)
  if (named?.ok === false) return named
  const issuer = named?.value ?? known.only
  const told = [
    issuer === undefined ? 'of any issuer' : `of issuer ${issuer.name}`,
    clientId === undefined ? 'of any client' : `of client ${visible(clientId)}`,
    scopes === undefined ? 'its scopes are not known' : tellScopes(scopes),
  ]
  const refused = clientId === undefined ? undefined : refuseClient(clientId, issuer)
  if (refused !== undefined)
    return ok({ token: { kind: 'read', token: refused }, told, provided: [] })
  const sketch = {
    ...unknownToken,
    issuerName: issuer?.name,
    scopes: scopes && new Set(scopes),
    client: clientId === undefined ? undefined : { id: clientId },
  }
  return ok({ token: { kind: 'sketch', sketch }, told, provided: ['it is valid'] })
}

/** What the issuer's own settings say of a client (SPEC 3: of every token of this issuer). */
function refuseClient(id: string, issuer: IssuerSettings | undefined): TokenResult | undefined {
  if (issuer?.clientIds !== undefined && !issuer.clientIds.includes(id))
    return no({ code: 'invalid_token', because: 'the client is not accepted' })
  const isMeant =
    issuer?.kind !== 'pool' || issuer.audience === 'any' || issuer.audience.includes(id)
  return isMeant
    ? undefined
    : no({ code: 'invalid_token', because: 'the audience is not accepted' })
}

function issuerNamed(name: string, known: KnownIssuers): Result<IssuerSettings, string> {
  const found = known.all.find((issuer) => issuer.name === name)
  if (found !== undefined) return ok(found)
  const names = known.all.map((issuer) => issuer.name)
  const advice = didYouMean(name, names) || `; there are ${names.join(', ')}`
  return no(`\`issuers\` has no ${JSON.stringify(name)}${advice}`)
}

const namesOf = ({ all }: KnownIssuers): string => all.map(({ name }) => name).join(', ')

function tellResult(
  result: TokenResult,
  issuer: IssuerSettings | 'none' | undefined,
  open: readonly string[] = [],
): readonly string[] {
  if (issuer === undefined) return ['it cannot be read']
  const of = issuer === 'none' ? 'of no issuer that is configured' : `of issuer ${issuer.name}`
  if (!result.ok) return [of]
  const { clientId, scopes } = result.value
  const client = clientId === undefined ? 'naming no client' : `of client ${visible(clientId)}`
  return [of, open.includes('client_id') ? 'of any client' : client, tellScopes([...scopes])]
}

function tellScopes(scopes: readonly string[]): string {
  return scopes.length === 0 ? 'without scopes' : `with scopes ${scopes.map(visible).join(' ')}`
}
