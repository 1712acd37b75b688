/** `diff` on the command line. */
import { type Command as Commander, Option } from 'commander'

export type DiffCommand = {
  readonly name: 'diff'
  readonly before: string
  readonly after: string
  readonly format: 'text' | 'markdown' | 'json'
  readonly failOnWidened: boolean
  /** None = clients are not told of. */
  readonly templates: { readonly before: readonly string[]; readonly after: readonly string[] }
  readonly parameters: readonly string[]
}

type Flags = {
  format: DiffCommand['format']
  failOn?: 'widened'
  templateOld?: string[]
  templateNew?: string[]
  parameters?: string[]
}

export function describeDiff(program: Commander, parsed: (command: DiffCommand) => void): void {
  const command = program.command('diff')
  command
    .description('tell which requests two configurations decide differently, and whose')
    .argument('<old>', 'a file, env:NAME, or a revision of git: HEAD~1:proxy.config.yaml')
    .argument('<new>', 'the same')
    .addOption(
      new Option('--format <format>', 'how it is printed')
        .choices(['text', 'markdown', 'json'])
        .default('text'),
    )
    .addOption(
      new Option('--fail-on <what>', 'exit code 1 when somebody can call more than before').choices(
        ['widened'],
      ),
    )
    .option('--template-old <file...>', 'CloudFormation templates of OLD: tells clients by name')
    .option('--template-new <file...>', 'CloudFormation templates of NEW')
    .option('--parameters <file...>', 'parameters of the templates')
    .action((before: string, after: string, flags: Flags) => {
      const { format, failOn, templateOld = [], templateNew = [], parameters = [] } = flags
      if (parameters.length > 0 && templateOld.length + templateNew.length === 0)
        command.error('error: --parameters are for templates; add --template-new')
      parsed({
        ...{ name: 'diff', before, after, format, parameters },
        failOnWidened: failOn === 'widened',
        templates: { before: templateOld, after: templateNew },
      })
    })
}
