/** `access` on the command line. */
import { type Command as Commander, Option } from 'commander'
import { collect, withConfig } from './flags.ts'

export const accessFormats = ['table', 'markdown', 'csv', 'json', 'html'] as const

export type AccessCommand = {
  readonly name: 'access'
  readonly config: string
  readonly templates: readonly string[]
  readonly parameters: readonly string[]
  readonly format: (typeof accessFormats)[number]
  readonly client: string | undefined
  readonly route: string | undefined
  readonly scope: string | undefined
}

type Flags = {
  config: string
  template: string[]
  parameters: string[]
  format: AccessCommand['format']
  client?: string
  route?: string
  scope?: string
}

export function describeAccess(program: Commander, parsed: (command: AccessCommand) => void): void {
  withTemplates(withConfig(program.command('access')))
    .description('who can call what: clients of templates by routes of a configuration')
    .addOption(
      new Option('--format <format>', 'how it is written').choices(accessFormats).default('table'),
    )
    .option('--client <name>', 'this client only')
    .option('--route <path>', 'this path only: as the configuration or as a request has it')
    .option('--scope <scope>', 'what this scope opens only')
    .action(({ config, template, parameters, format, client, route, scope }: Flags) => {
      const filter = { client, route, scope }
      parsed({ name: 'access', config, templates: template, parameters, format, ...filter })
    })
}

/** Adds `--template` and `--parameters`. */
export function withTemplates(command: Commander): Commander {
  return command
    .option(
      '--template <files...>',
      'CloudFormation templates with user pools, resource servers and clients',
      collect,
      [],
    )
    .option(
      '--parameters <files...>',
      'values for their parameters, or what AWS tells of their stacks, as JSON',
      collect,
      [],
    )
}
