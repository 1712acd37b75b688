/** `scopegate health`: asks /readyz of the running proxy; for health checks of containers without a shell. */
import type { Command } from '../cli.ts'
import { askReady } from './ask-ready.ts'
import { type ExitCode, exitCodes, type Io } from './io.ts'

/** Exit code 0 when the proxy is ready, 1 when it is not, 3 when it does not answer or cannot be found. */
export async function health(
  { config, json }: Extract<Command, { name: 'health' }>,
  io: Io,
): Promise<ExitCode> {
  const asked = await askReady(config, io.env)
  if (!asked.ok) {
    io.err(`scopegate: ${asked.problem}\n`)
    return exitCodes.failed
  }
  const { where, answer } = asked.value
  if (answer === undefined) {
    if (json) io.out(`${JSON.stringify({ ready: false, missing: [`an answer of ${where}`] })}\n`)
    io.err(`scopegate: nothing answers at ${where} (admin.listen)\n`)
    return exitCodes.failed
  }
  if (json) io.out(`${answer.body}\n`)
  else io.out(answer.status === 200 ? 'ready\n' : `not ready: ${answer.body}\n`)
  return answer.status === 200 ? exitCodes.ok : exitCodes.no
}
