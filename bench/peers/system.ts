/** A system is a value: what it is called, what it does with requests, how it is started. */
import type { ChildProcess } from 'node:child_process'
import { textOf, type RequestShape } from '../load/requests.ts'
import type { Setting } from '../setting.ts'
import { ask } from './ask.ts'
import { freePort, launch, type Launch, stop, wait } from './process.ts'

/** `attaches`: it is called without a token and gives the upstream its own. */
export type Does = 'forwards' | 'verifies' | 'attaches'

export type System = {
  readonly name: string
  readonly does: Does
  readonly start: (setting: Setting, upstream: Upstream) => Promise<Running>
}

export type Upstream = { readonly pid: number; readonly port: number; readonly tlsPort: number }

export type Running = {
  readonly pid: number
  readonly port: number
  /** Where Scopegate has its metrics. */
  readonly admin?: number
  /** From the start of the process to the end of the first answer 200, in milliseconds. */
  readonly startedAfter: number
  readonly stop: () => Promise<void>
}

/** A port for `listen`, and the program that listens there. */
export type Command = Omit<Launch, 'name' | 'core'> & { readonly admin?: number }

/** A system that is one program. `command` writes its configuration and says how it is run. */
export function program(
  name: string,
  does: Does,
  command: (setting: Setting, upstream: Upstream, port: number) => Command | Promise<Command>,
): System {
  return {
    ...{ name, does },
    async start(setting, upstream) {
      const port = await freePort()
      const { admin, ...rest } = await command(setting, upstream, port)
      const before = performance.now()
      const child = launch({ name, core: 'measured', ...rest })
      await untilServed(child, port, probeOf(does, setting))
      const startedAfter = performance.now() - before
      const running = { pid: child.pid!, port, startedAfter, stop: () => stop(child) }
      return admin === undefined ? running : { ...running, admin }
    },
  }
}

/** A request that a system of this kind answers 200. */
export function probeOf(does: Does, { tokens }: Setting): string {
  const shape: RequestShape = { method: 'GET', path: '/export/1', bodyBytes: 0 }
  return textOf(shape, does, does === 'attaches' ? undefined : tokens.probe)
}

/** Asks until the answer is 200; 20 s at most. */
export async function untilServed(
  child: ChildProcess,
  port: number,
  request: string,
): Promise<void> {
  const end = performance.now() + 20_000
  let status = 0
  while (status !== 200) {
    if (child.exitCode !== null || performance.now() > end)
      throw new Error(`${child.spawnargs.join(' ')}: does not serve (status ${status})`)
    status = await ask(port, request)
    if (status !== 200) await wait(2)
  }
}
