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
  const log = isForPeople(config.log.format, io) ? await forPeople(io) : io.log
  const serving = await serve(
    { source: configSource(argument), config, env: io.env },
    { ...io, ...(log !== undefined && { log }) },
  )
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
async function forPeople(io: Io): Promise<NonNullable<Io['log']>> {
  const { readableLog } = await import('./readable-log.ts')
  return readableLog(io)
}
