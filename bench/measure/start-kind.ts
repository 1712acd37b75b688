/** From the start of the process to the end of the first answer 200. */
import type { StartKind } from '../kinds.ts'
import type { Context } from './context.ts'
import { type Round, type Row, rowOf } from './measures.ts'

export async function measureStart(kind: StartKind, context: Context): Promise<readonly Row[]> {
  const rounds = kind.systems.map((): Round[] => [])
  for (let round = 0; round < context.rounds; round += 1)
    for (const [at, system] of kind.systems.entries()) {
      const running = await system.start(context.setting, context.upstream)
      await running.stop()
      rounds[at]!.push({ start: running.startedAfter })
    }
  return kind.systems.map(({ name }, at) => rowOf(kind.name, name, rounds[at]!))
}
