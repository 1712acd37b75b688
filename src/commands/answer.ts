/** Commands that answer a question and serve nothing. They are loaded together: in pieces, `run` would have more files to read. */
import type { Command } from '../cli.ts'
import { access } from './access.ts'
import { check } from './check.ts'
import { diff } from './diff.ts'
import { explain } from './explain.ts'
import { importRoutes } from './import.ts'
import type { ExitCode, Io } from './io.ts'
import { learn } from './learn.ts'
import { schema } from './schema.ts'
import { test } from './test.ts'
import { token } from './token.ts'

type Question = Exclude<Command, { name: 'run' | 'dev' | 'health' | 'wait' }>

/** Runs the command; resolves with the exit code. */
export async function answer(command: Question, io: Io): Promise<ExitCode> {
  switch (command.name) {
    case 'check':
      return check(command, io)
    case 'explain':
      return explain(command, io)
    case 'test':
      return test(command, io)
    case 'access':
      return access(command, io)
    case 'diff':
      return diff(command, io)
    case 'import':
      return importRoutes(command, io)
    case 'learn':
      return learn(command, io)
    case 'token':
      return token(command, io)
    case 'schema':
      return schema(command, io)
  }
}
