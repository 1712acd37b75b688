/** The command as a process of its own, as users run it: built from the sources, started, listened to. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'

export const repository = fileURLToPath(new URL('../..', import.meta.url))

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
  const built = `--outdir=${join(folder, 'dist')}`
  execFileSync('npm', ['run', 'build', '--silent', '--', built], { cwd: repository })
  for (const name of ['package.json', 'deploy'])
    symlinkSync(join(repository, name), join(folder, name))
  return join(folder, 'dist', 'main.js')
}

export type Options = {
  readonly env?: Readonly<Record<string, string>>
  /** Code that runs before the command. */
  readonly imports?: readonly string[]
  /** Arguments for Node itself. */
  readonly node?: readonly string[]
  /** What a shell does before the process takes its place: `ulimit -n 40`, `exec >/dev/full`. */
  readonly shell?: string
}

export type Ended = { readonly code: number | string; readonly out: string; readonly err: string }

export type Running = {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  /** Everything on stdout so far, once it matches. */
  said(pattern: RegExp): Promise<string>
  /** Everything that it printed so far. */
  printed(): string
}

/** Starts `main` (built, or of the sources) with these arguments; it is gone when the test ends. */
export function start(
  t: Test,
  main: string,
  args: readonly string[],
  options: Options = {},
): Running {
  const imports = (options.imports ?? []).map(importOf)
  // the hooks of the test runner are for sources whose coverage is measured: a built command starts without
  const before = [options.node === undefined ? 'unset NODE_OPTIONS' : ':', options.shell ?? ':']
  const inShell = ['-c', `${before.join('; ')}; exec "$0" "$@"`, process.execPath]
  const words = [...inShell, ...(options.node ?? []), ...imports, main, ...args]
  const child = spawn('sh', words, {
    cwd: repository,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  let out = ''
  let err = ''
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString()
    child.emit('said')
  })
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString()
  })
  const ended = once(child, 'close').then(([code, signal]) => ({
    code: (code ?? signal) as number | string,
    out,
    err,
  }))
  return {
    ...{ child, ended },
    async said(pattern) {
      while (!pattern.test(out)) await Promise.race([once(child, 'said'), fail(ended)])
      return out
    },
    printed: () => out + err,
  }
}

const importOf = (code: string): string =>
  `--import=data:text/javascript,${encodeURIComponent(code)}`

async function fail(ended: Promise<Ended>): Promise<never> {
  const { code, err } = await ended
  throw new Error(`it ended with ${code}: ${err}`)
}

export type Ports = { readonly inbound: number; readonly outbound: number; readonly admin: number }

/** The ports in the line `started`; 0 where there is no such listener, or it is a socket. */
export function portsIn(out: string): Ports {
  const started = /(?:"msg":"|INFO: )started/
  // for people there are words before what is JSON
  const line = /\{.*/.exec(out.split('\n').find((text) => started.test(text)) ?? '{}')?.[0] ?? ''
  const said = JSON.parse(line) as Partial<Record<keyof Ports, string>>
  const port = (address: string | undefined): number =>
    address?.startsWith('http') === true ? Number(new URL(address).port) : 0
  return { inbound: port(said.inbound), outbound: port(said.outbound), admin: port(said.admin) }
}

export type Served = Running &
  Ports & {
    /** Kilobytes of memory that the process holds (VmRSS). */
    resident(): number
    /** File descriptors that the process has open. */
    descriptors(): number
  }

/** `scopegate run` with this YAML, once it has started. */
export async function startCommand(
  t: Test,
  main: string,
  yaml: string,
  options: Options = {},
): Promise<Served> {
  const env = { ...options.env, SCOPEGATE_TEST_CONFIG: yaml }
  const running = start(t, main, ['run', '-c', 'env:SCOPEGATE_TEST_CONFIG'], { ...options, env })
  return served(running)
}

/** Waits for the line `started`. */
export async function served(running: Running): Promise<Served> {
  const ports = portsIn(await running.said(/"msg":"started".*\n/))
  const proc = `/proc/${String(running.child.pid)}`
  return {
    ...running,
    ...ports,
    resident: () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`${proc}/status`, 'utf8'))?.[1]),
    descriptors: () => readdirSync(`${proc}/fd`).length,
  }
}
