/** What the operator reads of events behind the requests: keys, tokens, reloads. */
import type { Config, ConfigProblem } from '../config/config.ts'
import { listenerCertificates } from '../ops/certificates.ts'
import type { Direction } from '../ops/access.ts'
import { type Log, stackOf } from '../ops/log.ts'
import type { ListenerHandlers } from './listener.ts'
import type { ClientCost } from '../ops/token-cost.ts'
import type { TokenEvent } from '../tokens/events.ts'
import type { EpochSeconds, NonEmpty, Result } from '../units.ts'
import { restartNeeded } from './reload.ts'

export function logTokenEvent(log: Log, event: TokenEvent): void {
  switch (event.kind) {
    case 'keys_fetched':
      log.event('info', 'keys fetched', { issuer: event.issuer, keyIds: event.keyIds })
      return
    case 'keys_failed':
      log.event('warn', 'keys could not be fetched', {
        issuer: event.issuer,
        because: event.because,
      })
      return
    case 'key_skipped':
      log.event('warn', 'a key is not usable', { issuer: event.issuer, because: event.because })
      return
    case 'token_obtained':
      log.event('info', 'token obtained', {
        client: event.client,
        expiresAt: new Date(event.expiresAt * 1000).toISOString(),
      })
      return
    case 'token_failed':
      log.event(event.first ? 'error' : 'debug', 'no token could be obtained', {
        client: event.client,
        code: event.code,
        because: event.because,
      })
      return
    case 'scopes_not_granted':
      log.event('warn', 'fewer scopes were granted than requested', {
        client: event.client,
        missing: event.missing,
      })
      return
    case 'verified_token_cache':
      return
  }
}

/** Once for a client: what its tokens cost, and what they would if they lived an hour (docs/status.md). */
export function logShortLife(log: Log, cost: ClientCost): void {
  const { client, lifeSeconds, tokensPerMonth, usdPerMonth, usdPerMonthAtAnHour } = cost
  log.event('warn', 'tokens of a client live shorter than they need to', {
    ...{ client, lifeSeconds, tokensPerMonth },
    ...{ usdPerMonth: cents(usdPerMonth), usdPerMonthAtAnHour: cents(usdPerMonthAtAnHour) },
  })
}

const cents = (usd: number | undefined): number | undefined =>
  usd === undefined ? undefined : Math.round(usd * 100) / 100

/** What a listener tells that is not about one request. */
export function listenerReports(
  log: Log,
  direction: Direction,
): Pick<ListenerHandlers, 'malformed' | 'handshakeFailed' | 'failed'> {
  return {
    malformed(problem) {
      log.event('warn', 'malformed request refused', { direction, reason: problem.code })
    },
    handshakeFailed(errorCode) {
      log.event('warn', 'TLS handshake failed', { direction, errorCode })
    },
    failed(error) {
      const fields = { direction, error: stackOf(error) }
      log.event('error', 'a request failed because of a bug', fields)
    },
  }
}

/** What is worth a second look in a configuration that takes effect. */
export function logWarnings(log: Log, { file, warnings }: Config): void {
  for (const { line, key, message } of warnings)
    log.event('warn', 'configuration', { file, line, key, because: message })
}

/** Renewers replace a certificate long before this. */
const expiresSoon = 7 * 86_400

/** Certificates of listeners that end soon, or have ended. */
export function logCertificates(log: Log, config: Config, now: EpochSeconds): void {
  for (const { listener, expiresAt } of listenerCertificates(config)) {
    if (expiresAt - now > expiresSoon) continue
    const fields = { direction: listener, expiresAt: new Date(expiresAt * 1000).toISOString() }
    if (expiresAt > now) log.event('warn', 'the certificate of a listener ends soon', fields)
    else log.event('error', 'the certificate of a listener has ended', fields)
  }
}

/** Of a file that is something else entirely there can be thousands of problems: more than a line may hold. */
const mostTold = 50

export function logReload(
  log: Log,
  bound: Config,
  result: Result<Config, NonEmpty<ConfigProblem>>,
): void {
  if (result.ok) {
    log.event('info', 'configuration reloaded', { configHash: result.value.hash })
    for (const what of restartNeeded(bound, result.value)) log.event('warn', what)
    logWarnings(log, result.value)
    return
  }
  log.event('error', 'configuration refused, the last good one keeps serving', {
    file: bound.file,
    count: result.problem.length,
    problems: result.problem.slice(0, mostTold),
  })
}
