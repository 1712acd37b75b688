/** `check` on the command line. */
import { type Command as Commander, Option } from 'commander'
import { severities, type Severity } from '../review/lint/finding-table.ts'
import { withTemplates } from './access.ts'
import { withConfig } from './flags.ts'
import { type OpenapiOptions, withOpenapiReading } from './openapi.ts'

export type CheckCommand = {
  readonly name: 'check'
  readonly config: string
  readonly json: boolean
  readonly online: boolean
  /** Undefined = whether it is valid, and no more. */
  readonly lint?: LintOptions
  /** The document that the routes are held against. */
  readonly openapi?: OpenapiOptions
}

/** What is to be found besides mistakes. */
export type LintOptions = {
  readonly templates: readonly string[]
  readonly parameters: readonly string[]
  readonly ignore: string | undefined
  readonly failOn: Severity
  readonly sarif: boolean
}

type Flags = {
  config: string
  json?: true
  online?: true
  lint?: true
  template: string[]
  parameters: string[]
  format: 'text' | 'json' | 'sarif'
  ignore?: string
  failOn?: Severity
} & OpenapiFlags
type OpenapiFlags = { openapi?: string; scopePrefix: string; basePath?: string }

export function describeCheck(program: Commander, parsed: (command: CheckCommand) => void): void {
  const command = withOpenapiReading(withTemplates(withConfig(program.command('check'))))
    .description('tell everything that is wrong with a configuration')
    .option('--json', 'print the result as JSON')
    .option('--online', 'fetch the keys of every issuer and a token for every outbound route too')
    .option('--lint', 'tell findings of the configuration, too (docs/findings.md)')
    .option('--openapi <file>', 'tell where the routes and this OpenAPI document differ')
    .addOption(
      new Option('--format <format>', 'how it is written; sarif is for code hosts, and lints')
        .choices(['text', 'json', 'sarif'])
        .default('text'),
    )
    .option('--ignore <file>', 'findings that are no problem here, with the reason for each')
    .addOption(
      new Option(
        '--fail-on <severity>',
        'exit code 1 from this severity on (default: error)',
      ).choices(severities),
    )
  command.action((flags: Flags) => {
    const { config, online, template: templates, parameters, format, ignore, failOn } = flags
    if (templates.length === 0 && parameters.length > 0)
      command.error('error: --parameters are for templates; add --template')
    const lints = flags.lint === true || templates.length > 0 || format === 'sarif'
    if (!lints && (ignore !== undefined || failOn !== undefined))
      command.error('error: --ignore and --fail-on are for findings; add --lint or --template')
    if (flags.openapi === undefined && (flags.scopePrefix !== '' || flags.basePath !== undefined))
      command.error('error: --scope-prefix and --base-path are for a document; add --openapi')
    parsed({
      ...{ name: 'check', config, online: online === true },
      json: flags.json === true || format === 'json',
      ...(lints
        ? {
            lint: {
              ...{ templates, parameters, ignore, failOn: failOn ?? 'error' },
              sarif: format === 'sarif',
            },
          }
        : {}),
      ...openapiIn(flags),
    })
  })
}

function openapiIn({ openapi: file, scopePrefix, basePath }: OpenapiFlags): {
  openapi?: OpenapiOptions
} {
  return file === undefined ? {} : { openapi: { file, scopePrefix, basePath } }
}
