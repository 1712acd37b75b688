/** `scopegate run`: the proxies of a configuration. */
import type { Command } from '../cli.ts'
import { configSource } from '../config/load.ts'
import { type ExitCode, exitCodes, type Io } from './io.ts'
import { loadOrTell } from './load-or-tell.ts'
import { serve, serveUntilSignal } from './serve.ts'

/** Resolves with the exit code when the process has been told to end and everything is closed. */
export async function run(
  { config: argument }: Extract<Command, { name: 'run' }>,
  io: Io,
): Promise<ExitCode> {
  const config = loadOrTell(argument, io)
  if (config === undefined) return exitCodes.no
  const serving = await serve({ source: configSource(argument), config, env: io.env }, io)
  if (!serving.ok) {
    io.err(`scopegate: ${serving.problem}\n`)
    return exitCodes.failed
  }
  await serveUntilSignal([serving.value], io)
  return exitCodes.ok
}
