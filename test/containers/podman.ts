/** podman as tests use it; they run by `.ci/sandbox`, in a network of their own. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { promisify } from 'node:util'
import type { Test } from 'tap'

const run = promisify(execFile)

/** What it printed, without the last line feed; throws when its exit code is not 0. */
export async function podman(...args: readonly string[]): Promise<string> {
  return (await run('podman', args, { maxBuffer: 1 << 26 })).stdout.trimEnd()
}

/** One object of `podman inspect`, of the members that tests read. */
export async function inspect<Shape>(name: string): Promise<Shape> {
  const [found] = JSON.parse(await podman('inspect', name)) as [Shape]
  return found
}

/** Resolves as soon as the container has printed a line that matches, past or future; rejects when it ends before. */
export async function said(name: string, pattern: RegExp): Promise<string> {
  const logs = spawn('podman', ['logs', '--follow', name], { stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = once(logs, 'close')
  let text = ''
  const more = (chunk: Buffer): void => {
    text += chunk.toString()
    if (pattern.test(text)) logs.kill()
  }
  logs.stdout.on('data', more)
  logs.stderr.on('data', more)
  await ended
  if (pattern.test(text)) return text
  throw new Error(`${name} ended and has not said ${String(pattern)}: ${text}`)
}

/** Everything that the container has printed so far. */
export async function printed(name: string): Promise<string> {
  const { stdout, stderr } = await run('podman', ['logs', name], { maxBuffer: 1 << 26 })
  return stdout + stderr
}

/** Starts a container in the background and removes it when the test ends. */
export async function startContainer(
  t: Test,
  name: string,
  args: readonly string[],
): Promise<void> {
  t.teardown(() => podman('rm', '--force', '--time', '0', '--ignore', name))
  // timers of health checks are made by systemd, and there is none
  await podman('run', '--detach', '--name', name, '--health-interval=disable', ...args)
}

export const seconds = (count: number) =>
  new Promise((resolve) => setTimeout(resolve, count * 1000))

/** Asks again and again; after half a minute `instead` says what is wrong. */
export async function until(
  holds: () => Promise<boolean>,
  instead: () => Promise<string>,
): Promise<void> {
  for (const end = Date.now() + 30_000; !(await holds().catch(() => false)); await seconds(0.05))
    if (Date.now() > end) throw new Error(await instead())
}
