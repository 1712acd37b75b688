/** `check` on the command line. */
import type { Command as Commander } from 'commander'
import { withConfig } from './flags.ts'

export type CheckCommand = {
  readonly name: 'check'
  readonly config: string
  readonly json: boolean
  readonly online: boolean
}

type Flags = { config: string; json?: true; online?: true }

export function describeCheck(program: Commander, parsed: (command: CheckCommand) => void): void {
  withConfig(program.command('check'))
    .description('tell everything that is wrong with a configuration')
    .option('--json', 'print the result as JSON')
    .option('--online', 'fetch the keys of every issuer and a token for every outbound route too')
    .action(({ config, json, online }: Flags) => {
      parsed({ name: 'check', config, json: json === true, online: online === true })
    })
}
