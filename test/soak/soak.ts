/** Good and hostile traffic for a while, everything around it disturbed, and what is left of it at the end. */
import http from 'node:http'
import net from 'node:net'
import type { Test } from 'tap'
import { parseAnswer, readAll } from '../support/wire.ts'
import { type Case, cases } from './requests.ts'
import { collect, pause, startWorld, type World } from './world.ts'

export type SoakOptions = {
  readonly main: string
  readonly seconds: number
  /** Chance is made of it. */
  readonly seed: number
  /** MiB by which the process may have grown since it was warm; a short run is not warm before it is over. */
  readonly growth: number
  /** How many callers at a time. */
  readonly callers?: number
}

export type SoakResult = {
  /** Every promise that was not kept, in words; empty when all is well. */
  readonly faults: readonly string[]
  readonly requests: number
  readonly disturbances: number
  readonly before: Figures
  /** Under load, where timers run: or nobody could tell that their number is read. */
  readonly during: Figures
  readonly after: Figures
}

type Figures = {
  /** Kilobytes that the process has. */
  readonly resident: number
  /** Kilobytes that are in use once everything that nobody needs is collected. */
  readonly held: number
  readonly descriptors: number
  readonly timers: number
}

/** Kilobytes of `held` by which no run may grow, however long. */
const heldGrowth = 8 * 1024

export async function soak(t: Test, options: SoakOptions): Promise<SoakResult> {
  const world = await startWorld(t, options.main)
  const { proxy } = world
  const chance = mulberry(options.seed)
  const faults: string[] = []
  let requests = 0

  const call = async (): Promise<void> => {
    const one = cases[Math.floor(chance() * cases.length)] as Case
    const begun = performance.now()
    const status = await statusOf(proxy[one.to], one.request(world), chance() < 0.02)
    requests += 1
    if (status === undefined || status === one.right) return
    const wasDisturbed = begun < world.disturbedUntil
    if (wasDisturbed && one.disturbed?.includes(status) === true) return
    faults.push(
      `${one.name}: ${status} instead of ${one.right}${wasDisturbed ? ', disturbed' : ''}`,
    )
  }
  const traffic = async (until: number): Promise<void> => {
    await Promise.all(
      Array.from({ length: options.callers ?? 12 }, async () => {
        while (performance.now() < until && faults.length < 20) await call()
      }),
    )
  }

  await traffic(performance.now() + Math.min(10_000, options.seconds * 200))
  await settle(world)
  const before = await figures(world)
  const end = performance.now() + options.seconds * 1000
  let disturbances = 0
  let during = before
  const disturb = async (): Promise<void> => {
    while (performance.now() < end - 4000) {
      await pause(300 + chance() * 1500)
      const now = await figures(world)
      if (now.timers >= during.timers) during = now
      disturbances += 1
      const which = Math.floor(chance() * 5)
      if (which === 0) await world.restartUpstream()
      else if (which === 1) await world.rotateKeys()
      else if (which === 2) await world.breakIssuer()
      else world.reload(which === 3)
    }
    world.reload(true)
  }
  await Promise.all([traffic(end), disturb()])
  await settle(world)
  // buffers of a collection are given back by a thread that may have to wait for its turn
  let after = await figures(world)
  for (let looks = 0; looks < 10 && after.held - before.held > heldGrowth; looks += 1) {
    await pause(500)
    after = await figures(world)
  }

  faults.push(...world.wrong.map((what) => `the upstream got ${what}`))
  if (proxy.child.exitCode !== null) faults.push(`the process ended: ${proxy.child.exitCode}`)
  if (after.resident - before.resident > options.growth * 1024)
    faults.push('memory was not given back')
  if (after.held - before.held > heldGrowth) faults.push('memory is held that nobody needs')
  if (after.descriptors > before.descriptors + 4) faults.push('descriptors were not given back')
  if (after.timers > before.timers + 4) faults.push('timers were not given back')
  if (during.timers === 0) faults.push('no timer was ever seen: their number is not read')
  const printed = proxy.printed()
  if ([...world.secrets].some((secret) => printed.includes(secret)))
    faults.push('the log holds a token or a secret')
  proxy.child.kill('SIGTERM')
  const { code } = await proxy.ended
  if (code !== 0) faults.push(`the exit code was ${code}`)
  return { faults, requests, disturbances, before, during, after }
}

/** The status of the answer; undefined when we went away in the middle, 0 when there was none or it was cut. */
async function statusOf(
  port: number,
  request: string,
  goesAway: boolean,
): Promise<number | undefined> {
  const socket = net.connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  socket.write(request)
  if (goesAway) {
    await pause(1)
    socket.destroy()
    return undefined
  }
  const { status, headers, body } = parseAnswer(await readAll(socket))
  const length = headers['content-length']
  return length !== undefined && body.length < Number(length) ? 0 : status
}

/** Idle connections and limits come to their end. */
async function settle({ proxy }: World): Promise<void> {
  for (let waited = 0; waited < 60; waited += 1) {
    await pause(250)
    if (waited >= 12 && proxy.descriptors() < 40) return
  }
}

async function figures({ proxy }: World): Promise<Figures> {
  proxy.child.kill(collect)
  const text = await new Promise<string>((resolve, reject) => {
    http
      .get({ port: proxy.admin, path: '/metrics', agent: false }, (res) => {
        let all = ''
        res.setEncoding('utf8').on('data', (piece: string) => (all += piece))
        res.on('end', () => {
          resolve(all)
        })
      })
      .on('error', reject)
  })
  const valueOf = (name: string): number =>
    Number(
      text
        .split('\n')
        .find((line) => line.startsWith(`${name} `))
        ?.split(' ')[1] ?? 0,
    )
  const bytes = valueOf('nodejs_heap_size_used_bytes') + valueOf('nodejs_external_memory_bytes')
  return {
    resident: proxy.resident(),
    held: Math.round(bytes / 1024),
    descriptors: proxy.descriptors(),
    timers: valueOf('nodejs_active_resources{type="Timeout"}'),
  }
}

/** A small generator of chance that can be begun again (mulberry32). */
function mulberry(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
