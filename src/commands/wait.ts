/** `scopegate wait`: until the running proxy is ready; for what must not start before tokens and keys are there. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Command } from '../cli.ts'
import { askReady } from './ask-ready.ts'
import { type ExitCode, exitCodes, type Io } from './io.ts'

const askEvery = 200
/** Milliseconds for one answer, however little time is left. */
const leastPatience = 1000
const longestAnswer = 3000

/**
 * Exit code 0 as soon as the proxy is ready, 1 when it was not in time, 3 when nothing answered in time or the
 * configuration cannot be read.
 */
export async function wait(
  { config, timeout }: Extract<Command, { name: 'wait' }>,
  io: Io,
): Promise<ExitCode> {
  const end = performance.now() + timeout
  for (;;) {
    const due = Math.round(end - performance.now())
    const patience = Math.min(longestAnswer, Math.max(due, leastPatience))
    const asked = await askReady(config, io.env, patience)
    if (!asked.ok) {
      io.err(`scopegate: ${asked.problem}\n`)
      return exitCodes.failed
    }
    const { where, answer } = asked.value
    if (answer?.status === 200) return exitCodes.ok
    const left = end - performance.now()
    if (left <= 0) {
      const after = `after ${timeout} ms`
      if (answer === undefined) io.err(`scopegate: nothing answers at ${where} ${after}\n`)
      else io.err(`scopegate: not ready ${after}: ${answer.body}\n`)
      return answer === undefined ? exitCodes.failed : exitCodes.no
    }
    await pause(Math.min(askEvery, left))
  }
}
