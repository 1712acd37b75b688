/** Clients that Amazon Cognito refuses, or that do not do what they seem to. Pure. */
import type {
  Cell,
  PermissionClient,
  Permissions,
  Place,
} from '../../cloudformation/permissions-model.ts'
import { type Finding, finding, type FindingId } from './finding-table.ts'
import { said } from '../holders.ts'

const mostScopes = 50

export function lintClients({ clients }: Permissions): readonly Finding[] {
  return clients.flatMap((client) => [
    ...lintFlows(client),
    ...unknownIn(client).map(([what, cell]) =>
      about(client, 'SG006', cell, `${what} is not known: ${said(cell)}`),
    ),
  ])
}

function about(client: PermissionClient, id: FindingId, place: Place, message: string): Finding {
  const { name, logicalId } = client
  const { file, line, column } = place
  return finding(id, {
    ...{ file, line, column, message: `client ${name}: ${message}` },
    names: [name, logicalId],
  })
}

function lintFlows(client: PermissionClient): readonly Finding[] {
  const { usesOAuth, hasSecret, scopes } = client
  const at = (id: FindingId, place: Place, message: string): Finding =>
    about(client, id, place, message)
  const flows = valueOf(client.oauthFlows) ?? []
  const signIn = valueOf(client.authFlows) ?? []
  const isMachine = flows.includes('client_credentials')
  const isTokenAuth = signIn.includes('ALLOW_CLIENT_TOKEN_AUTH')
  const needing = isMachine ? 'client_credentials' : 'ALLOW_CLIENT_TOKEN_AUTH'
  return [
    ...((isMachine || isTokenAuth) && valueOf(hasSecret) === false
      ? [at('SG020', hasSecret, `${needing} needs GenerateSecret: true`)]
      : []),
    ...((flows.length > 0 || scopes.length > 0) && valueOf(usesOAuth) === false
      ? [
          at(
            'SG021',
            usesOAuth,
            'AllowedOAuthFlowsUserPoolClient is not true: its flows and scopes do not count',
          ),
        ]
      : []),
    ...(isMachine && flows.length > 1
      ? [
          at(
            'SG022',
            client.oauthFlows,
            `client_credentials stands beside ${others(flows, 'client_credentials')}`,
          ),
        ]
      : []),
    ...(isTokenAuth && signIn.length > 1
      ? [
          at(
            'SG023',
            client.authFlows,
            `ALLOW_CLIENT_TOKEN_AUTH stands beside ${others(signIn, 'ALLOW_CLIENT_TOKEN_AUTH')}`,
          ),
        ]
      : []),
    ...(scopes.length > mostScopes
      ? [at('SG024', client, `it has ${scopes.length} scopes; ${mostScopes} is the most`)]
      : []),
  ]
}

const others = (list: readonly string[], one: string): string =>
  list.filter((other) => other !== one).join(', ')

const valueOf = <Value>(cell: Cell<Value>): Value | undefined =>
  cell.kind === 'known' ? cell.value : undefined

function unknownIn(client: PermissionClient) {
  const cells: readonly (readonly [string, Cell<unknown> | undefined])[] = [
    ['whether it exists', client.unsure],
    ['its user pool', client.pool],
    ['AllowedOAuthFlowsUserPoolClient', client.usesOAuth],
    ['AllowedOAuthFlows', client.oauthFlows],
    ['ExplicitAuthFlows', client.authFlows],
    ['GenerateSecret', client.hasSecret],
    ...client.scopes.map((cell) => ['a scope', cell] as const),
  ]
  return cells.flatMap(([what, cell]) => (cell?.kind === 'unknown' ? [[what, cell] as const] : []))
}
