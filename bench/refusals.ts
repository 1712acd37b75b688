/** What the comparison rests on: every system that verifies does refuse. */
import { textOf } from './load/requests.ts'
import { ask } from './peers/ask.ts'
import type { System, Upstream } from './peers/system.ts'
import type { Setting } from './setting.ts'

/** Starts each system and asks it everything that it must refuse; throws when one lets something through. */
export async function proveRefusals(
  setting: Setting,
  upstream: Upstream,
  systems: readonly System[],
): Promise<readonly (readonly string[])[]> {
  const rows = [['must be refused', ...systems.map(({ name }) => name)]]
  const started = await Promise.all(systems.map((system) => system.start(setting, upstream)))
  const shape = { method: 'GET', path: '/export/1', bodyBytes: 0 } as const
  for (const { name, compact } of setting.tokens.refused) {
    const request = textOf(shape, 'verifies', compact)
    const answers = await Promise.all(started.map(({ port }) => ask(port, request)))
    const wrong = answers.findIndex((status) => status !== 401 && status !== 403)
    if (wrong >= 0)
      throw new Error(`${systems[wrong]!.name} answers ${name} with ${answers[wrong]!}`)
    rows.push([name, ...answers.map(String)])
  }
  await Promise.all(started.map((one) => one.stop()))
  return rows
}
