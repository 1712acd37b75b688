/** What a command touched: an Io that remembers, and signals in the hands of a test. */
import { Readable } from 'node:stream'
import type { Test } from 'tap'
import type { Io, SignalName } from '../../src/commands/io.ts'
import { systemClock } from '../../src/units.ts'
import { repository } from '../support/command.ts'
import { guardAgainstLeaks, type LeakGuard } from '../support/leaks.ts'

export type FakeIo = {
  readonly io: Io
  readonly out: () => string
  readonly err: () => string
  /** Parsed log lines so far. */
  readonly log: readonly Readonly<Record<string, unknown>>[]
  /** Log lines that are not JSON. */
  readonly readable: () => string
  readonly exits: readonly number[]
  readonly leaks: LeakGuard
  readonly signal: (name: SignalName) => void
  readonly uncaught: (error: unknown) => void
  /** Resolves when something that was written to stdout, or a log line, matches. */
  readonly said: (pattern: RegExp) => Promise<void>
}

/** Everything that is written is searched for what `leaks.forbid` names. */
export function fakeIo(t: Test, over: Partial<Io> = {}): FakeIo {
  const leaks = guardAgainstLeaks(t)
  let out = ''
  let err = ''
  let lines = ''
  let readable = ''
  const log: Record<string, unknown>[] = []
  const exits: number[] = []
  const handlers: ((signal: SignalName) => void)[] = []
  const uncaught: ((error: unknown) => void)[] = []
  const waiting = new Set<() => void>()
  const tell = (text: string): void => {
    leaks.saw(text)
    for (const look of waiting) look()
  }
  return {
    io: {
      env: {},
      isTerminal: false,
      out: (text) => {
        out += text
        tell(text)
      },
      err: (text) => {
        err += text
        tell(text)
      },
      onSignal: (handler) => void handlers.push(handler),
      onUncaught: (handler) => void uncaught.push(handler),
      exitNow: (code) => void exits.push(code),
      openStdin: () => Readable.from([]),
      clock: systemClock,
      random: () => 0.5,
      version: '0.0.0-test',
      packageFolder: repository,
      log: {
        write(line) {
          lines += line
          if (line.startsWith('{')) log.push(JSON.parse(line) as Record<string, unknown>)
          else readable += line
          tell(line)
        },
      },
      ...over,
    },
    out: () => out,
    readable: () => readable,
    err: () => err,
    log,
    exits,
    leaks,
    signal: (name) => {
      for (const handler of handlers) handler(name)
    },
    uncaught: (error) => {
      for (const handler of uncaught) handler(error)
    },
    said: (pattern) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (!pattern.test(out) && !pattern.test(lines)) return
          waiting.delete(look)
          resolve()
        }
        waiting.add(look)
        look()
      }),
  }
}
