/** The life of one access token: obtained once, renewed when due and used, replaced when an upstream rejects it. */
import { milliseconds, no, ok, seconds } from '../units.ts'
import type { Clock, EpochSeconds, Milliseconds, Random, Result } from '../units.ts'
import { backoff, longestWait } from './backoff.ts'
import type { ReportTokenEvent } from './events.ts'
import { tokenFailure } from './failures.ts'
import type { TokenFailure, TokenFailureCode } from './failures.ts'
import { planRenewal } from './renewal.ts'
import type { AccessToken } from './request.ts'
import type { Grant } from './settings.ts'

export type SlotDeps = {
  /** Never throws; ends by itself, within the client's `requestTimeout` and when `signal` is aborted. */
  readonly request: (
    grant: Grant,
    signal: AbortSignal,
  ) => Promise<Result<AccessToken, TokenFailure>>
  readonly clock: Clock
  readonly random: Random
  readonly report: ReportTokenEvent
  /** Told the client's name for each call that takes its token along. */
  readonly used?: (client: string) => void
  /** Runs something later; the result takes it back. Does not keep the process alive. */
  readonly after: (delay: Milliseconds, run: () => void) => () => void
}

export type TokenUnavailable = {
  readonly code: 'token_unavailable'
  /** Whole seconds, at least 1. */
  readonly retryAfter: number
  /** For people; fixed words. */
  readonly because: string
}

export type TokenStatus = {
  readonly client: string
  readonly clientId: string
  readonly scopes: readonly string[]
  readonly expiresAt: EpochSeconds | undefined
  readonly obtainedAt: EpochSeconds | undefined
  /** Tokens obtained, requests failed, since the start. */
  readonly obtained: number
  readonly failures: number
  /** Of the run of failures that goes on; undefined after a success. */
  readonly lastError: TokenFailureCode | undefined
  /** When it is renewed, if it is used until then. */
  readonly nextRenewalAt: EpochSeconds | undefined
}

export type Slot = ReturnType<typeof createSlot>

/** Seconds between two renewals that upstreams force. */
const forcedEvery = 30

/** See TokenCache for what the parts promise. */
export function createSlot(first: Grant, deps: SlotDeps) {
  const { clock, random } = deps
  const stopping = new AbortController()
  let grant = first
  let token: AccessToken | undefined
  let plan = { renewAt: seconds(0), usableUntil: seconds(0) }
  /** Since it was obtained. */
  let isUsed = false
  /** An upstream rejected the token and its successor is on the way. */
  let isRejected = false
  let forcedAt = seconds(-Infinity)
  let flight: Promise<void> | undefined
  /** Of the run of failures that goes on. */
  let lastFailure: TokenFailure | undefined
  let run = 0
  let retryAt = seconds(0)
  let obtained = 0
  let failures = 0
  /** Asked for ahead of use, from then on. */
  let wantedAt: EpochSeconds | undefined
  let cancelTimer: () => void = () => undefined
  /** No longer in the configuration: serves requests that are under way, starts nothing by itself. */
  let isRetired = false

  const isLive = (now: EpochSeconds) => token !== undefined && now < plan.usableUntil
  /** Seconds of back-off that are left. A clock that was set back cannot stretch them. */
  const waitLeft = (now: EpochSeconds) => {
    const left = retryAt - now
    return left > longestWait ? 0 : Math.max(left, 0)
  }
  const mayAsk = (now: EpochSeconds) => waitLeft(now) === 0 && !stopping.signal.aborted

  const renew = (): Promise<void> => {
    flight ??= ask().finally(() => {
      flight = undefined
      isRejected = false
      schedule()
    })
    return flight
  }

  const ask = async (): Promise<void> => {
    cancelTimer()
    const answer = await deps.request(grant, stopping.signal)
    if (stopping.signal.aborted) return
    if (!answer.ok) {
      failed(answer.problem)
      return
    }
    const next = planRenewal(answer.value, grant.client, random)
    // it would be asked for again with every call
    if (clock() >= next.usableUntil) failed(tokenFailure('token_already_over'))
    else succeeded(answer.value, next)
  }

  const succeeded = (value: AccessToken, next: typeof plan) => {
    token = value
    plan = next
    isUsed = false
    lastFailure = undefined
    run = 0
    retryAt = seconds(0)
    obtained += 1
    const { expiresAt } = value
    deps.report({ kind: 'token_obtained', client: grant.client.name, expiresAt })
  }

  const failed = (failure: TokenFailure) => {
    const { code, because, kind } = failure
    // once per run, and again when it turns out to be something that a person must cure
    const isNews = lastFailure === undefined || (kind === 'permanent' && code !== lastFailure.code)
    run = lastFailure?.kind === kind ? run + 1 : 1
    lastFailure = failure
    failures += 1
    retryAt = seconds(clock() + backoff(failure, run, random))
    const client = grant.client.name
    deps.report({ kind: 'token_failed', client, code, because, first: isNews })
  }

  /** The timer covers what no call would start: renewing before a call has to wait, and getting tokens ahead of use. */
  const dueAt = (now: EpochSeconds): EpochSeconds | undefined => {
    if (isRetired || flight !== undefined) return undefined
    if (isLive(now)) return seconds(Math.max(plan.renewAt, now + waitLeft(now)))
    if (wantedAt === undefined || obtained > 0) return undefined
    return seconds(Math.max(wantedAt, now + waitLeft(now)))
  }

  const schedule = () => {
    cancelTimer()
    const now = clock()
    const due = dueAt(now)
    if (due === undefined) return
    cancelTimer = deps.after(milliseconds(Math.ceil(Math.max(due - now, 0) * 1000)), () => {
      const at = clock()
      const stillDue = dueAt(at)
      if (stillDue === undefined) return
      // a token that nobody used runs out in peace; its next use starts the renewal
      if (at >= stillDue && (isUsed || !isLive(at))) void renew()
      else if (at < stillDue) schedule()
    })
  }

  const retire = (): Grant => {
    isRetired = true
    cancelTimer()
    return grant
  }

  const usable = (): AccessToken | undefined => {
    if (isRejected) return undefined
    const now = clock()
    if (!isLive(now)) return undefined
    isUsed = true
    deps.used?.(grant.client.name)
    if (now >= plan.renewAt && flight === undefined && mayAsk(now)) void renew()
    return token
  }

  const unavailable = (): TokenUnavailable => ({
    code: 'token_unavailable',
    retryAfter: Math.max(1, Math.ceil(waitLeft(clock()))),
    because: lastFailure?.because ?? tokenFailure('cancelled').because,
  })

  return {
    usable,

    get: async (): Promise<Result<AccessToken, TokenUnavailable>> => {
      const held = usable()
      if (held !== undefined) return ok(held)
      if (flight === undefined && !mayAsk(clock())) return no(unavailable())
      await renew()
      const got = usable()
      return got === undefined ? no(unavailable()) : ok(got)
    },

    rejected: async (seen: AccessToken): Promise<AccessToken | undefined> => {
      if (token === seen) {
        const now = clock()
        if (flight === undefined) {
          if (Math.abs(now - forcedAt) < forcedEvery || !mayAsk(now)) return undefined
          forcedAt = now
        }
        isRejected = true
      } else {
        const current = usable()
        if (current !== undefined) return current
        if (flight === undefined && !mayAsk(clock())) return undefined
      }
      await renew()
      const next = usable()
      return next === seen ? undefined : next
    },

    /** Gets a token ahead of use, `delay` from now, again and again until there was one. */
    want: (delay: Milliseconds): void => {
      wantedAt ??= seconds(clock() + delay / 1000)
      schedule()
    },

    isMissing: (): boolean => wantedAt !== undefined && obtained === 0 && token === undefined,

    /** The same key in a new configuration: its other settings count from now on; a permanent failure is forgiven. */
    adopt: (other: Grant): void => {
      grant = other
      if (token !== undefined) plan = planRenewal(token, grant.client, random)
      if (lastFailure?.kind === 'permanent') retryAt = seconds(0)
      schedule()
    },

    status: (): TokenStatus => ({
      client: grant.client.name,
      clientId: grant.client.clientId,
      scopes: grant.scopes,
      expiresAt: token?.expiresAt,
      obtainedAt: token?.obtainedAt,
      obtained,
      failures,
      lastError: lastFailure?.code,
      nextRenewalAt: isLive(clock()) ? plan.renewAt : undefined,
    }),

    /** Starts nothing by itself from now on; the grant that it served. */
    retire,

    /** The token that is held, if it may still be sent. Does not count as use. */
    held: (): AccessToken | undefined => (isLive(clock()) && !isRejected ? token : undefined),

    /** Serves with the token of a slot that differs by its secret alone, until its own is there: asked for now. */
    inherit: (before: { held: () => AccessToken | undefined }): void => {
      token = before.held()
      if (token === undefined) return
      plan = planRenewal(token, grant.client, random)
      void renew()
    },

    /** Also cancels a request under way, and allows no other. */
    close: (): void => {
      stopping.abort()
      retire()
    },
  }
}
