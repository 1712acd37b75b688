/** What becomes of the events of keys and tokens: metrics, log lines, and what tokens cost. */
import type { TokenPrice } from '../config/config.ts'
import type { Log } from '../ops/log.ts'
import type { Metrics } from '../ops/metrics.ts'
import { type ClientCost, createTokenCost, exportTokenCost } from '../ops/token-cost.ts'
import type { TokenStatus } from '../tokens/cache.ts'
import type { ReportTokenEvent } from '../tokens/events.ts'
import type { Clock } from '../units.ts'
import { logShortLife, logTokenEvent } from './reports.ts'

export type TokenReportsDeps = {
  readonly log: Log
  readonly metrics: Metrics
  readonly clock: Clock
  readonly prices: () => readonly TokenPrice[]
  readonly grants: () => readonly TokenStatus[]
}

export type TokenReports = {
  readonly report: ReportTokenEvent
  /** A call takes a token of this client along. */
  readonly used: (client: string) => void
  readonly costs: () => readonly ClientCost[]
}

/** Exports the metrics of token costs too. */
export function createTokenReports(deps: TokenReportsDeps): TokenReports {
  const { log, metrics } = deps
  const cost = createTokenCost({
    ...deps,
    warn: (short) => {
      logShortLife(log, short)
    },
  })
  exportTokenCost(metrics, cost)
  return {
    report(event) {
      metrics.tokenEvent(event)
      logTokenEvent(log, event)
      cost.tokenEvent(event)
    },
    used: cost.used,
    costs: cost.costs,
  }
}
