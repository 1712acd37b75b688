/**
 * Memory of signatures already checked: a repeated token costs one hash and one look-up (SPEC 3, NUMBERS §5),
 * whether it was found good or forged.
 */
import { hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { TokenResult } from '../decision/decide.ts'
import type { EpochSeconds } from '../units.ts'
import type { KeySet } from './keyset.ts'

/** What a verdict depends on besides the token: it ends when one of these is another object. */
export type VerdictBasis = {
  /** The keys that may be used now; undefined when there are none, or none fresh enough. */
  readonly keysAt: (now: EpochSeconds) => KeySet | undefined
  /** False once its settings were replaced. */
  readonly isLive: () => boolean
}

export type VerifiedEntry = {
  readonly result: TokenResult
  readonly basis: VerdictBasis
  readonly keys: KeySet
  readonly notBefore: EpochSeconds
  readonly notAfter: EpochSeconds
}

export type VerifiedTokens = {
  /** The verdict on the token with this digest, if it still stands at `now`. */
  readonly recall: (digest: string, now: EpochSeconds) => TokenResult | undefined
  readonly remember: (digest: string, entry: VerifiedEntry) => void
  readonly size: () => number
  readonly clear: () => void
}

/** SHA-256 of the whole token: no part of it can be left out of the key, and no token stays in memory. */
export function digestOf(compact: string): string {
  return hash('sha256', compact, 'base64')
}

/** Keeps the `capacity` most recently used verdicts. */
export function createVerifiedTokens(capacity = 10_000): VerifiedTokens {
  const entries = new LRUCache<string, VerifiedEntry>({ max: capacity })
  return {
    recall(digest, now) {
      const entry = entries.get(digest)
      if (entry === undefined) return undefined
      const { basis, keys, notBefore, notAfter } = entry
      const stands =
        now < notAfter && now >= notBefore && basis.isLive() && basis.keysAt(now) === keys
      if (stands) return entry.result
      entries.delete(digest)
      return undefined
    },
    remember(digest, entry) {
      entries.set(digest, entry)
    },
    size: () => entries.size,
    clear: () => entries.clear(),
  }
}
