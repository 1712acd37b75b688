/** One request and its answer: what both listeners keep while it passes, and how it is answered by us. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { LimitsConfig } from '../config/config.ts'
import type { AccessRecord, Direction, ReportAccess } from '../ops/access.ts'
import type { ExchangeTrace, TraceExchange } from '../ops/tracing.ts'
import { closeAfterGrace, cutAnswer, cutUnread, refuseMore } from './grace.ts'
import type { InFlight } from './in-flight.ts'
import { loggedPath } from './logged-path.ts'
import { type Problem, type ProblemCode, type ProblemSettings, renderProblem } from './problems.ts'
import { subjectOf } from './peer-certificate.ts'
import { readRequestId, readTraceId } from './request-id.ts'

export type Exchange = {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly record: AccessRecord
  /** `Content-Length` above zero, or `Transfer-Encoding` (RFC 9112 §6.3). */
  readonly hasBody: boolean
  /** The body is asked for with `100 Continue` when it is wanted (RFC 9110 §10.1.1). */
  readonly expectsContinue: boolean
  /** Undefined when tracing is off. */
  readonly trace: ExchangeTrace | undefined
  readonly settings: ExchangeSettings
}

/** What a listener tells all its requests. */
export type ExchangeSettings = {
  readonly direction: Direction
  readonly configHash: string
  readonly problems: ProblemSettings
  readonly limits: Pick<LimitsConfig, 'bodyIdleTimeout' | 'maxBodyBytes'>
  /** The listener takes no new requests: this answer closes its connection. */
  readonly isClosing: () => boolean
  /** Holds each exchange until its response is over. */
  readonly inFlight: InFlight<Exchange>
  readonly report: ReportAccess
  /** Told the milliseconds from sending a request upstream to the head of its response. */
  readonly reportUpstream: (durationMs: number) => void
  /** Undefined = tracing is off. */
  readonly trace?: TraceExchange | undefined
}

/** Opens the record of a request and reports it once when its response is over, however it ends. */
export function beginExchange(
  req: IncomingMessage,
  res: ServerResponse,
  expectsContinue: boolean,
  settings: ExchangeSettings,
): Exchange {
  const startedAt = performance.now()
  const record: AccessRecord = {
    direction: settings.direction,
    requestId: readRequestId(req.rawHeaders),
    traceId: readTraceId(req.rawHeaders),
    method: req.method as string,
    path: loggedPath(req.url as string),
    status: 0,
    route: undefined,
    routeLine: undefined,
    decision: undefined,
    reason: undefined,
    enforced: true,
    clientId: undefined,
    issuer: undefined,
    scopes: undefined,
    claimed: undefined,
    clientCertificate: subjectOf(req.socket),
    durationMs: 0,
    upstreamMs: undefined,
    upstreamError: undefined,
    bytesIn: 0,
    bytesOut: 0,
    configHash: settings.configHash,
  }
  const trace = settings.trace?.(req, record)
  const exchange = { req, res, record, hasBody: hasBody(req), expectsContinue, trace, settings }
  const place = settings.inFlight.add(exchange)
  res.once('close', () => {
    settings.inFlight.remove(place)
    record.durationMs = performance.now() - startedAt
    if (record.status === 0) record.status = res.headersSent ? res.statusCode : clientGone
    trace?.end()
    settings.report(record)
  })
  return exchange
}

/** For the log only: the downstream went away before there was an answer. */
const clientGone = 499

function hasBody(req: IncomingMessage): boolean {
  const { headers } = req
  return (
    headers['transfer-encoding'] !== undefined ||
    (headers['content-length'] !== undefined && Number(headers['content-length']) > 0)
  )
}

/**
 * Answers with a problem. Once a response has begun it can only be cut.
 * If the body was not read the connection closes after a short grace (SPEC 3).
 */
export function answer(exchange: Exchange, problem: Problem): void {
  const { req, res, record } = exchange
  record.reason ??= problem.code
  if (res.headersSent) {
    if (!res.writableEnded) cutAnswer(req)
    return
  }
  const { status, headers, body } = renderProblem(
    problem,
    record.requestId,
    exchange.settings.problems,
  )
  const unread = exchange.hasBody && !req.complete
  if (unread) closeAfterGrace(req)
  const isLast = unread || exchange.settings.isClosing() || endings.has(problem.code)
  if (isLast) refuseMore(req.socket)
  record.bytesOut = Buffer.byteLength(body)
  res.writeHead(status, isLast ? [...headers, 'Connection', 'close'] : [...headers])
  res.end(body)
  cutUnread(req, res, exchange.settings.limits.bodyIdleTimeout)
}

/** Where this was said the framing of what follows is not to be trusted (R19), or not worth reading. */
const endings: ReadonlySet<ProblemCode> = new Set([
  'invalid_request',
  'method_refused',
  'headers_too_large',
  'target_too_long',
  'body_too_large',
])
