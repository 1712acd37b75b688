/** `check` on the command line. */
import type { Command as Commander } from 'commander'
import { withConfig } from './flags.ts'
import { type OpenapiOptions, withOpenapiReading } from './openapi.ts'

export type CheckCommand = {
  readonly name: 'check'
  readonly config: string
  readonly json: boolean
  readonly online: boolean
  /** The document that the routes are held against. */
  readonly openapi?: OpenapiOptions
}

type Flags = { config: string; json?: true; online?: true } & OpenapiFlags
type OpenapiFlags = { openapi?: string; scopePrefix: string; basePath?: string }

export function describeCheck(program: Commander, parsed: (command: CheckCommand) => void): void {
  withOpenapiReading(withConfig(program.command('check')))
    .description('tell everything that is wrong with a configuration')
    .option('--json', 'print the result as JSON')
    .option('--online', 'fetch the keys of every issuer and a token for every outbound route too')
    .option('--openapi <file>', 'tell where the routes and this OpenAPI document differ')
    .action(({ config, json, online, ...flags }: Flags) => {
      const openapi = openapiIn(flags)
      parsed({ name: 'check', config, json: json === true, online: online === true, ...openapi })
    })
}

function openapiIn({ openapi: file, scopePrefix, basePath }: OpenapiFlags): {
  openapi?: OpenapiOptions
} {
  return file === undefined ? {} : { openapi: { file, scopePrefix, basePath } }
}
