/** Searches everything that a test printed for what must never be printed (R26). */
import type { Test } from 'tap'

export type LeakGuard = {
  /** A token, a secret, an internal address that belongs to nobody outside. */
  forbid(...secrets: readonly string[]): void
  /** A log line, an answer, a message. */
  saw(text: string): void
}

/** At the end of the test one assertion looks for every forbidden text in all that was seen. */
export function guardAgainstLeaks(t: Test): LeakGuard {
  const forbidden = new Set<string>()
  const seen: string[] = []
  t.teardown(() => {
    const leaked = [...forbidden].filter((secret) => seen.some((text) => text.includes(secret)))
    if (leaked.length > 0) throw new Error(`leaked: ${leaked.join(', ')}`)
  })
  return {
    forbid(...secrets) {
      for (const secret of secrets) {
        forbidden.add(secret)
        // a JWT leaks by its signature too
        const signature = secret.split('.')[2]
        if (signature !== undefined && signature.length > 20) forbidden.add(signature)
      }
    },
    saw(text) {
      seen.push(text)
    },
  }
}
