/** argv -> Command, or the text and exit code to end with; and the help. */
import { Command as Commander, type CommanderError, InvalidArgumentError, Option } from 'commander'
import { type ExitCode, exitCodes } from './commands/io.ts'
import { durationText, longestDuration, parseDuration } from './config/durations.ts'
import { didYouMean } from './config/suggest.ts'
import type { Milliseconds } from './units.ts'

export type Command =
  | { readonly name: 'run'; readonly config: string }
  | {
      readonly name: 'check'
      readonly config: string
      readonly json: boolean
      readonly online: boolean
    }
  | {
      readonly name: 'token'
      readonly config: string
      readonly client: string
      readonly raw: boolean
      readonly scopes: readonly string[]
    }
  | { readonly name: 'health'; readonly config: string; readonly json: boolean }
  | { readonly name: 'wait'; readonly config: string; readonly timeout: Milliseconds }
  | { readonly name: 'schema' }
  | {
      readonly name: 'dev'
      readonly template: string | undefined
      readonly issuer: 'own' | 'aws'
      readonly ports: DevPorts
    }

export type DevPorts = {
  readonly issuer: number
  readonly api: number
  readonly inbound: number
  readonly outbound: number
  readonly admin: number
}

/** Nothing is to be run: print and end. */
export type Ending = { readonly exitCode: ExitCode; readonly out: string; readonly err: string }

export type Parsed =
  | { readonly kind: 'command'; readonly command: Command }
  | { readonly kind: 'ending'; readonly ending: Ending }

export const defaultConfig = 'proxy.config.yaml'

/** Every command, for documents that are held against them. */
export const commandNames = ['run', 'check', 'token', 'health', 'wait', 'schema', 'dev'] as const

/** Reads the arguments behind the program's name. Pure. */
export function parseArguments(args: readonly string[], version: string): Parsed {
  const unknown = unknownCommand(args[0])
  if (unknown !== undefined) return { kind: 'ending', ending: unknown }
  let command: Command = { name: 'run', config: defaultConfig }
  let out = ''
  let err = ''
  const program = describe((parsed) => {
    command = parsed
  }, version)
  const capture = {
    writeOut: (text: string) => {
      out += text
    },
    writeErr: (text: string) => {
      err += text
    },
  }
  for (const each of [program, ...program.commands]) each.exitOverride().configureOutput(capture)
  try {
    program.parse(args, { from: 'user' })
  } catch (error) {
    // with exitOverride commander throws nothing else
    const exitCode = (error as CommanderError).exitCode === 0 ? exitCodes.ok : exitCodes.usage
    return { kind: 'ending', ending: { exitCode, out, err } }
  }
  return { kind: 'command', command }
}

/** Commander would take it for an argument of the default command. */
function unknownCommand(first: string | undefined): Ending | undefined {
  const known: readonly string[] = [...commandNames, 'help']
  if (first === undefined || first.startsWith('-') || known.includes(first)) return undefined
  const err = `error: there is no command ${JSON.stringify(first)}${didYouMean(first, known)}\n`
  return { exitCode: exitCodes.usage, out: '', err }
}

type Flags = { config: string; json?: true; online?: true; raw?: true; scopes?: string }
type DevFlags = { template?: string; issuer: 'own' | 'aws' } & Record<
  'issuerPort' | 'apiPort' | 'inboundPort' | 'outboundPort' | 'adminPort',
  string
>

function describe(parsed: (command: Command) => void, version: string): Commander {
  const program = new Commander('scopegate')
    .description(
      'OAuth 2.0 service-to-service security beside any service: inbound verifies access tokens\n' +
        'and enforces which scopes open which routes, outbound attaches cached access tokens.',
    )
    .version(version, '--version', 'print the version')
    .helpOption('-h, --help', 'print help; `scopegate COMMAND --help` tells more')
    .addHelpText(
      'after',
      '\nExit codes: 0 well, 1 the answer is no, 2 wrong usage, 3 could not run.\n' +
        'SIGTERM and SIGINT drain and end, SIGHUP reloads the configuration.',
    )
  const withConfig = (command: Commander): Commander =>
    command.option(
      '-c, --config <file>',
      'the configuration, or env:NAME for a variable that holds it',
      defaultConfig,
    )

  withConfig(program.command('run', { isDefault: true }))
    .description('run the proxies of a configuration (the default command)')
    .action(({ config }: Flags) => {
      parsed({ name: 'run', config })
    })
  withConfig(program.command('check'))
    .description('tell everything that is wrong with a configuration')
    .option('--json', 'print the result as JSON')
    .option('--online', 'fetch the keys of every issuer and a token for every outbound route too')
    .action(({ config, json, online }: Flags) => {
      parsed({ name: 'check', config, json: json === true, online: online === true })
    })
  withConfig(program.command('token'))
    .description('obtain an access token as outbound would, and print what it says')
    .argument('<client>', 'a name under `clients` of the configuration')
    .option('--raw', 'print the token itself and nothing else')
    .option('--scopes <list>', 'scopes to request, separated by spaces (default: all)')
    .action((client: string, { config, raw, scopes }: Flags) => {
      const list = scopes?.split(' ').filter((scope) => scope !== '') ?? []
      parsed({ name: 'token', config, client, raw: raw === true, scopes: list })
    })
  withConfig(program.command('health'))
    .description('ask /readyz of the running proxy; for health checks of containers')
    .option('--json', 'print what is missing as JSON')
    .action(({ config, json }: Flags) => {
      parsed({ name: 'health', config, json: json === true })
    })
  withConfig(program.command('wait'))
    .description('wait until the running proxy is ready; for what must not start before it')
    .addOption(
      new Option('--timeout <duration>', 'how long at most, such as 30s or 2m')
        .default('60s')
        .argParser((text) => {
          if (!durationText.test(text) || parseDuration(text) > longestDuration)
            throw new InvalidArgumentError('A duration is a number and ms, s, m or h.')
          return text
        }),
    )
    .action(({ config, timeout }: Flags & { timeout: string }) => {
      parsed({ name: 'wait', config, timeout: parseDuration(timeout) })
    })
  program
    .command('schema')
    .description('print the JSON Schema of the configuration, for editors')
    .action(() => {
      parsed({ name: 'schema' })
    })
  const port = (name: string, what: string, value: string): Option =>
    new Option(`--${name}-port <port>`, `port of ${what}; 0 takes a free one`)
      .default(value)
      .argParser((text) => {
        if (!/^\d{1,5}$/.test(text) || Number(text) > 65535)
          throw new InvalidArgumentError('A port is a number from 0 to 65535.')
        return text
      })
  program
    .command('dev')
    .description(
      'a playground on this machine: Cognito-compatible issuer, sample API, inbound, outbound',
    )
    .option('--template <file>', 'CloudFormation template to boot the issuer from')
    .addOption(
      new Option('--issuer <who>', 'whose address tokens name: the own one, or that of AWS')
        .choices(['own', 'aws'])
        .default('own'),
    )
    .addOption(port('issuer', 'the issuer', '9229'))
    .addOption(port('api', 'the sample API', '3000'))
    .addOption(port('inbound', 'the inbound proxy', '8080'))
    .addOption(port('outbound', 'the outbound proxy', '8081'))
    .addOption(port('admin', 'the admin listeners: this one and the next', '9901'))
    .action((flags: DevFlags) => {
      parsed({
        name: 'dev',
        template: flags.template,
        issuer: flags.issuer,
        ports: {
          issuer: Number(flags.issuerPort),
          api: Number(flags.apiPort),
          inbound: Number(flags.inboundPort),
          outbound: Number(flags.outboundPort),
          admin: Number(flags.adminPort),
        },
      })
    })
  return program
}
