/** Waiting that a signal can end. */

/** `work`, or `otherwise()` as soon as `signal` is aborted; `work` itself goes on. */
export function unlessAborted<Value>(
  work: Promise<Value>,
  signal: AbortSignal | undefined,
  otherwise: () => Value,
): Promise<Value> {
  if (signal === undefined) return work
  return new Promise((resolve, reject) => {
    const stop = () => {
      resolve(otherwise())
    }
    const done = () => {
      signal.removeEventListener('abort', stop)
    }
    work.then(resolve, reject).finally(done)
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
}
