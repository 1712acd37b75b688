/** `explain` on the command line. */
import { type Command as Commander, Option } from 'commander'
import type { TokenWords } from '../review/explain/asked-token.ts'
import { withConfig } from './flags.ts'

export type ExplainCommand = {
  readonly name: 'explain'
  readonly config: string
  /** `GET /a`, or a path alone. */
  readonly request: string
  readonly token: ExplainToken
  readonly json: boolean
}

/** What is said of the token; that of `stdin` is read from there. */
export type ExplainToken =
  { readonly kind: 'stdin' } | Exclude<TokenWords, { readonly kind: 'compact' }>

type Flags = {
  config: string
  json?: true
  client?: string
  scopes?: readonly string[]
  token?: string
  claims?: string
  issuer?: string
}

export function describeExplain(
  program: Commander,
  parsed: (command: ExplainCommand) => void,
): void {
  withConfig(program.command('explain'))
    .description('tell what inbound does with a request, and why; works offline')
    .argument('<method-or-path>', 'such as GET; a path alone is a GET')
    .argument('[path]', 'such as /export/1')
    .option('--client <id>', 'with a token of this client')
    .addOption(
      new Option(
        '--scopes <list>',
        'with a token that has these scopes, separated by spaces',
      ).argParser((text) => text.split(/\s+/).filter((word) => word !== '')),
    )
    .addOption(
      new Option(
        '--token <->',
        'with the token on standard input; its signature is not checked',
      ).conflicts(['client', 'scopes', 'claims', 'issuer']),
    )
    .addOption(
      new Option('--claims <json>', 'with a valid token that has these claims').conflicts([
        'client',
        'scopes',
      ]),
    )
    .option('--issuer <name>', 'with a token of this issuer, a name under `issuers`')
    .option('--json', 'print the explanation as JSON')
    .addHelpText('after', '\nExit code 0: certainly allowed; 1: denied, or it depends.')
    .action((first: string, second: string | undefined, flags: Flags, self: Commander) => {
      // commander's own message about a wrong value would print the token
      if (flags.token !== undefined && flags.token !== '-') self.error(onlyStdin)
      const request = second === undefined ? first : `${first} ${second}`
      const { config, json } = flags
      parsed({ name: 'explain', config, request, token: tokenOf(flags), json: json === true })
    })
}

const onlyStdin =
  'error: write --token - and give the token on standard input: every process of the machine can read arguments, and shells keep them'

function tokenOf({ client, scopes, token, claims, issuer }: Flags): ExplainToken {
  if (token !== undefined) return { kind: 'stdin' }
  if (claims !== undefined) return { kind: 'claims', json: claims, issuer }
  if (client === undefined && scopes === undefined && issuer === undefined) return { kind: 'none' }
  return { kind: 'parts', clientId: client, scopes, issuer }
}
