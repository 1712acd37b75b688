/** `issuers:` -> IssuerSettings (SPEC 2, 3). */
import type { IssuerSettings, KeySource } from '../../tokens/settings.ts'
import { nonEmpty, type NonEmpty } from '../../units.ts'
import type { KeyPath } from '../problems.ts'
import { keysAt, read, report, reportLack } from '../read.ts'
import { issuerSchema, type IssuerInput } from '../schema/issuers.ts'
import { readUrl } from './addresses.ts'
import { readClaims } from './claims.ts'
import { readSource, shown, type Context } from './context.ts'
import { readTls } from './files.ts'

/** All issuers that are right; of the others the problems are reported. */
export function readIssuers(context: Context): readonly IssuerSettings[] {
  const issuers = keysAt(context.document, ['issuers']).flatMap((name) => {
    const path = ['issuers', name]
    const input = read(context, path, issuerSchema)
    const settings = input === undefined ? undefined : readIssuer(context, path, name, input)
    return settings === undefined ? [] : [settings]
  })
  const owners = new Map<string, string>()
  for (const { name, issuers: accepted } of issuers)
    for (const iss of accepted) {
      const first = owners.get(iss)
      if (first !== undefined && first !== name)
        report(context, ['issuers', name], `is the same issuer as ${first}; keep one of them`)
      owners.set(iss, first ?? name)
    }
  return issuers
}

type Origin = Pick<IssuerSettings, 'kind' | 'issuers' | 'keys'>

function readIssuer(
  context: Context,
  path: KeyPath,
  name: string,
  input: IssuerInput,
): IssuerSettings | undefined {
  const origin =
    input.userPoolId === undefined
      ? otherIssuer(context, path, input)
      : userPool(context, path, input.userPoolId, input)
  const keys = readKeys(context, path, input)
  const tls = readTls(context, [...path, 'tls'], input.tls)
  if (input.jwksMaxStale < input.jwksMaxAge)
    report(context, [...path, 'jwksMaxStale'], 'must not be less than jwksMaxAge')
  const audience = readAudience(context, path, input)
  if (origin === undefined || audience === undefined) return undefined
  const { scopeClaims, clientClaims, clockTolerance, maxTokenLifetime, clientIds, required } = input
  const { jwksTimeout, jwksCooldown, jwksMaxAge, jwksMaxStale } = input
  return {
    name,
    ...origin,
    keys: keys ?? origin.keys,
    audience,
    algorithms: list(input.algorithms),
    ...{ scopeClaims, clientClaims, clockTolerance, maxTokenLifetime, clientIds, required },
    claims: readClaims(input.claims),
    ...{ jwksTimeout, jwksCooldown, jwksMaxAge, jwksMaxStale, tls },
  }
}

const list = <Item>(value: Item | readonly Item[]): NonEmpty<Item> =>
  // Array.isArray cannot tell an Item from a list of them
  nonEmpty((Array.isArray(value) ? value : [value]) as readonly Item[])

function readKeys(context: Context, path: KeyPath, input: IssuerInput): KeySource | undefined {
  if (input.jwksUri !== undefined && input.jwks !== undefined)
    report(context, [...path, 'jwks'], 'keys come from jwksUri or from jwks; keep one of them')
  if (input.jwksUri !== undefined) {
    const at = [...path, 'jwksUri']
    const url = readUrl(context, at, input.jwksUri, { plain: false, query: true })
    return url === undefined ? undefined : { kind: 'uri', url: input.jwksUri }
  }
  if (input.jwks === undefined) return undefined
  const at = [...path, 'jwks', 'file']
  const text = readSource(context, at, input.jwks.file)
  if (text === undefined) return undefined
  if (!isKeySet(text))
    report(
      context,
      at,
      `the file ${shown(context, at)} holds no key set: JSON with a list \`keys\``,
    )
  return { kind: 'file', text }
}

function isKeySet(text: string): boolean {
  try {
    const set: unknown = JSON.parse(text)
    return typeof set === 'object' && set !== null && 'keys' in set && Array.isArray(set.keys)
  } catch {
    return false
  }
}

function otherIssuer(context: Context, path: KeyPath, input: IssuerInput): Origin | undefined {
  if (input.endpoint !== undefined)
    report(context, [...path, 'endpoint'], 'belongs to userPoolId; write `issuer` alone')
  if (input.issuer === undefined) {
    reportLack(context, path, 'must have userPoolId (Amazon Cognito) or issuer')
    return undefined
  }
  const url = readUrl(context, [...path, 'issuer'], input.issuer, { plain: false })
  if (url === undefined) return undefined
  // compared with `iss` exactly, so it stays as written
  const { issuer } = input
  return { kind: 'other', issuers: [issuer], keys: { kind: 'discovery', issuer } }
}

/** As Amazon spells them; the same expression as that of aws-jwt-verify. */
const poolId = /^((?:eusc-[a-z]{2}|[a-z]{2})-(?:gov-)?[a-z]+-\d)_[a-zA-Z0-9]+$/

function userPool(
  context: Context,
  path: KeyPath,
  id: string,
  input: IssuerInput,
): Origin | undefined {
  const region = poolId.exec(id)?.[1]
  if (region === undefined) {
    const at = [...path, 'userPoolId']
    report(
      context,
      at,
      `${shown(context, at)} is no user pool id; write one such as eu-central-1_a1B2c3D4e`,
    )
    return undefined
  }
  const domain = domainOf(region)
  const forms: NonEmpty<string> = [
    `https://cognito-idp.${region}.${domain}/${id}`,
    `https://issuer-cognito-idp.${region}.${domain}/${id}`,
  ]
  if (input.endpoint === undefined) {
    if (input.issuer !== undefined)
      report(
        context,
        [...path, 'issuer'],
        'follows from userPoolId; remove it, or give the endpoint too',
      )
    return pool(forms, forms[0])
  }
  const endpoint = readUrl(context, [...path, 'endpoint'], input.endpoint, { plain: false })
  if (input.issuer !== undefined)
    if (readUrl(context, [...path, 'issuer'], input.issuer, { plain: false }) === undefined)
      return undefined
  if (endpoint === undefined) return undefined
  const address = `${input.endpoint.replace(/\/$/, '')}/${id}`
  const issuer = input.issuer ?? address
  // both forms of a pool count, also when its keys are fetched elsewhere (SPEC 3)
  return pool(forms.includes(issuer) ? forms : [issuer], address)
}

const pool = (issuers: NonEmpty<string>, address: string): Origin => ({
  kind: 'pool',
  issuers,
  keys: { kind: 'uri', url: `${address}/.well-known/jwks.json` },
})

function domainOf(region: string): string {
  if (region.startsWith('cn-')) return 'amazonaws.com.cn'
  return region.startsWith('eusc-') ? 'amazonaws.eu' : 'amazonaws.com'
}

function readAudience(
  context: Context,
  path: KeyPath,
  input: IssuerInput,
): IssuerSettings['audience'] | undefined {
  const { audience } = input
  if (audience === undefined) {
    if (input.userPoolId !== undefined || input.clientIds !== undefined) return 'any'
    reportLack(
      context,
      path,
      'must say for whom its tokens are: audience, clientIds, or `audience: any`',
    )
    return undefined
  }
  if (!audience.includes('any')) return audience
  if (audience.length === 1) return 'any'
  report(
    context,
    [...path, 'audience'],
    'has `any` beside others; write `audience: any` or name them',
  )
  return undefined
}
