/** What a command touched: an Io that remembers, and signals in the hands of a test. */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import ts from 'typescript'
import type { Io, SignalName } from '../../src/commands/io.ts'
import { systemClock } from '../../src/units.ts'
import { guardAgainstLeaks, type LeakGuard } from '../support/leaks.ts'

export const repository = fileURLToPath(new URL('../..', import.meta.url))

export type FakeIo = {
  readonly io: Io
  readonly out: () => string
  readonly err: () => string
  /** Parsed log lines so far. */
  readonly log: readonly Readonly<Record<string, unknown>>[]
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
      clock: systemClock,
      random: () => 0.5,
      version: '0.0.0-test',
      packageFolder: repository,
      log: {
        write(line) {
          lines += line
          log.push(JSON.parse(line) as Record<string, unknown>)
          tell(line)
        },
      },
      ...over,
    },
    out: () => out,
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

/** A folder with these files, gone when the test ends. */
export function folderWith(t: Test, files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'scopegate-'))
  t.teardown(() => {
    rmSync(folder, { recursive: true })
  })
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  return folder
}

/** The command as the package has it, made now from the sources; starts much faster than these. */
export function buildCommand(t: Test): string {
  const folder = folderWith(t, {})
  const { config } = ts.readConfigFile(join(repository, 'tsconfig.json'), (file) =>
    readFileSync(file, 'utf8'),
  ) as { config: { compilerOptions: object } }
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, repository)
  // one file at a time there is no package.json that would say so
  const compilerOptions = { ...options, module: ts.ModuleKind.ESNext }
  const sources = readdirSync(join(repository, 'src'), { recursive: true, encoding: 'utf8' })
  for (const name of sources.filter((one) => one.endsWith('.ts'))) {
    const text = readFileSync(join(repository, 'src', name), 'utf8')
    const { outputText } = ts.transpileModule(text, { compilerOptions, fileName: name })
    const file = join(folder, 'dist', name.replace(/ts$/, 'js'))
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, outputText)
  }
  for (const name of ['package.json', 'node_modules', 'deploy'])
    symlinkSync(join(repository, name), join(folder, name))
  return join(folder, 'dist', 'main.js')
}
