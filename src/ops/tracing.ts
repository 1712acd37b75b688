/** Tracing as the proxy sees it: functions that are there when it is on. `otel.ts` makes spans of their calls. */
import type { IncomingMessage } from 'node:http'
import type { TraceIssuerRequest } from '../tokens/trace.ts'
import type { AccessRecord } from './access.ts'
import type { Log } from './log.ts'

/** The spans of one proxied request. */
export type ExchangeTrace = {
  /** The request goes upstream, or goes once more; its headers come back with the one `traceparent` that names our span. */
  send(origin: string, target: string, headers: readonly string[]): readonly string[]
  /** The upstream's final head is there. */
  answered(status: number): void
  /** There will be none. */
  failed(cause: string): void
  /** Once, when the record is complete. */
  end(): void
}

/** Called as a request begins; `record.traceId` becomes that of the trace. */
export type TraceExchange = (req: IncomingMessage, record: AccessRecord) => ExchangeTrace

export type Tracing = {
  readonly exchange: TraceExchange
  readonly issuerRequest: TraceIssuerRequest
  /** Sends what is left; resolves when that is done, or has taken too long. Never rejects. */
  stop(): Promise<void>
}

export type TracingDeps = {
  readonly version: string
  readonly log: Log
}
