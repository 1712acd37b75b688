/** The configurations of the playground, made from what the issuer booted. */
import type { DevIssuer } from './issuer.ts'
import { playgroundNames } from './playground-names.ts'

export type PlaygroundPorts = {
  readonly inbound: number
  readonly outbound: number
  readonly admin: number
}

/** A configuration, and what the variables in it stand for. */
export type PlaygroundConfig = {
  readonly yaml: string
  readonly secrets: Readonly<Record<string, string>>
}

type Booted = Pick<DevIssuer, 'url' | 'tokenEndpoint' | 'pools' | 'clients'>

/** Sidecar of the sample API: every scope `SERVER/NAME` opens the paths below `/NAME`. Pure. */
export function inboundConfig(
  issuer: Booted,
  api: string,
  ports: PlaygroundPorts,
): PlaygroundConfig {
  const names = playgroundNames(issuer)
  const issuers = issuer.pools.map(
    ({ id, issuer: iss }) =>
      `  ${quoted(names.pools.get(id) as string)}: { userPoolId: ${id}, endpoint: ${issuer.url}, issuer: ${quoted(iss)} }\n`,
  )
  const routes = [...names.scopes].map(
    ([scope, segment]) =>
      `    - { path: ${quoted(`/${segment}/**`)}, ${methods(segment)}scopes: ${quoted(scope)} }\n`,
  )
  const accepted = [...names.pools.values()].map(quoted).join(', ')
  const yaml = `version: 1
issuers:
${issuers.join('')}inbound:
  listen: 127.0.0.1:${ports.inbound}
  upstream: ${api}
  issuers: [${accepted}]
  routes:
${routes.join('')}    - { path: /status, methods: [GET], public: true }
admin: { listen: 127.0.0.1:${ports.admin} }
shutdown: { timeout: 1s }
`
  return { yaml, secrets: {} }
}

/** Sidecar of the services that call: one prefix and one host for each client. Pure. */
export function outboundConfig(
  issuer: Booted,
  inbound: string,
  ports: PlaygroundPorts,
): PlaygroundConfig {
  const names = playgroundNames(issuer)
  const clients = [...names.clients].map(
    ([id, name], index) =>
      `  ${quoted(name)}: { tokenEndpoint: ${issuer.tokenEndpoint}, clientId: ${quoted(id)}, clientSecret: { env: SECRET_${index} } }\n`,
  )
  const routes = [...names.clients.values()].map(
    (name) =>
      `    - { path: ${quoted(`/${name}`)}, upstream: ${inbound}, client: ${quoted(name)} }\n` +
      `    - { host: ${quoted(`${name}.internal`)}, upstream: ${inbound}, client: ${quoted(name)} }\n`,
  )
  const admin = ports.admin === 0 ? 0 : ports.admin + 1
  const yaml = `version: 1
clients:
${clients.join('')}outbound:
  listen: 127.0.0.1:${ports.outbound}
  routes:
${routes.join('')}admin: { listen: 127.0.0.1:${admin} }
shutdown: { timeout: 1s }
`
  const secrets = issuer.clients.map(({ secret }, index) => [`SECRET_${index}`, secret.reveal()])
  return { yaml, secrets: Object.fromEntries(secrets) as Record<string, string> }
}

/** The methods that the sample API has; other paths are left to any. */
function methods(segment: string): string {
  switch (segment) {
    case 'export':
      return 'methods: [GET], '
    case 'upload':
      return 'methods: [PUT, POST], '
    default:
      return ''
  }
}

/** As YAML and JSON write it; a scope may hold what looks like a variable. */
const quoted = (text: string): string => JSON.stringify(text).replaceAll('${', () => '$${')
