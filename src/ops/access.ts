/** What is known of one request when it is over: log line and metrics are made of it. */
import type { Claimed } from '../decision/decide.ts'

export type Direction = 'inbound' | 'outbound'

/** Filled in while the request passes; never holds a token, a secret or a query. */
export type AccessRecord = {
  readonly direction: Direction
  requestId: string
  /** From a valid `traceparent`. */
  traceId: string | undefined
  readonly method: string
  /** As received, without what may be a secret (`logged-path.ts`). */
  readonly path: string
  status: number
  /** Route id of the configuration. */
  route: string | undefined
  /** Where it stands in the configuration file whose hash is `configHash`, from 1. */
  routeLine: number | undefined
  decision: 'allow' | 'deny' | undefined
  /** Code of the denial or problem. */
  reason: string | undefined
  enforced: boolean
  /** From a verified token only. */
  clientId: string | undefined
  issuer: string | undefined
  /** What the verified token grants, where the decision was not enforced: `scopegate learn` makes routes of it. */
  scopes: ReadonlySet<string> | undefined
  claimed: Claimed | undefined
  /** Subject of the verified certificate that the caller presented (RFC 4514), visible ASCII. */
  readonly clientCertificate: string | undefined
  durationMs: number
  /** From the head sent to the head received. */
  upstreamMs: number | undefined
  /** Error code of a failed upstream call, for the operator. */
  upstreamError: string | undefined
  /** Bodies, in bytes. */
  bytesIn: number
  bytesOut: number
  readonly configHash: string
}

export type ReportAccess = (record: AccessRecord) => void
