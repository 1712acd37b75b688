/** The commands of who runs Scopegate, on the command line. */
import { Argument, type Command as Commander, InvalidArgumentError, Option } from 'commander'
import { durationText, longestDuration, parseDuration } from '../config/durations.ts'
import type { Milliseconds } from '../units.ts'
import { listIn, withConfig } from './flags.ts'

export type OperateCommand =
  | { readonly name: 'run'; readonly config: string }
  | {
      readonly name: 'token'
      readonly config: string
      readonly client: string
      readonly raw: boolean
      readonly scopes: readonly string[]
    }
  | { readonly name: 'health'; readonly config: string; readonly json: boolean }
  | { readonly name: 'wait'; readonly config: string; readonly timeout: Milliseconds }
  | { readonly name: 'schema'; readonly of: 'config' | 'cases' }

type Flags = { config: string; json?: true; raw?: true; scopes?: string }
type Told = (command: OperateCommand) => void

export function describeRun(program: Commander, parsed: Told): void {
  withConfig(program.command('run', { isDefault: true }))
    .description('run the proxies of a configuration (the default command)')
    .action(({ config }: Flags) => {
      parsed({ name: 'run', config })
    })
}

export function describeToken(program: Commander, parsed: Told): void {
  withConfig(program.command('token'))
    .description('obtain an access token as outbound would, and print what it says')
    .argument('<client>', 'a name under `clients` of the configuration')
    .option('--raw', 'print the token itself and nothing else')
    .option('--scopes <list>', 'scopes to request, separated by spaces (default: all)')
    .action((client: string, { config, raw, scopes }: Flags) => {
      parsed({ name: 'token', config, client, raw: raw === true, scopes: listIn(scopes) })
    })
}

export function describeHealth(program: Commander, parsed: Told): void {
  withConfig(program.command('health'))
    .description('ask /readyz of the running proxy; for health checks of containers')
    .option('--json', 'print what is missing as JSON')
    .action(({ config, json }: Flags) => {
      parsed({ name: 'health', config, json: json === true })
    })
}

export function describeWait(program: Commander, parsed: Told): void {
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
}

export function describeSchema(program: Commander, parsed: Told): void {
  program
    .command('schema')
    .description('print a JSON Schema for editors')
    .addArgument(
      new Argument('[of]', 'of the configuration, or of a file of cases (`scopegate test`)')
        .choices(['config', 'cases'])
        .default('config'),
    )
    .action((of: 'config' | 'cases') => {
      parsed({ name: 'schema', of })
    })
}
