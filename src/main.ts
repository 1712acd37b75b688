#!/usr/bin/env node
/** The process: argv, environment, stdio and exit code enter and leave here. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import { parseArguments } from './cli.ts'
import { dispatch } from './commands/dispatch.ts'
import { exitCodes, type Io, type SignalName } from './commands/io.ts'
import { systemClock } from './units.ts'

const packageFolder = fileURLToPath(new URL('..', import.meta.url))
const { version } = JSON.parse(readFileSync(`${packageFolder}/package.json`, 'utf8')) as {
  version: string
}

// whoever reads may go away (`scopegate dev | head`)
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)

/**
 * Signals that came before somebody listened: process 1 of a container has no default action, so that one
 * that nobody hears would be lost. Commands that end by themselves keep the default.
 */
const early: SignalName[] = []
let handleSignal = (signal: SignalName): unknown => early.push(signal)

function holdSignals(): void {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
    process.on(signal, () => {
      handleSignal(signal)
    })
}

const io: Io = {
  env: process.env,
  isTerminal: process.stdout.isTTY,
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  onSignal: (handler) => {
    handleSignal = handler
    early.splice(0).forEach(handler)
  },
  onUncaught: (handler) => {
    process.on('uncaughtException', handler)
  },
  openStdin: () => process.stdin,
  exitNow: (code) => process.exit(code),
  clock: systemClock,
  random: Math.random,
  version,
  packageFolder,
}

const parsed = parseArguments(process.argv.slice(2), version)
if (parsed.kind === 'ending') {
  io.out(parsed.ending.out)
  io.err(parsed.ending.err)
  process.exitCode = parsed.ending.exitCode
} else {
  if (parsed.command.name === 'run' || parsed.command.name === 'dev') holdSignals()
  process.exitCode = await dispatch(parsed.command, io).catch((error: unknown) => {
    io.err(`scopegate: ${inspect(error)}\n`)
    // listeners that it had opened would keep the process alive
    return process.exit(exitCodes.failed)
  })
}
