/** Time limits in a busy process: what has arrived already is no pause. */

/**
 * Calls back once what waits in the kernel was read, unless `progress` (a count of bytes) went on by that.
 * A timer that rings late, since the process was busy, rings before the sockets are read; its pause may be ours.
 */
export function afterPoll(progress: () => number, stalled: () => void): void {
  const before = progress()
  setImmediate(() => {
    if (progress() === before) stalled()
  })
}
