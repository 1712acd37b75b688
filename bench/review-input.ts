/** A large configuration and what belongs to it, made up and always the same. */

const areas = 40
const routesOfArea = 50
const clients = 200

const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, at) => at)

/** 2,000 routes; `change` of each hundred ask for another scope. */
export function configText(change = 0): string {
  const routes = numbers(areas).flatMap((area) =>
    numbers(routesOfArea).map((at) => {
      const tail = ['', '/{id}', '/**'][at % 3] as string
      const methods = ['GET', 'GET, POST', 'PUT, DELETE'][at % 3] as string
      const scope = (area * routesOfArea + at) % 100 < change ? 'admin' : `use-${at % 10}`
      return `    - { path: '/area-${area}/resource-${at}${tail}', methods: [${methods}], scopes: { anyOf: [area-${area}/${scope}, area-${area}/all] } }`
    }),
  )
  return `version: 1
issuers: { app: { userPoolId: eu-central-1_a1B2c3D4e } }
inbound:
  listen: 127.0.0.1:8080
  upstream: http://127.0.0.1:3000
  routes:
${routes.join('\n')}
`
}

const head = `AWSTemplateFormatVersion: '2010-09-09'
Resources:
`

/** A pool with a resource server for each area. */
export function poolText(): string {
  const scopes = [...numbers(10).map((at) => `use-${at}`), 'admin', 'all']
  const servers = numbers(areas).map(
    (area) => `  Area${area}:
    Type: AWS::Cognito::UserPoolResourceServer
    Properties:
      UserPoolId: !Ref Pool
      Identifier: area-${area}
      Name: Area ${area}
      Scopes:
${scopes.map((scope) => `        - { ScopeName: ${scope}, ScopeDescription: x }`).join('\n')}
`,
  )
  return `${head}  Pool: { Type: AWS::Cognito::UserPool }
${servers.join('')}Outputs:
  Pool: { Value: !Ref Pool, Export: { Name: the-pool } }
`
}

/** 200 app clients of 10 scopes each. */
export function clientsText(): string {
  const resources = numbers(clients).map(
    (client) => `  Client${client}:
    Type: AWS::Cognito::UserPoolClient
    Properties:
      UserPoolId: !ImportValue the-pool
      ClientName: client-${client}
      GenerateSecret: true
      AllowedOAuthFlowsUserPoolClient: true
      AllowedOAuthFlows: [client_credentials]
      AllowedOAuthScopes:
${numbers(10)
  .map((at) => `        - area-${(client + at * 3) % areas}/use-${at}`)
  .join('\n')}
`,
  )
  return head + resources.join('')
}

/** One case for each route. */
export function casesText(): string {
  const cases = numbers(areas).flatMap((area) =>
    numbers(routesOfArea).map((at) => {
      const tail = ['', '/1', '/a/b'][at % 3] as string
      const method = at % 3 === 2 ? 'PUT' : 'GET'
      return `  - { request: '${method} /area-${area}/resource-${at}${tail}', scopes: area-${area}/all, expect: allow }`
    }),
  )
  return `version: 1\ncases:\n${cases.join('\n')}\n`
}

/** 2,000 operations. */
export function openapiText(): string {
  const paths = numbers(areas * routesOfArea).map((at) => [
    `/area-${at % areas}/resource-${Math.floor(at / areas)}/{id}`,
    { get: { operationId: `op${at}`, security: [{ oauth: [`area-${at % areas}/all`] }] } },
  ])
  return JSON.stringify({
    openapi: '3.0.3',
    info: { title: 'made up', version: '1' },
    components: { securitySchemes: { oauth: { type: 'oauth2', flows: {} } } },
    paths: Object.fromEntries(paths) as unknown,
  })
}

/** 100,000 requests in report mode, of 200 clients. */
export function logText(): string {
  return numbers(100_000)
    .map((at) =>
      JSON.stringify({
        ...{ level: 'warn', time: new Date(1.8e12 + at * 1000).toISOString(), msg: 'request' },
        ...{ direction: 'inbound', requestId: `r${at}`, method: 'GET', status: 200 },
        path: `/area-${at % areas}/resource-${at % routesOfArea}/${at}`,
        ...{ decision: 'deny', reason: 'no_route', enforced: false },
        ...{ clientId: `client-${at % clients}`, issuer: 'https://issuer.example' },
        ...{ scopes: `area-${at % areas}/all`, bytesIn: 0, bytesOut: 10, configHash: 'abc' },
        durationMs: 1,
      }),
    )
    .join('\n')
}
