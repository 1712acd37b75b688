/** `learn` on the command line. */
import { type Command as Commander, InvalidArgumentError, Option } from 'commander'

export type LearnCommand = {
  readonly name: 'learn'
  /** Files; `-` = standard input. */
  readonly logs: readonly string[]
  /** Undefined = none is looked at. */
  readonly config: string | undefined
  readonly json: boolean
  readonly minCount: number
  /** Names beside each other that stay names. */
  readonly mostNames: number
  /** Days; undefined = not asked. */
  readonly unused: number | undefined
}

type Flags = {
  config?: string
  json?: true
  minCount: number
  mostNames: number
  unused?: number
}

export function describeLearn(program: Commander, parsed: (command: LearnCommand) => void): void {
  const command = program.command('learn')
  command
    .description('routes from what the log shows in report mode, to be reviewed')
    .argument('<log...>', 'files of JSON lines, also .gz; - is standard input')
    .option('-c, --config <file>', 'the configuration, or env:NAME: what --unused looks at')
    .option('--json', 'print the routes as JSON')
    .addOption(
      new Option('--min-count <number>', 'leave out what was called less often')
        .default(1)
        .argParser(wholeNumber),
    )
    .addOption(
      new Option('--most-names <number>', 'more names in one place of paths may be values: {id}')
        .default(30)
        .argParser(wholeNumber),
    )
    .addOption(
      new Option(
        '--unused <days>',
        'list routes and scopes of the configuration that were not in use in the last days of the log',
      ).argParser(wholeNumber),
    )
    .action((logs: string[], { config, json, minCount, mostNames, unused }: Flags) => {
      if (unused !== undefined && config === undefined)
        command.error('error: --unused is about a configuration: name it with -c')
      parsed({ name: 'learn', logs, config, json: json === true, minCount, mostNames, unused })
    })
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError('A number from 1 to 999999.')
  return Number(text)
}
