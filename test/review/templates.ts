/** Templates and configurations as access and findings read them. */
import { readPermissions } from '../../src/cloudformation/permissions.ts'
import type { Permissions } from '../../src/cloudformation/permissions-model.ts'
import type { Config, InboundConfig } from '../../src/config/config.ts'
import { accessReport, type AccessReport } from '../../src/review/access/access.ts'
import { configOf } from '../support/config.ts'

export type ClientText = { readonly name: string; readonly lines: string }

/** A client of client credentials with these scopes, as YAML within a list. */
export const machine = (name: string, scopes: string, more = ''): ClientText => ({
  name,
  lines: `      ClientName: ${name}
      GenerateSecret: true
      AllowedOAuthFlowsUserPoolClient: true
      AllowedOAuthFlows: [client_credentials]
      ExplicitAuthFlows: [ALLOW_CLIENT_TOKEN_AUTH]
      AllowedOAuthScopes: [${scopes}]
${more}`,
})

/** One pool whose resource server `app-api` defines these scopes, and clients. */
export function templateWith(scopes: readonly string[], clients: readonly ClientText[]): string {
  const defined = scopes.map((scope) => `{ ScopeName: ${scope} }`).join(', ')
  const declared = clients.map(
    ({ lines }, at) => `  Client${at}:
    Type: AWS::Cognito::UserPoolClient
    Properties:
      UserPoolId: !Ref Pool
${lines}`,
  )
  return `Parameters: { Env: { Type: String } }
Conditions: { IsDev: !Equals [!Ref Env, dev] }
Resources:
  Pool: { Type: AWS::Cognito::UserPool }
  Api:
    Type: AWS::Cognito::UserPoolResourceServer
    Properties: { UserPoolId: !Ref Pool, Identifier: app-api, Scopes: [${defined}] }
${declared.join('\n')}
`
}

export const poolId = 'eu-central-1_a1B2c3D4e'

/** What AWS tells of the stack of such a template: the id of client 0 is `id0`. */
export function stackOf(clients: number, pool = poolId): string {
  const resource = (name: string, type: string, id: string) => ({
    ...{ StackName: 's', StackId: 'arn:aws:cloudformation:eu-central-1:1:stack/s/1' },
    ...{ LogicalResourceId: name, ResourceType: `AWS::Cognito::${type}`, PhysicalResourceId: id },
  })
  return JSON.stringify({
    StackResources: [
      resource('Pool', 'UserPool', pool),
      resource('Api', 'UserPoolResourceServer', 'app-api'),
      ...Array.from({ length: clients }, (_, at) =>
        resource(`Client${at}`, 'UserPoolClient', `id${at}`),
      ),
    ],
  })
}

export function permissionsOf(template: string, ...parameters: readonly string[]): Permissions {
  const found = readPermissions(
    [{ file: 't.yaml', text: template }],
    parameters.map((text, at) => ({ file: `p${at}.json`, text })),
  )
  if (found.ok) return found.value
  throw new Error(JSON.stringify(found.problem))
}

export const inboundOf = (config: Config): InboundConfig => config.inbound as InboundConfig

/** The report of a configuration's text and what templates say. */
export function reportOf(text: string, permissions?: Permissions): AccessReport {
  const config = configOf(text)
  return accessReport(config, inboundOf(config), permissions)
}
