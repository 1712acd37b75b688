/** One issuer's keys: fetch, age, single flight, limit on refetching (SPEC 3). */
import type { Bytes, Clock, EpochSeconds, Milliseconds, Random, Result } from '../units.ts'
import { no } from '../units.ts'
import { discover } from './discovery.ts'
import type { ReportTokenEvent } from './events.ts'
import { countdown, fetchJsonText } from './fetch.ts'
import { readKeySet, type KeySet } from './keyset.ts'
import type { KeyPart } from './same.ts'
import type { Schedule } from './schedule.ts'
import type { TraceIssuerRequest } from './trace.ts'

export type KeyStoreDeps = {
  readonly clock: Clock
  readonly random: Random
  readonly schedule: Schedule
  readonly report: ReportTokenEvent
  /** The set was replaced by one with other keys. */
  readonly onChange: () => void
  readonly trace?: TraceIssuerRequest | undefined
}

export type KeyStoreState = {
  readonly keyIds: readonly string[]
  /** When the last successful fetch began; undefined = keys were never there. */
  readonly fetchedAt: EpochSeconds | undefined
  /** Of the last fetch. */
  readonly lastError: string | undefined
  /** When the next fetch is planned, after a failed one by its cool-down; undefined before the first, and for a file. */
  readonly nextFetchAt: EpochSeconds | undefined
}

export type KeyStore = {
  /** The keys to judge by; undefined when there never were any or they are older than `jwksMaxStale`. */
  readonly current: (now: EpochSeconds) => KeySet | undefined
  /** Joins the fetch in flight or begins one; undefined when the cool-down forbids it. Never rejects. */
  readonly refetch: (now: EpochSeconds) => Promise<void> | undefined
  /** Fetches now and whenever the keys have aged, also when nobody asks. */
  readonly start: () => void
  readonly state: () => KeyStoreState
  /** Begins no fetch any more; resolves when one in flight has ended by itself. */
  readonly retire: () => Promise<void>
  /** Retires and ends what is in flight. */
  readonly close: () => Promise<void>
}

const maxBytes = (256 * 1024) as Bytes

/** A store for one issuer; nothing is fetched before `start` or `refetch`. A file is read here, once. */
export function createKeyStore(settings: KeyPart, deps: KeyStoreDeps): KeyStore {
  const { clock, random, schedule, report } = deps
  const { name: issuer, jwksCooldown, jwksMaxAge, jwksMaxStale } = settings
  const isFile = settings.keys.kind === 'file'
  const ending = new AbortController()
  let keys: KeySet | undefined
  let fetchedAt: EpochSeconds | undefined
  let lastError: string | undefined
  let attemptedAt = -Infinity as EpochSeconds
  let refreshAt = -Infinity as EpochSeconds
  let flight: Promise<void> | undefined
  let isRetired = false
  let isStarted = false
  let cancelTimer = () => {}

  function accept(text: Result<string, string>, at: EpochSeconds): void {
    const read = text.ok ? readKeySet(text.value, settings.algorithms) : text
    if (!read.ok) {
      lastError = read.problem
      report({ kind: 'keys_failed', issuer, because: read.problem })
      return
    }
    const before = keys
    lastError = undefined
    fetchedAt = at
    // up to a tenth early, so that a fleet does not ask in step
    refreshAt = after(at, jwksMaxAge * (1 - random() / 10))
    report({ kind: 'keys_fetched', issuer, keyIds: [...read.value.keys.keys()] })
    if (before?.skipped.join() !== read.value.skipped.join())
      for (const because of read.value.skipped) report({ kind: 'key_skipped', issuer, because })
    if (before?.fingerprint === read.value.fingerprint) return
    keys = read.value
    if (before !== undefined) deps.onChange()
  }

  async function attempt(at: EpochSeconds): Promise<void> {
    const text = await load(settings, ending.signal, deps.trace)
    flight = undefined
    if (ending.signal.aborted) return
    accept(text, at)
    arm()
  }

  function refetch(now: EpochSeconds): Promise<void> | undefined {
    if (flight !== undefined) return flight
    if (isFile || isRetired) return undefined
    // a clock that was set back must not hold the cool-down for ever
    if (now < after(attemptedAt, jwksCooldown) && now >= attemptedAt) return undefined
    attemptedAt = now
    flight = attempt(now)
    return flight
  }

  /** When the keys have aged; after a failure, and never before that, when the cool-down is over. */
  function planned(): EpochSeconds {
    const cool = after(attemptedAt, jwksCooldown)
    return lastError === undefined && refreshAt > cool ? refreshAt : cool
  }

  /** Sets the timer for the next fetch that nobody has to ask for. */
  function arm(): void {
    cancelTimer()
    if (isFile || isRetired || !isStarted) return
    const wait = Math.max(1, Math.ceil((planned() - clock()) * 1000))
    cancelTimer = schedule(wake, Math.min(wait, jwksMaxAge) as Milliseconds)
  }

  function wake(): void {
    const now = clock()
    const due = lastError !== undefined || now >= refreshAt || now < attemptedAt
    if (!due || refetch(now) === undefined) arm()
  }

  async function retire(): Promise<void> {
    isRetired = true
    cancelTimer()
    await flight
  }

  if (settings.keys.kind === 'file') accept({ ok: true, value: settings.keys.text }, clock())

  return {
    current(now) {
      if (isFile) return keys
      if (fetchedAt === undefined || now >= after(fetchedAt, jwksMaxStale)) return undefined
      if (now >= refreshAt) void refetch(now)
      return keys
    },
    refetch,
    start() {
      isStarted = true
      if (refetch(clock()) === undefined) arm()
    },
    state: () => ({
      keyIds: [...(keys?.keys.keys() ?? [])],
      fetchedAt,
      lastError,
      nextFetchAt: attemptedAt === -Infinity ? undefined : planned(),
    }),
    retire,
    async close() {
      ending.abort()
      await retire()
    },
  }
}

function after(at: EpochSeconds, wait: number): EpochSeconds {
  return (at + wait / 1000) as EpochSeconds
}

/** One attempt, discovery included, within `jwksTimeout`. */
async function load(
  { keys, jwksTimeout, tls }: KeyPart,
  signal: AbortSignal,
  trace: TraceIssuerRequest | undefined,
): Promise<Result<string, string>> {
  const options = { timeout: jwksTimeout, maxBytes, tls, signal, trace }
  const left = countdown(jwksTimeout)
  let url = keys.kind === 'uri' ? keys.url : undefined
  if (keys.kind === 'discovery') {
    const found = await discover(keys.issuer, options)
    if (!found.ok) return found
    url = found.value.jwksUri
  }
  if (url === undefined) return no('discovery: the document has no jwks_uri')
  const answer = await fetchJsonText(url, { ...options, timeout: left() })
  return answer.ok ? answer : no(answer.problem.because)
}
