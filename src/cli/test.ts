/** `test` on the command line. */
import { type Command as Commander, InvalidArgumentError, Option } from 'commander'
import { withConfig } from './flags.ts'

export type TestCommand = {
  readonly name: 'test'
  readonly config: string
  /** The file of the cases. */
  readonly cases: string
  readonly format: 'text' | 'tap' | 'junit' | 'json'
  /** In percent. */
  readonly minCoverage: number | undefined
}

export const defaultCases = 'proxy.cases.yaml'

type Flags = {
  config: string
  format: TestCommand['format']
  json?: true
  minCoverage?: number
}

export function describeTest(program: Commander, parsed: (command: TestCommand) => void): void {
  withConfig(program.command('test'))
    .description(
      'hold requests and what is expected of them against a configuration; works offline',
    )
    .argument('[cases]', 'file of the cases', defaultCases)
    .addOption(
      new Option('--format <format>', 'how results are printed; tap and junit are for CI')
        .choices(['text', 'tap', 'junit', 'json'])
        .default('text'),
    )
    .addOption(new Option('--json', 'the same as --format json').conflicts('format'))
    .addOption(
      new Option('--min-coverage <percent>', 'fail when cases touch fewer of the routes').argParser(
        (text) => {
          if (!/^\d{1,3}$/.test(text) || Number(text) > 100)
            throw new InvalidArgumentError('A percentage is a whole number from 0 to 100.')
          return Number(text)
        },
      ),
    )
    .action((cases: string, { config, format, json, minCoverage }: Flags) => {
      parsed({
        ...{ name: 'test', config, cases, minCoverage },
        format: json === true ? 'json' : format,
      })
    })
}
