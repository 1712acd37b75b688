/** `scopegate schema`: the JSON Schema of the configuration, or of a file of cases. */
import type { Command } from '../cli.ts'
import { configJsonSchema } from '../config/schema.ts'
import { casesJsonSchema } from '../review/cases/schema.ts'
import { type ExitCode, exitCodes, type Io } from './io.ts'

export function schema({ of }: Extract<Command, { name: 'schema' }>, io: Io): ExitCode {
  const described = of === 'cases' ? casesJsonSchema() : configJsonSchema()
  io.out(`${JSON.stringify(described, null, 2)}\n`)
  return exitCodes.ok
}
