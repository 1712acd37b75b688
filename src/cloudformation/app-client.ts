/** One AWS::Cognito::UserPoolClient, with the rules by which AWS itself would refuse it. */
import type { AppClientModel, TokenValidity, TokenValidityUnit } from './model.ts'
import type { Properties } from './properties.ts'
import type { Resource } from './template-resources.ts'

const unitSeconds: Record<TokenValidityUnit, number> = {
  seconds: 1,
  minutes: 60,
  hours: 3600,
  days: 86_400,
}
/** Scopes that every pool has, without a resource server. */
const builtInScopes = ['openid', 'email', 'phone', 'profile', 'aws.cognito.signin.user.admin']
const maxScopes = 50

/** `poolScopes`: full names of every scope that the pool's resource servers declare; undefined = unknown. */
export function readAppClient(
  { logicalId, properties }: Resource,
  id: string,
  poolScopes: readonly string[] | undefined,
): AppClientModel {
  const usesOAuth = properties.flag('AllowedOAuthFlowsUserPoolClient')
  const client: AppClientModel = {
    logicalId,
    id,
    name: properties.text('ClientName') ?? logicalId,
    hasSecret: properties.flag('GenerateSecret'),
    oauthFlows: usesOAuth ? properties.texts('AllowedOAuthFlows') : [],
    authFlows: properties.texts('ExplicitAuthFlows'),
    scopes: properties.texts('AllowedOAuthScopes'),
    tokenValidity: readTokenValidity(properties),
  }
  checkFlows(client, properties)
  checkScopes(client.scopes, poolScopes, properties)
  return client
}

function readTokenValidity(properties: Properties): TokenValidity {
  const amount = properties.number('AccessTokenValidity')
  const named = properties.mappings('TokenValidityUnits')[0]?.get('AccessToken') ?? 'hours'
  const unit = (Object.keys(unitSeconds) as TokenValidityUnit[]).find((known) => known === named)
  if (unit === undefined) {
    const units = Object.keys(unitSeconds).join(', ')
    properties.report('TokenValidityUnits', `AccessToken is one of ${units}`)
  }
  if (amount === undefined || unit === undefined)
    return { amount: 1, unit: 'hours', seconds: unitSeconds.hours }
  const validity = { amount, unit, seconds: amount * unitSeconds[unit] }
  if (validity.seconds < 5 * unitSeconds.minutes || validity.seconds > unitSeconds.days)
    properties.report('AccessTokenValidity', 'an access token lives from 5 minutes to 24 hours')
  return validity
}

function checkFlows(client: AppClientModel, properties: Properties): void {
  if (client.oauthFlows.includes('client_credentials')) {
    if (client.oauthFlows.length > 1)
      properties.report(
        'AllowedOAuthFlows',
        'client_credentials cannot be combined with another flow; it needs a client of its own',
      )
    if (!client.hasSecret)
      properties.report('GenerateSecret', 'client_credentials needs a client secret: true')
  }
  if (client.authFlows.includes('ALLOW_CLIENT_TOKEN_AUTH')) {
    if (client.authFlows.length > 1)
      properties.report('ExplicitAuthFlows', 'ALLOW_CLIENT_TOKEN_AUTH must be the only flow')
    if (!client.hasSecret)
      properties.report('GenerateSecret', 'ALLOW_CLIENT_TOKEN_AUTH needs a client secret: true')
  }
}

function checkScopes(
  scopes: readonly string[],
  poolScopes: readonly string[] | undefined,
  properties: Properties,
): void {
  if (scopes.length > maxScopes)
    properties.report('AllowedOAuthScopes', `an app client has at most ${maxScopes} scopes`)
  if (!poolScopes) return
  for (const scope of scopes)
    if (!poolScopes.includes(scope) && !builtInScopes.includes(scope))
      properties.report(
        'AllowedOAuthScopes',
        `scope \`${scope}\` is not declared by a resource server of the pool`,
      )
}
