/** What the playground's terminal shows first: what runs where, who may do what, and lines to paste. */
import type { DevClient, DevIssuer } from './issuer.ts'
import { type PlaygroundNames, playgroundNames } from './playground-names.ts'

export type WelcomeParts = {
  readonly issuer: Pick<DevIssuer, 'url' | 'tokenEndpoint' | 'pools' | 'clients'>
  readonly api: string
  readonly inbound: string
  readonly outbound: string
  readonly inboundAdmin: string
  readonly outboundAdmin: string
}

/** Each line works by itself, and its answer has the status that stands above it. Pure. */
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
function examples(parts: WelcomeParts): readonly string[] {
  const { issuer, inbound, outbound } = parts
  const names = playgroundNames(issuer)
  const open = ['200: public', `curl -i ${inbound}/status`] as const
  const first = issuer.clients.find(({ scopes }) => scopes.length > 0)
  if (first === undefined) return [show(open)]
  // `names` has every client and every scope of each
  const own = callOf(first.scopes[0] as string, names)
  const prefix = names.clients.get(first.id) as string
  const bearer = `-H "Authorization: Bearer ${tokenCommand(first, issuer.tokenEndpoint)}"`
  const other = somethingElse(first, issuer.clients)
  const foreign = other && callOf(other.scope, names)
  const lines: readonly (Example | undefined)[] = [
    ['401: no token', `curl -i ${own.data}${inbound}${own.target}`],
    open,
    [
      `${own.status}: ${first.name} has the scope`,
      `curl -i ${bearer} ${own.data}${inbound}${own.target}`,
    ],
    foreign && [
      '403: the answer names the missing scope',
      `curl -i ${bearer} ${foreign.data}${inbound}${foreign.target}`,
    ],
    [
      `${own.status}: outbound attaches the token`,
      `curl -i ${own.data}${outbound}/${prefix}${own.target}`,
    ],
    [
      `${own.status}: the same, as an HTTP proxy`,
      `curl -i -x ${outbound} ${own.data}http://${prefix.toLowerCase()}.internal${own.target}`,
    ],
    foreign && [
      `${foreign.status}: ${other.client.name} has the other scope`,
      `curl -i ${foreign.data}${outbound}/${names.clients.get(other.client.id) as string}${foreign.target}`,
    ],
  ]
  return lines.filter((example) => example !== undefined).map(show)
}

function show([what, line]: Example): string {
  return `\n  # ${what}\n  ${line}`
}

type Example = readonly [what: string, line: string]

/** A client with a scope that `first` has not. */
function somethingElse(
  first: DevClient,
  clients: readonly DevClient[],
): { readonly client: DevClient; readonly scope: string } | undefined {
  for (const client of clients) {
    const scope = client.scopes.find((one) => !first.scopes.includes(one))
    if (scope !== undefined) return { client, scope }
  }
  return undefined
}

/** A request that needs the scope, and how the sample API answers it. */
function callOf(scope: string, names: PlaygroundNames): Call {
  const segment = names.scopes.get(scope) as string
  return segment === 'upload'
    ? { data: '--data hello ', target: '/upload', status: 201 }
    : { data: '', target: `/${segment}/1`, status: 200 }
}
type Call = { readonly data: string; readonly target: string; readonly status: number }

function tokenCommand(client: DevClient, tokenEndpoint: string): string {
  return (
    `$(curl -s -u '${client.id}:${client.secret.reveal()}' -d grant_type=client_credentials ` +
    `${tokenEndpoint} | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')`
  )
}
