/** `scopegate run`: the proxies of a configuration. */
import type { Command } from '../cli.ts'
import type { LogConfig } from '../config/config.ts'
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
  const format = isForPeople(config.log.format, io) ? await forPeople(io) : undefined
  const source = configSource(argument)
  const serving = await serve({ source, config, env: io.env, format }, io)
  if (!serving.ok) {
    io.err(`scopegate: ${serving.problem}\n`)
    return exitCodes.failed
  }
  await serveUntilSignal([serving.value], io)
  return exitCodes.ok
}

function isForPeople(format: LogConfig['format'], { isTerminal }: Io): boolean {
  return format === 'text' || (format === 'auto' && isTerminal)
}

/** Loaded when somebody looks; a process that writes JSON starts sooner without. */
async function forPeople(io: Io): Promise<(line: string) => string> {
  const { readableLines } = await import('./readable-log.ts')
  return readableLines(io)
}
