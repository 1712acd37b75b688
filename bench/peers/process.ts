/** Child processes on a core of their own, gone at the latest when the benchmark ends. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { openSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { availableParallelism } from 'node:os'
import { setTimeout as wait } from 'node:timers/promises'

/** Where a process runs: what is measured has a core that generator, upstream and this process leave alone. */
export type Core = 'measured' | 'others'

/** False on one core, or without `taskset`: then everything competes with everything. */
export const isPinned =
  availableParallelism() > 1 && spawnSync('taskset', ['-V']).error === undefined

const cores = { measured: '0', others: '1' }

/** This process makes room, too. */
export function pinSelf(): void {
  if (isPinned) spawnSync('taskset', ['-apc', cores.others, String(process.pid)])
}

/** `words` with what pins them before them. */
export const pinned = (core: Core, words: readonly string[]): readonly [string, ...string[]] =>
  (isPinned ? ['taskset', '-c', cores[core], ...words] : words) as [string, ...string[]]

const children = new Set<ChildProcess>()

export type Launch = {
  readonly name: string
  readonly core: Core
  /** Program and arguments. */
  readonly words: readonly string[]
  /** Path of a file that stdout is written to; thrown away when left out. */
  readonly stdout?: string
  /** Variables besides those of this process. */
  readonly env?: Readonly<Record<string, string>>
}

/** Starts it as the leader of a process group; what it says on stderr is shown when it ends unasked. */
export function launch({ name, core, words, stdout, env: more }: Launch): ChildProcess {
  const [file, ...args] = pinned(core, words)
  const out = stdout === undefined ? 'ignore' : openSync(stdout, 'a')
  const env: NodeJS.ProcessEnv = { ...process.env, ...more }
  delete env['NODE_OPTIONS']
  const child = spawn(file, args, { detached: true, env, stdio: ['ignore', out, 'pipe'] })
  children.add(child)
  let said = ''
  child.stderr?.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-4000)))
  child.once('error', (error) => (said += error.message))
  child.once('close', (code, signal) => {
    if (children.delete(child)) console.error(`${name} ended (${code ?? signal ?? ''}): ${said}`)
  })
  return child
}

export async function stop(child: ChildProcess): Promise<void> {
  if (!children.delete(child) || child.exitCode !== null) return
  const closed = once(child, 'close')
  signal(child, 'SIGTERM')
  const timer = setTimeout(() => signal(child, 'SIGKILL'), 3000)
  await closed
  clearTimeout(timer)
}

/** For the very end, asked for or not: waits for nobody. */
export function killAll(): void {
  const left = [...children]
  children.clear()
  for (const child of left) signal(child, 'SIGTERM')
  // Apache gives its shared memory back only when it is asked
  if (left.length > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300)
  for (const child of left) signal(child, 'SIGKILL')
}

function signal(child: ChildProcess, name: NodeJS.Signals): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, name)
  } catch {
    // the group is gone already
  }
}

export async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

export { wait }
