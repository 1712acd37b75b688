/** Callers that waited for the port are served before anything else is loaded. */
import { setTimeout as wait } from 'node:timers/promises'

/** Milliseconds: who asks again and again until a port is open comes in this time. */
const look = 10
const mostLooks = 10

/**
 * Resolves when nobody is being served; after 100 ms at the latest.
 * What is loaded then blocks everybody: fastify takes 80 ms, in one go on Node 24.
 */
export async function firstCallers(isServing: () => boolean): Promise<void> {
  for (let looks = 0; looks < mostLooks; looks += 1) {
    await wait(look)
    if (!isServing()) return
  }
}
