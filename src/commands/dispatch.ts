/** Command -> its function. Commands are loaded when they are asked for: `health` runs often and shall start fast. */
import type { Command } from '../cli.ts'
import type { ExitCode, Io } from './io.ts'

/** Runs the command; resolves with the exit code. */
export async function dispatch(command: Command, io: Io): Promise<ExitCode> {
  switch (command.name) {
    case 'run':
      return (await import('./run.ts')).run(command, io)
    case 'dev':
      return (await import('./dev.ts')).dev(command, io)
    case 'health':
      return (await import('./health.ts')).health(command, io)
    case 'wait':
      return (await import('./wait.ts')).wait(command, io)
    case 'check':
    case 'explain':
    case 'test':
    case 'access':
    case 'diff':
    case 'import':
    case 'learn':
    case 'token':
    case 'schema':
      return (await import('./answer.ts')).answer(command, io)
  }
}
