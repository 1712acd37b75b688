/** What a CloudFormation template says about Cognito, in plain values: the development issuer boots from it. */

export type IssuerModel = {
  readonly region: string
  /** `amazonaws.com`, `amazonaws.com.cn` in China. */
  readonly urlSuffix: string
  readonly pools: readonly UserPoolModel[]
}

export type UserPoolModel = {
  readonly logicalId: string
  /** `eu-central-1_XXXXXXXXX`. */
  readonly id: string
  readonly name: string
  readonly region: string
  /** `IssuerConfiguration`: `cognito-idp.` (ORIGINAL) or `issuer-cognito-idp.` (UPDATED). */
  readonly issuerType: 'ORIGINAL' | 'UPDATED'
  readonly resourceServers: readonly ResourceServerModel[]
  readonly clients: readonly AppClientModel[]
  readonly domains: readonly DomainModel[]
}

export type ResourceServerModel = {
  readonly logicalId: string
  readonly identifier: string
  /** Full names: `app-api/export`. */
  readonly scopes: readonly string[]
}

export type AppClientModel = {
  readonly logicalId: string
  /** 26 lower-case letters and digits. */
  readonly id: string
  readonly name: string
  readonly hasSecret: boolean
  /** Effective `AllowedOAuthFlows`: empty unless `AllowedOAuthFlowsUserPoolClient`. */
  readonly oauthFlows: readonly string[]
  readonly authFlows: readonly string[]
  readonly scopes: readonly string[]
  readonly tokenValidity: TokenValidity
}

export type TokenValidity = {
  readonly amount: number
  readonly unit: TokenValidityUnit
  readonly seconds: number
}
export type TokenValidityUnit = 'seconds' | 'minutes' | 'hours' | 'days'

export type DomainModel = {
  readonly logicalId: string
  /** The prefix, or the whole name of a custom domain. */
  readonly domain: string
  readonly custom: boolean
}

/** The issuer that AWS would write into a token of `pool`. */
export function awsIssuer(pool: UserPoolModel, urlSuffix: string): string {
  const service = pool.issuerType === 'UPDATED' ? 'issuer-cognito-idp' : 'cognito-idp'
  return `https://${service}.${pool.region}.${urlSuffix}/${pool.id}`
}
