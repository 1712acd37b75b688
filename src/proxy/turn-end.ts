/**
 * Writes that leave together, at the end of a turn of the event loop. Every write wakes its reader on another core:
 * one after the other, with a request's work between them, each finds it asleep again (docs/performance.md).
 */

let waiting: (() => void)[] = []

/** Runs once what has arrived by now was read; in the order asked for, each whether or not one before it throws. */
export function atTurnEnd(run: () => void): void {
  if (waiting.push(run) === 1) setImmediate(runAll)
}

function runAll(): void {
  const all = waiting
  waiting = []
  for (const run of all) {
    try {
      run()
    } catch (error) {
      // a bug; it ends up where it would have without us
      queueMicrotask(() => {
        throw error
      })
    }
  }
}
