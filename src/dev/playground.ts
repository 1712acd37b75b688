/** The configurations of the playground, made from what the issuer booted, and what its terminal shows first. */
import type { DevIssuer } from './issuer.ts'

export type PlaygroundPorts = {
  readonly inbound: number
  readonly outbound: number
  readonly admin: number
}

/** Sidecar of the sample API: every scope `SERVER/NAME` opens the path `/NAME`. */
export function inboundConfig(
  issuer: DevIssuer,
  api: string,
  ports: PlaygroundPorts,
): PlaygroundConfig {
  const issuers = issuer.pools.map(
    ({ name, id, issuer: iss }) =>
      `  ${quoted(name)}: { userPoolId: ${id}, endpoint: ${issuer.url}, issuer: ${quoted(iss)} }\n`,
  )
  const routes = scopesOf(issuer).map(
    (scope) =>
      `    - { path: ${quoted(`/${lastPart(scope)}/**`)}, ${methods(scope)}scopes: ${quoted(scope)} }\n`,
  )
  const names = issuer.pools.map(({ name }) => quoted(name)).join(', ')
  const yaml = `version: 1
issuers:
${issuers.join('')}inbound:
  listen: 127.0.0.1:${ports.inbound}
  upstream: ${api}
  issuers: [${names}]
  routes:
${routes.join('')}    - { path: /status, methods: [GET], public: true }
admin: { listen: 127.0.0.1:${ports.admin} }
shutdown: { timeout: 1s }
`
  return { yaml, secrets: {} }
}

/** A configuration, and what the variables in it stand for. */
export type PlaygroundConfig = {
  readonly yaml: string
  readonly secrets: Readonly<Record<string, string>>
}

/** Sidecar of the services that call: one prefix and one host for each client. */
export function outboundConfig(
  issuer: DevIssuer,
  inbound: string,
  ports: PlaygroundPorts,
): PlaygroundConfig {
  const clients = issuer.clients.map(
    ({ name, id }, index) =>
      `  ${quoted(name)}: { tokenEndpoint: ${issuer.tokenEndpoint}, clientId: ${quoted(id)}, clientSecret: { env: SECRET_${index} } }\n`,
  )
  const routes = issuer.clients.map(
    ({ name }) =>
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

export type WelcomeParts = {
  readonly issuer: DevIssuer
  readonly api: string
  readonly inbound: string
  readonly outbound: string
  readonly inboundAdmin: string
  readonly outboundAdmin: string
}

/** What runs where, who may do what, and lines to paste; each works by itself. */
export function welcome(parts: WelcomeParts): string {
  const { issuer, inbound, outbound } = parts
  const clients = issuer.clients.map(
    ({ name, id, scopes }) => `  ${name.padEnd(16)} ${id}  may ${scopes.join(' ')}`,
  )
  return `
Scopegate playground: development only, everything on this machine.

  issuer           ${issuer.url}  (Cognito-compatible)
  sample API       ${parts.api}  (no security of its own: only the proxy should reach it)
  inbound proxy    ${inbound}  before the API; status ${parts.inboundAdmin}/status
  outbound proxy   ${outbound}  beside the callers; status ${parts.outboundAdmin}/status

Clients and their scopes:
${clients.join('\n')}

Try, in another terminal:
${examples(parts).join('\n')}

Ctrl-C ends it. Requests appear below.

`
}

/** The article's story: nothing without a token, the right scope opens, the wrong one does not, outbound does the work. */
function examples({ issuer, inbound, outbound }: WelcomeParts): readonly string[] {
  const [first, second] = issuer.clients
  if (first === undefined) return []
  const path = `/${lastPart(first.scopes[0] ?? '')}/1`
  const other = `/${lastPart((second ?? first).scopes[0] ?? '')}`
  const token =
    `$(curl -s -u '${first.id}:${first.secret.reveal()}' -d grant_type=client_credentials ` +
    `${issuer.tokenEndpoint} | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')`
  const lines: readonly (readonly [string, string])[] = [
    ['401: no token', `curl -i ${inbound}${path}`],
    ['200: public', `curl -i ${inbound}/status`],
    [
      `200: ${first.name} has the scope`,
      `curl -i -H "Authorization: Bearer ${token}" ${inbound}${path}`,
    ],
    [
      '403: the answer names the missing scope',
      `curl -i -H "Authorization: Bearer ${token}" --data hello ${inbound}${other}`,
    ],
    ['200: outbound attaches the token', `curl -i ${outbound}/${first.name}${path}`],
    ['the same, as an HTTP proxy', `curl -i -x ${outbound} http://${first.name}.internal${path}`],
    [
      `201: ${(second ?? first).name} uploads`,
      `curl -i --data hello ${outbound}/${(second ?? first).name}${other}`,
    ],
  ]
  return lines.map(([what, line]) => `\n  # ${what}\n  ${line}`)
}

function scopesOf(issuer: DevIssuer): readonly string[] {
  return [...new Set(issuer.clients.flatMap(({ scopes }) => scopes))]
}

/** The methods that the sample API has; other paths are left to any. */
function methods(scope: string): string {
  switch (lastPart(scope)) {
    case 'export':
      return 'methods: [GET], '
    case 'upload':
      return 'methods: [PUT, POST], '
    default:
      return ''
  }
}

const lastPart = (scope: string): string => scope.slice(scope.lastIndexOf('/') + 1)

const quoted = (text: string): string => JSON.stringify(text)
