/** The clients of templates as issuers of the configuration see them: whose tokens, which scopes, what is not known. */
import type {
  Cell,
  PermissionClient,
  Permissions,
  Place,
  PoolReference,
  Unknown,
} from '../cloudformation/permissions-model.ts'
import type { IssuerSettings } from '../tokens/settings.ts'

/** A client that may hold access tokens. */
export type Holder = Place & {
  /** Unique in a report. */
  readonly name: string
  readonly logicalId: string
  /** Undefined = the template does not know it. */
  readonly clientId: string | undefined
  /** Of the configuration; undefined = no issuer of the configuration, or not known whose (`doubts`). */
  readonly issuer: IssuerSettings | undefined
  /** Scopes that it can surely be granted, sorted. */
  readonly scopes: readonly string[]
  /** Scopes that could be any. */
  readonly openScopes: readonly Unknown[]
  /** Why nothing about it is sure: whose it is, whether it exists, whether it obtains tokens. */
  readonly doubts: readonly string[]
  /** Why it can call nothing; undefined = it can obtain tokens that count. */
  readonly barred: string | undefined
}

/** What was taken to be so to bring templates and configuration together. */
export type Holders = {
  readonly holders: readonly Holder[]
  readonly assumptions: readonly string[]
}

/** Cognito's own scope, in every token of a user who signed in with the API. */
const signInScope = 'aws.cognito.signin.user.admin'
/** What `ExplicitAuthFlows` is when it is left out. */
const defaultAuthFlows = ['ALLOW_REFRESH_TOKEN_AUTH', 'ALLOW_USER_SRP_AUTH', 'ALLOW_CUSTOM_AUTH']
const otherFlows = ['ALLOW_REFRESH_TOKEN_AUTH', 'ALLOW_CLIENT_TOKEN_AUTH']

/** Joins clients with the issuers of a configuration; sorted by name. Pure. */
export function holdersOf(permissions: Permissions, issuers: readonly IssuerSettings[]): Holders {
  const pools = issuers.filter(({ kind }) => kind === 'pool')
  const assumptions = new Set<string>()
  const names = permissions.clients.map(({ name }) => name)
  const holders = permissions.clients.map((client): Holder => {
    const { file, line, column, logicalId, clientId } = client
    const owner = issuerOf(client.pool, permissions, pools)
    if (owner.kind === 'assumed') assumptions.add(owner.because)
    const granted = grantedTo(client)
    const doubts = [
      ...(owner.kind === 'unknown' ? [owner.because] : []),
      ...(client.unsure === undefined ? [] : [`whether it exists: ${said(client.unsure)}`]),
      ...granted.doubts,
    ]
    const isTwin = names.indexOf(client.name) !== names.lastIndexOf(client.name)
    return {
      ...{ file, line, column, logicalId, clientId, doubts },
      name: isTwin ? `${client.name} (${file} ${logicalId})` : client.name,
      issuer: 'issuer' in owner ? owner.issuer : undefined,
      scopes: [...new Set(granted.scopes)].sort(),
      openScopes: granted.openScopes,
      barred: owner.kind === 'foreign' ? owner.because : granted.barred,
    }
  })
  return {
    holders: holders.sort((a, b) => (a.name < b.name ? -1 : 1)),
    assumptions: [...assumptions].sort(),
  }
}

/** An unknown value in words. Pure. */
export function said({ source, why }: Unknown): string {
  return source === '' ? why : `${source}: ${why}`
}

type Owner =
  | { readonly kind: 'known'; readonly issuer: IssuerSettings }
  | { readonly kind: 'assumed'; readonly issuer: IssuerSettings; readonly because: string }
  | { readonly kind: 'foreign' | 'unknown'; readonly because: string }

function issuerOf(
  cell: Cell<PoolReference>,
  { pools }: Permissions,
  issuers: readonly IssuerSettings[],
): Owner {
  if (cell.kind === 'unknown') return { kind: 'unknown', because: `whose it is: ${said(cell)}` }
  const id = cell.value.kind === 'id' ? cell.value.id : cell.value.pool.id
  if (id !== undefined) {
    const issuer = issuers.find((one) => one.issuers.some((iss) => iss.endsWith(`/${id}`)))
    return issuer === undefined
      ? { kind: 'foreign', because: `no issuer of the configuration is its user pool ${id}` }
      : { kind: 'known', issuer }
  }
  const [issuer, another] = issuers
  if (issuer === undefined)
    return { kind: 'foreign', because: 'no issuer of the configuration is a user pool' }
  const [pool] = pools
  if (another !== undefined || pools.length !== 1 || pool === undefined)
    return {
      kind: 'unknown',
      because: 'which issuer its user pool is: the template does not know the id of the pool',
    }
  return {
    ...{ kind: 'assumed', issuer },
    because: `user pool ${pool.logicalId} of ${pool.file} is taken for issuer ${issuer.name}: there is one of each`,
  }
}

type Granted = Pick<Holder, 'scopes' | 'openScopes' | 'doubts' | 'barred'>

/** The scopes that its tokens can have: those of OAuth only where OAuth is on. */
function grantedTo(client: PermissionClient): Granted {
  const { usesOAuth, oauthFlows, authFlows } = client
  const doubts: string[] = []
  const tell = (what: string, cell: Unknown): void => void doubts.push(`${what}: ${said(cell)}`)
  if (usesOAuth.kind === 'unknown') tell('whether it uses OAuth', usesOAuth)
  if (oauthFlows.kind === 'unknown') tell('its OAuth flows', oauthFlows)
  if (authFlows.kind === 'unknown') tell('its sign-in flows', authFlows)
  const isOff =
    (usesOAuth.kind === 'known' && !usesOAuth.value) ||
    (oauthFlows.kind === 'known' && oauthFlows.value.length === 0)
  const signIn =
    authFlows.kind === 'unknown'
      ? []
      : authFlows.value.length === 0
        ? defaultAuthFlows
        : authFlows.value
  const hasUsers = signIn.some((flow) => !otherFlows.includes(flow))
  const cells = isOff ? [] : client.scopes
  const cannot = isOff && !hasUsers && !signIn.includes('ALLOW_CLIENT_TOKEN_AUTH')
  return {
    doubts,
    scopes: [
      ...cells.flatMap((cell) => (cell.kind === 'known' ? [cell.value] : [])),
      ...(hasUsers ? [signInScope] : []),
    ],
    openScopes: cells.flatMap((cell) => (cell.kind === 'unknown' ? [cell] : [])),
    barred:
      cannot && doubts.length === 0
        ? 'it obtains no tokens: AllowedOAuthFlowsUserPoolClient is not true, or AllowedOAuthFlows is empty'
        : undefined,
  }
}
