/** `clients:` -> ClientSettings (SPEC 2, 4). */
import type { ClientSettings, IssuerSettings, TokenEndpoint } from '../../tokens/settings.ts'
import type { Secret } from '../../units.ts'
import type { KeyPath } from '../problems.ts'
import { keysAt, read, report, reportLack } from '../read.ts'
import { clientSchema, type ClientInput, type SecretInput } from '../schema/clients.ts'
import { readUrl } from './addresses.ts'
import { checkName } from './claims.ts'
import { notYet, shown, type Context } from './context.ts'
import { readSecret, readTls } from './files.ts'

/** All clients that are right; of the others the problems are reported. */
export function readClients(
  context: Context,
  issuers: readonly IssuerSettings[],
): readonly ClientSettings[] {
  return keysAt(context.document, ['clients']).flatMap((name) => {
    const path = ['clients', name]
    const input = read(context, path, clientSchema)
    const settings = input === undefined ? undefined : readClient(context, path, input, issuers)
    return settings === undefined ? [] : [{ name, ...settings }]
  })
}

function readClient(
  context: Context,
  path: KeyPath,
  input: ClientInput,
  issuers: readonly IssuerSettings[],
): Omit<ClientSettings, 'name'> | undefined {
  const endpoint = readEndpoint(context, path, input, issuers)
  const clientSecret = readClientSecret(context, path, input)
  const tls = readTls(context, [...path, 'tls'], input.tls)
  const { authMethod, clientId, resource, audience } = input
  if (authMethod === 'private_key_jwt' || authMethod === 'tls_client_auth') {
    notYet(
      context,
      [...path, 'authMethod'],
      authMethod,
      'write client_secret_basic or client_secret_post',
    )
    return undefined
  }
  checkResource(context, [...path, 'resource'], resource)
  for (const name of Object.keys(input.parameters))
    if (ownParameters.has(name))
      report(
        context,
        [...path, 'parameters', name],
        'is a member that Scopegate writes itself; remove it',
      )
  if (endpoint === undefined || clientSecret === undefined) return undefined
  const { requestTimeout, renewBefore, expiryLeeway, prefetch, requireGrantedScopes } = input
  return {
    ...{ endpoint, clientId, clientSecret, authMethod },
    basicEncoding: input.basicEncoding ?? encodingFor(endpoint),
    ...{ requestTimeout, renewBefore, expiryLeeway, prefetch, requireGrantedScopes },
    ...{ resource, audience, parameters: input.parameters, tls },
  }
}

const ownParameters = new Set([
  'grant_type',
  'scope',
  'client_id',
  'client_secret',
  'client_assertion',
  'client_assertion_type',
  'resource',
  'audience',
])

/** Whether Cognito decodes Basic credentials is not known; as they stand they are what it documents. */
function encodingFor(endpoint: TokenEndpoint): ClientSettings['basicEncoding'] {
  const isCognito =
    endpoint.kind === 'uri' && new URL(endpoint.url).hostname.endsWith('.amazoncognito.com')
  return isCognito ? 'raw' : 'rfc6749'
}

function readEndpoint(
  context: Context,
  path: KeyPath,
  input: ClientInput,
  issuers: readonly IssuerSettings[],
): TokenEndpoint | undefined {
  const { tokenEndpoint, issuer, cognitoApi } = input
  notYet(context, [...path, 'cognitoApi'], cognitoApi, 'write tokenEndpoint')
  if (tokenEndpoint !== undefined && issuer !== undefined)
    report(context, path, 'has tokenEndpoint and issuer; keep one of them')
  if (tokenEndpoint !== undefined) {
    const at = [...path, 'tokenEndpoint']
    const url = readUrl(context, at, tokenEndpoint, { plain: false, query: true })
    return url === undefined ? undefined : { kind: 'uri', url: url.href }
  }
  if (issuer !== undefined) {
    const known = keysAt(context.document, ['issuers'])
    if (!checkName(context, [...path, 'issuer'], issuer, known, '`issuers`')) return undefined
    const settings = issuers.find(({ name }) => name === issuer)
    return settings === undefined ? undefined : { kind: 'discovery', issuer: settings.issuers[0] }
  }
  if (cognitoApi === undefined) reportLack(context, path, 'must have tokenEndpoint or issuer')
  return undefined
}

function readClientSecret(context: Context, path: KeyPath, input: ClientInput): Secret | undefined {
  const at = [...path, 'clientSecret']
  const value = input.clientSecret
  if (value === undefined) {
    if (!['private_key_jwt', 'tls_client_auth'].includes(input.authMethod))
      reportLack(context, path, 'must have clientSecret: { env: NAME } or { file: path }')
    return undefined
  }
  if (!Array.isArray(value)) return readSecret(context, at, value)
  // the schema takes one or two; Array.isArray forgets a readonly list
  const [first, second] = value as unknown as readonly [SecretInput, SecretInput?]
  if (second !== undefined) notYet(context, at, second, 'write one secret')
  return readSecret(context, [...at, 0], first)
}

/** RFC 8707 §2: an absolute URI without fragment. */
export function checkResource(context: Context, path: KeyPath, text: string | undefined): void {
  if (text === undefined) return
  if (URL.canParse(text) && !text.includes('#')) return
  report(context, path, `${shown(context, path)} is no absolute URI without a # part (RFC 8707)`)
}
