/** Command -> its function. Commands are loaded when they are asked for: `health` runs often and shall start fast. */
import type { Command } from '../cli.ts'
import type { ExitCode, Io } from './io.ts'

/** Runs the command; resolves with the exit code. */
export async function dispatch(command: Command, io: Io): Promise<ExitCode> {
  switch (command.name) {
    case 'run':
      return (await import('./run.ts')).run(command, io)
    case 'check':
      return (await import('./check.ts')).check(command, io)
    case 'explain':
      return (await import('./explain.ts')).explain(command, io)
    case 'test':
      return (await import('./test.ts')).test(command, io)
    case 'access':
      return (await import('./access.ts')).access(command, io)
    case 'diff':
      return (await import('./diff.ts')).diff(command, io)
    case 'import':
      return (await import('./import.ts')).importRoutes(command, io)
    case 'learn':
      return (await import('./learn.ts')).learn(command, io)
    case 'token':
      return (await import('./token.ts')).token(command, io)
    case 'health':
      return (await import('./health.ts')).health(command, io)
    case 'wait':
      return (await import('./wait.ts')).wait(command, io)
    case 'schema':
      return (await import('./schema.ts')).schema(command, io)
    case 'dev':
      return (await import('./dev.ts')).dev(command, io)
  }
}
