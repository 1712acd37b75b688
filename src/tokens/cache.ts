/** Access tokens by key: single flight, renewal in the background, back-off (SPEC 4). One slot per key, see slot.ts. */
import { milliseconds, no } from '../units.ts'
import type { Milliseconds, Result } from '../units.ts'
import { unlessAborted } from './abort.ts'
import { tokenHeritage, tokenKey } from './key.ts'
import type { TokenKey } from './key.ts'
import type { AccessToken } from './request.ts'
import type { Grant } from './settings.ts'
import { createSlot } from './slot.ts'
import type { Slot, SlotDeps, TokenStatus, TokenUnavailable } from './slot.ts'

export type { TokenStatus, TokenUnavailable } from './slot.ts'

export type TokenCacheDeps = Omit<SlotDeps, 'after'> & Partial<Pick<SlotDeps, 'after'>>

export type TokenCache = {
  /** The token to send now, or undefined: then `get`. Counts as use; starts a renewal that is due, waits for none. */
  readonly usable: (grant: Grant) => AccessToken | undefined
  /**
   * Waits for a token: at most `requestTimeout`, not at all during back-off. All callers of one key share one request;
   * a caller whose `signal` is aborted leaves it alone.
   */
  readonly get: (
    grant: Grant,
    signal?: AbortSignal,
  ) => Promise<Result<AccessToken, TokenUnavailable>>
  /**
   * The upstream answered 401 to `seen`: another token to try once, or undefined: hand the 401 back.
   *
   * A token that took its place meanwhile is given without a renewal. Else `seen` is held back while one renewal, shared
   * by all who wait, runs: at most one such per key per 30 s. In between, and when the renewal fails, `seen` stays in
   * use until its end: an upstream that answers 401 to everything must not take the token from the others.
   */
  readonly rejected: (grant: Grant, seen: AccessToken) => Promise<AccessToken | undefined>
  /** Gets the tokens of those whose client says `prefetch`, each after a random part of `spread` (default 500 ms). */
  readonly prefetch: (
    grants: readonly Grant[],
    options?: { readonly spread?: Milliseconds },
  ) => void
  /** Clients, by name, with a prefetched token that was never there yet. */
  readonly missing: () => readonly string[]
  readonly status: () => readonly TokenStatus[]
  /**
   * Drops what these no longer name (requests under way still get it); the rest keeps its tokens, and its permanent
   * failures are tried again. A changed secret is used at once; the token held serves until its successor is there.
   */
  readonly reload: (grants: readonly Grant[]) => void
  /** Cancels what runs; from now on there are only tokens that are held already. */
  readonly close: () => void
}

const systemTimer: SlotDeps['after'] = (delay, run) => {
  const timer = setTimeout(run, delay).unref()
  return () => {
    clearTimeout(timer)
  }
}

/** Holds as many tokens as the configuration has different grants. `report` must not throw. */
export function createTokenCache(deps: TokenCacheDeps): TokenCache {
  const slots = new Map<TokenKey, Slot>()
  let isClosed = false
  /** So that the key is computed once per grant of a configuration, not per request. */
  const known = new WeakMap<Grant, Slot>()

  const slotOf = (grant: Grant): Slot => {
    const held = known.get(grant)
    if (held !== undefined) return held
    const key = tokenKey(grant)
    const slot = slots.get(key) ?? createSlot(grant, { after: systemTimer, ...deps })
    if (isClosed) slot.close()
    slots.set(key, slot)
    known.set(grant, slot)
    return slot
  }

  return {
    usable: (grant) => slotOf(grant).usable(),
    get: (grant, signal) =>
      unlessAborted(slotOf(grant).get(), signal, () =>
        no({ code: 'token_unavailable', retryAfter: 1, because: 'the caller went away' }),
      ),
    rejected: (grant, seen) => slotOf(grant).rejected(seen),
    prefetch: (grants, { spread = milliseconds(500) } = {}) => {
      for (const grant of grants)
        if (grant.client.prefetch) slotOf(grant).want(milliseconds(deps.random() * spread))
    },
    missing: () => {
      const waiting = [...slots.values()].filter((slot) => slot.isMissing())
      return [...new Set(waiting.map((slot) => slot.status().client))]
    },
    status: () => [...slots.values()].map((slot) => slot.status()),
    reload: (grants) => {
      const wanted = new Map(grants.map((grant) => [tokenKey(grant), grant]))
      const left = new Map<TokenKey, Slot>()
      for (const [key, slot] of slots) {
        const grant = wanted.get(key)
        if (grant !== undefined) slot.adopt(grant)
        else if (slots.delete(key)) left.set(tokenHeritage(slot.retire()), slot)
      }
      for (const [key, grant] of wanted) {
        const before = slots.has(key) ? undefined : left.get(tokenHeritage(grant))
        if (before !== undefined) slotOf(grant).inherit(before)
      }
    },
    close: () => {
      isClosed = true
      for (const slot of slots.values()) slot.close()
    },
  }
}
