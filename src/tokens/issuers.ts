/** The issuers whose tokens count: the face that the proxy sees. Settings in, verdicts out (SPEC 3). */
import type { Claimed, TokenResult } from '../decision/decide.ts'
import type { Clock, EpochSeconds, Random } from '../units.ts'
import { no, ok } from '../units.ts'
import { claimedBy, maxTokenLength, parseCompact, type ParsedToken } from './compact.ts'
import type { ReportTokenEvent } from './events.ts'
import { createKeyStore, type KeyStore, type KeyStoreState } from './jwks.ts'
import { systemSchedule, type Schedule } from './schedule.ts'
import { isSame, keyPart } from './same.ts'
import type { IssuerSettings } from './settings.ts'
import type { TraceIssuerRequest } from './trace.ts'
import { createVerifiedTokens, digestOf, type VerdictBasis } from './verified.ts'
import { judge } from './verify.ts'

export type IssuersDeps = {
  readonly clock: Clock
  readonly random: Random
  readonly report: ReportTokenEvent
  /** The event loop's timers unless a test has its own. */
  readonly schedule?: Schedule
  readonly trace?: TraceIssuerRequest | undefined
}

export type IssuerStatus = KeyStoreState & {
  readonly name: string
  readonly kind: IssuerSettings['kind']
  readonly issuers: readonly string[]
}

export type Issuers = {
  /**
   * Whether the token counts now. Never throws or rejects. Answers at once when it is known, or when it
   * can be judged by the keys at hand; else after at most one fetch of keys.
   */
  readonly verify: (compact: string) => TokenResult | Promise<TokenResult>
  /** Begins to fetch keys, and goes on as they age. */
  readonly start: () => void
  /** Names of the required issuers that have never had keys. */
  readonly missing: () => readonly string[]
  readonly status: () => readonly IssuerStatus[]
  /** How many verified tokens are remembered. */
  readonly remembered: () => number
  /**
   * Takes other settings, for calls from now on; a call under way ends with those it began with. Keys stay
   * where nothing that they depend on has changed, remembered tokens where no setting of their issuer has.
   */
  readonly reload: (settings: readonly IssuerSettings[]) => void
  /** Called when the keys of an issuer were replaced by others. The answer calls it off. */
  readonly onKeysChanged: (listener: () => void) => () => void
  readonly close: () => Promise<void>
}

type Issuer = {
  readonly settings: IssuerSettings
  readonly store: KeyStore
  readonly basis: VerdictBasis
  isLive: boolean
}

/** No two settings share an `iss`: the configuration sees to that. */
export function createIssuers(settings: readonly IssuerSettings[], deps: IssuersDeps): Issuers {
  const { clock, random, report, trace, schedule = systemSchedule } = deps
  const verified = createVerifiedTokens()
  // a memory of their own, so that forged tokens drive no good one out
  const forged = createVerifiedTokens(1000)
  const listeners = new Set<() => void>()
  const stores = new Set<KeyStore>()
  let byName = new Map<string, Issuer>()
  let byIss = new Map<string, Issuer>()
  let isStarted = false

  function onChange(): void {
    for (const listener of listeners) listener()
  }

  function createIssuer(next: IssuerSettings, before: Issuer | undefined): Issuer {
    if (before !== undefined && isSame(before.settings, next)) return before
    const isKept = before !== undefined && isSame(keyPart(before.settings), keyPart(next))
    const store = isKept
      ? before.store
      : createKeyStore(next, { clock, random, schedule, report, onChange, trace })
    stores.add(store)
    if (isStarted && !isKept) store.start()
    const issuer: Issuer = {
      settings: next,
      store,
      isLive: true,
      basis: { keysAt: store.current, isLive: () => issuer.isLive },
    }
    return issuer
  }

  function reload(nextSettings: readonly IssuerSettings[]): void {
    const before = byName
    byName = new Map(nextSettings.map((s) => [s.name, createIssuer(s, before.get(s.name))]))
    byIss = new Map(
      [...byName.values()].flatMap((issuer) => issuer.settings.issuers.map((iss) => [iss, issuer])),
    )
    const current = [...byName.values()]
    for (const old of before.values()) if (!current.includes(old)) old.isLive = false
    for (const store of stores)
      if (!current.some((issuer) => issuer.store === store))
        void store.retire().then(() => stores.delete(store))
  }

  function judgeNow(token: ParsedToken, issuer: Issuer, digest: string): TokenResult | undefined {
    const now = clock()
    const verdict = judge(token, issuer.settings, issuer.store.current(now), now)
    if (verdict.kind === 'key_needed') return undefined
    if (verdict.kind === 'invalid') return invalid(verdict.because, claimsOf(token))
    const { judged, keys } = verdict
    const { notBefore, notAfter } = judged
    const isForged = verdict.kind === 'forged'
    const result = isForged ? invalid(verdict.because, claimsOf(token)) : ok(judged.token)
    const memory = isForged ? forged : verified
    memory.remember(digest, { result, basis: issuer.basis, keys, notBefore, notAfter })
    return result
  }

  async function judgeAfter(
    fetched: Promise<void>,
    token: ParsedToken,
    issuer: Issuer,
    digest: string,
  ): Promise<TokenResult> {
    await fetched
    return judgeNow(token, issuer, digest) ?? refuseWithoutKey(token, issuer, clock())
  }

  function verify(compact: string): TokenResult | Promise<TokenResult> {
    if (compact.length > maxTokenLength) return invalid('the token is too long')
    const digest = digestOf(compact)
    const known = verified.recall(digest, clock())
    report(known === undefined ? miss : hit)
    if (known !== undefined) return known
    const refused = forged.recall(digest, clock())
    if (refused !== undefined) return refused
    const read = parseCompact(compact)
    if (!read.ok) return invalid(read.problem.because, read.problem.claimed)
    const token = read.value
    const { iss } = token.claims
    const issuer = typeof iss === 'string' ? byIss.get(iss) : undefined
    if (issuer === undefined) return invalid('the issuer is not accepted', claimsOf(token))
    const result = judgeNow(token, issuer, digest)
    if (result !== undefined) return result
    const now = clock()
    const fetched = issuer.store.refetch(now)
    if (fetched === undefined) return refuseWithoutKey(token, issuer, now)
    return judgeAfter(fetched, token, issuer, digest)
  }

  reload(settings)

  return {
    verify,
    start() {
      isStarted = true
      for (const { store } of byName.values()) store.start()
    },
    missing: () =>
      [...byName.values()]
        .filter(({ settings: s, store }) => s.required && store.state().fetchedAt === undefined)
        .map(({ settings: s }) => s.name),
    status: () =>
      [...byName.values()].map(({ settings: { name, kind, issuers }, store }) => ({
        name,
        kind,
        issuers,
        ...store.state(),
      })),
    remembered: verified.size,
    reload,
    onKeysChanged(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async close() {
      listeners.clear()
      verified.clear()
      forged.clear()
      await Promise.all([...stores].map((store) => store.close()))
    },
  }
}

const hit = { kind: 'verified_token_cache', result: 'hit' } as const
const miss = { kind: 'verified_token_cache', result: 'miss' } as const

/** Our own trouble is 503, never 401 (R5): keys that are not there, or could not be looked for just now. */
function refuseWithoutKey(token: ParsedToken, issuer: Issuer, now: EpochSeconds): TokenResult {
  const { lastError, nextFetchAt = now } = issuer.store.state()
  if (issuer.store.current(now) !== undefined && lastError === undefined)
    return invalid('the issuer has no key with this kid', claimsOf(token))
  const retryAfter = Math.max(1, Math.ceil(nextFetchAt - now))
  return no({ code: 'issuer_unavailable', issuerName: issuer.settings.name, retryAfter })
}

function claimsOf({ header, claims }: ParsedToken): Claimed {
  return claimedBy(header, claims)
}

function invalid(because: string, claimed?: Claimed): TokenResult {
  return no({ code: 'invalid_token', because, ...(claimed !== undefined && { claimed }) })
}
