/** Callers that waited for the port are served before anything else is loaded. */
import { milliseconds } from '../units.ts'
import type { Wait } from './drain.ts'

/** Who asks again and again until a port is open comes in this time. */
const look = milliseconds(10)
const mostLooks = 10

/**
 * Resolves when nobody is being served; after 100 ms at the latest.
 * What is loaded then blocks everybody: fastify takes 80 ms, in one go on Node 24.
 */
export async function firstCallers(isServing: () => boolean, wait: Wait): Promise<void> {
  for (let looks = 0; looks < mostLooks; looks += 1) {
    await wait(look)
    if (!isServing()) return
  }
}
