/** What a command may touch: results go to stdout, messages to stderr (SPEC 6). */
import type { Readable } from 'node:stream'
import type { Clock, Random } from '../units.ts'

export const exitCodes = {
  /** All well. */
  ok: 0,
  /** The answer is no: an invalid configuration, a failed case. */
  no: 1,
  /** Wrong usage. */
  usage: 2,
  /** Could not run. */
  failed: 3,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

export type SignalName = 'SIGTERM' | 'SIGINT' | 'SIGHUP'

export type Io = {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Writes to standard output. */
  readonly out: (text: string) => void
  /** Standard output is a terminal: colour is welcome. */
  readonly isTerminal: boolean
  /** Writes to standard error. */
  readonly err: (text: string) => void
  readonly onSignal: (handler: (signal: SignalName) => void) => void
  /** Told of exceptions that nothing caught; the process goes on then. */
  readonly onUncaught: (handler: (error: unknown) => void) => void
  /** Ends the process at once, for a second Ctrl-C. */
  readonly exitNow: (code: number) => void
  /** Opens standard input. */
  readonly openStdin: () => Readable
  readonly clock: Clock
  readonly random: Random
  readonly version: string
  /** Folder of the package: its templates and schema. */
  readonly packageFolder: string
  /** Where log lines go; undefined = standard output. */
  readonly log?: { write(line: string): void }
}
