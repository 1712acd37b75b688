/** `import` on the command line. */
import type { Command as Commander } from 'commander'
import { type OpenapiOptions, withOpenapiReading } from './openapi.ts'

export type ImportCommand = OpenapiOptions & {
  readonly name: 'import'
  /** What is imported from. */
  readonly kind: 'openapi'
  readonly json: boolean
}

type Flags = { json?: true; scopePrefix: string; basePath?: string }

export function describeImport(program: Commander, parsed: (command: ImportCommand) => void): void {
  const group = program
    .command('import')
    .description('routes from what an API says of itself, to be reviewed')
  withOpenapiReading(group.command('openapi'))
    .description('routes from paths and security of an OpenAPI 3 document, on standard output')
    .argument('<file>', 'the document, YAML or JSON')
    .option('--json', 'print the routes as JSON')
    .action((file: string, { json, scopePrefix, basePath }: Flags) => {
      parsed({ name: 'import', kind: 'openapi', file, json: json === true, scopePrefix, basePath })
    })
}
