/** Rounds of load in which every system has its turn: what disturbs the machine disturbs all of them. */
import type { LoadKind } from '../kinds.ts'
import { requestFile } from '../load/requests.ts'
import type { Load, Loaded } from '../load/load.ts'
import { wait } from '../peers/process.ts'
import type { Running, System } from '../peers/system.ts'
import type { Context } from './context.ts'
import { type Round, type Row, rowOf } from './measures.ts'
import { cpuOf, residentOf } from './tree.ts'

/** A system that serves, and where it is in the rotation of tokens. */
type Turn = {
  readonly system: System
  readonly running: Running
  readonly load: (part: Pick<Load, 'seconds' | 'most' | 'perSecond'>) => Promise<Loaded>
  /** MiB before the first load. */
  idle: number
  readonly rounds: Round[]
}

export async function measureLoad(kind: LoadKind, context: Context): Promise<readonly Row[]> {
  const turns: Turn[] = []
  for (const system of kind.systems) turns.push(await prepare(kind, system, context))
  await wait(500)
  for (const turn of turns) turn.idle = residentOf(turn.running.pid)
  for (const turn of turns) await warm(kind, turn, context.seconds)
  for (let round = 0; round < context.rounds; round += 1)
    for (const turn of turns) turn.rounds.push(await measureRound(kind, turn, context.seconds))
  await Promise.all(turns.map(({ running }) => running.stop()))
  return turns.map(({ system, rounds }) => rowOf(kind.name, system.name, rounds))
}

async function prepare(kind: LoadKind, system: System, context: Context): Promise<Turn> {
  const { setting, upstream, runLoad } = context
  const { shape, tokens, connections } = kind
  const file = await requestFile(setting, shape, system.does, tokens)
  const running = await system.start(setting, upstream)
  let first = 0
  return {
    ...{ system, running, idle: 0, rounds: [] },
    async load(part) {
      const { port } = running
      const loaded = await runLoad({ ...part, port, connections, first, file }).catch(
        (cause: unknown) => {
          throw new Error(`${system.name}, ${kind.title}`, { cause })
        },
      )
      first = loaded.next
      return loaded
    },
  }
}

/** Until code is compiled and heaps have their size, and each token was seen once. */
async function warm(kind: LoadKind, { load }: Turn, seconds: number): Promise<void> {
  await load({ seconds: 2 * seconds, most: 0, perSecond: 0 })
  if (kind.tokens > 1) await load({ seconds: 120, most: kind.tokens, perSecond: 0 })
}

async function measureRound(kind: LoadKind, turn: Turn, seconds: number): Promise<Round> {
  const { running, load, idle } = turn
  const { perSecond } = kind
  await load({ seconds: 0.2, most: 0, perSecond })
  const lookedUp = await lookUps(running, kind)
  const before = cpuOf(running.pid)
  const {
    answers,
    seconds: took,
    p50,
    p99,
  } = await load({
    ...{ seconds: seconds * (kind.longer ?? 1), most: 0, perSecond },
  })
  const cpu = (cpuOf(running.pid) - before) / answers
  const loaded = residentOf(running.pid)
  const after = await lookUps(running, kind)
  const found = after.hits - lookedUp.hits
  const share = (100 * found) / (found + after.misses - lookedUp.misses)
  return {
    ...(perSecond === 0 ? { cpu, rate: answers / took } : { cpu, p50, p99 }),
    ...(kind.name === 'one' ? { idle, loaded } : {}),
    ...(Number.isNaN(share) ? {} : { found: share }),
  }
}

/** How Scopegate's memory of verdicts was used so far; nothing where there are no metrics or one token. */
async function lookUps({ admin }: Running, { tokens }: LoadKind) {
  if (admin === undefined || tokens === 1) return { hits: 0, misses: 0 }
  const text = await (await fetch(`http://127.0.0.1:${admin}/metrics`)).text()
  const count = (result: string): number =>
    Number(new RegExp(`cache_total\\{result="${result}"\\} (\\d+)`).exec(text)?.[1] ?? 0)
  return { hits: count('hit'), misses: count('miss') }
}
