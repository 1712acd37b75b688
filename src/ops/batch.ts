/** Lines that leave together: each write to stdout costs a turn in the thread pool, as much as a request's own line. */

/** Characters, and milliseconds, after which the lines are written. */
const most = 16 * 1024
const longest = 20

export type Batch = {
  write(line: string): void
  /** Writes what waits, now. */
  flush(): void
}

export function createBatch(destination: { write(text: string): unknown }): Batch {
  let waiting = ''
  let timer: NodeJS.Timeout | undefined

  function flush(): void {
    clearTimeout(timer)
    timer = undefined
    if (waiting === '') return
    const lines = waiting
    waiting = ''
    destination.write(lines)
  }

  return {
    flush,
    write(line) {
      waiting += line
      if (waiting.length >= most) flush()
      else timer ??= setTimeout(flush, longest)
    },
  }
}
