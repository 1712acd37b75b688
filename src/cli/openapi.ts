/** How an OpenAPI document is to be read, on the command line. */
import { type Command as Commander, InvalidArgumentError } from 'commander'
import { isScopeName } from '../review/needs.ts'

export type OpenapiOptions = {
  readonly file: string
  /** Goes before each scope; empty for none. */
  readonly scopePrefix: string
  /** Instead of what the document's servers say. */
  readonly basePath: string | undefined
}

/** Adds `--scope-prefix` and `--base-path`. */
export function withOpenapiReading(command: Commander): Commander {
  return command
    .option(
      '--scope-prefix <prefix>',
      'of OpenAPI: goes before each scope; app-api/ makes app-api/read of read',
      scopePrefixIn,
      '',
    )
    .option(
      '--base-path <path>',
      "of OpenAPI: prefix of each path, instead of the servers'; / for none",
      basePathIn,
    )
}

function scopePrefixIn(text: string): string {
  if (isScopeName(text)) return text
  throw new InvalidArgumentError(
    'A prefix has no blanks, quotes, \\ or other than ASCII characters.',
  )
}

function basePathIn(text: string): string {
  if (/^\/[^{}?#\s]*$/.test(text)) return text
  throw new InvalidArgumentError('A base path begins with / and has no parameters.')
}
