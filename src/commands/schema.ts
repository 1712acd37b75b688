/** `scopegate schema`: the JSON Schema of the configuration. */
import { configJsonSchema } from '../config/schema.ts'
import { type ExitCode, exitCodes, type Io } from './io.ts'

export function schema(io: Io): ExitCode {
  io.out(`${JSON.stringify(configJsonSchema(), null, 2)}\n`)
  return exitCodes.ok
}
