/** Two spans of a proxied request: what we were sent (SERVER), and what we send, one for each attempt (CLIENT). */
import type { IncomingMessage } from 'node:http'
import {
  type Attributes,
  type Context,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  trace,
  type Tracer,
} from '@opentelemetry/api'
import type { AccessRecord } from './access.ts'
import {
  failSpan,
  fullUrl,
  methodAttributes,
  originAttributes,
  serverAttributes,
  spanName,
} from './otel-spans.ts'
import type { ExchangeTrace, TraceExchange } from './tracing.ts'

export function createTraceExchange(tracer: Tracer): TraceExchange {
  /** As many as configurations had upstreams. */
  const origins = new Map<string, Attributes>()
  const originOf = (origin: string): Attributes => {
    const known = origins.get(origin) ?? originAttributes(origin)
    origins.set(origin, known)
    return known
  }
  return (req, record) => {
    const parent = parentOf(req, record)
    const span = tracer.startSpan(
      spanName(record.method),
      {
        kind: SpanKind.SERVER,
        attributes: {
          ...methodAttributes(record.method),
          ...serverAttributes(req.headers.host),
          'url.path': record.path,
          'url.scheme': 'encrypted' in req.socket ? 'https' : 'http',
          'network.protocol.version': req.httpVersion,
        },
      },
      parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent),
    )
    record.traceId = span.spanContext().traceId
    return exchangeTrace({ tracer, originOf, span, record, hasParent: parent !== undefined })
  }
}

type Parts = {
  readonly tracer: Tracer
  readonly originOf: (origin: string) => Attributes
  readonly span: Span
  readonly record: AccessRecord
  readonly hasParent: boolean
}

function exchangeTrace({ tracer, originOf, span, record, hasParent }: Parts): ExchangeTrace {
  const context: Context = trace.setSpan(ROOT_CONTEXT, span)
  let attempt: Span | undefined
  let attempts = 0
  let isAnswered = false

  function endAttempt(error: string): void {
    if (attempt === undefined) return
    if (!isAnswered) failSpan(attempt, error)
    attempt.end()
    attempt = undefined
  }

  function answered(status: number): void {
    isAnswered = true
    attempt?.setAttribute('http.response.status_code', status)
    if (status >= 400 && attempt !== undefined) failSpan(attempt, String(status))
  }

  return {
    send(origin, target, headers) {
      endAttempt('superseded')
      attempt = tracer.startSpan(
        spanName(record.method),
        {
          kind: SpanKind.CLIENT,
          attributes: {
            ...methodAttributes(record.method),
            ...originOf(origin),
            'url.full': fullUrl(origin, target),
            ...(attempts > 0 && { 'http.request.resend_count': attempts }),
          },
        },
        context,
      )
      attempts += 1
      isAnswered = false
      return withTraceparent(headers, attempt.spanContext(), hasParent)
    },
    answered,
    failed(cause) {
      isAnswered = false
      endAttempt(cause)
    },
    end() {
      // of a WebSocket there is no other answer
      if (record.status === 101) answered(101)
      endAttempt(record.reason ?? 'cancelled')
      if (span.isRecording()) describeAnswer(span, record)
      span.end()
    },
  }
}

/** For the log only: the downstream went away before there was an answer. */
const clientGone = 499

function describeAnswer(span: Span, record: AccessRecord): void {
  const { method, status, route, reason, decision, clientId } = record
  // ids of inbound routes are `METHODS PATH`
  const template = route?.slice(route.indexOf(' ') + 1)
  if (template !== undefined) span.updateName(`${spanName(method)} ${template}`)
  span.setAttributes({
    ...(template !== undefined && { 'http.route': template }),
    ...(status !== clientGone && { 'http.response.status_code': status }),
    'scopegate.direction': record.direction,
    'scopegate.request_id': record.requestId,
    ...(decision !== undefined && { 'scopegate.decision': decision }),
    ...(reason !== undefined && { 'scopegate.reason': reason }),
    ...(clientId !== undefined && { 'scopegate.client_id': clientId }),
  })
  if (status === clientGone) span.setAttribute('error.type', 'client_gone')
  else if (status >= 500) failSpan(span, reason ?? String(status))
}

/** The caller's span; `record.traceId` is there only for one well-formed `traceparent`. */
function parentOf(req: IncomingMessage, record: AccessRecord): SpanContext | undefined {
  if (record.traceId === undefined) return undefined
  const [, traceId = '', spanId = '', flags = '0'] = String(req.headers['traceparent']).split('-')
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1, isRemote: true }
}

/** Ours in place of any other; `tracestate` means nothing without the `traceparent` that it came with. */
function withTraceparent(
  headers: readonly string[],
  { traceId, spanId, traceFlags }: SpanContext,
  keepsState: boolean,
): readonly string[] {
  const own: string[] = []
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string
    const lower = name.length === 11 || name.length === 10 ? name.toLowerCase() : ''
    if (lower === 'traceparent' || (lower === 'tracestate' && !keepsState)) continue
    own.push(name, headers[i + 1] as string)
  }
  own.push('traceparent', `00-${traceId}-${spanId}-0${traceFlags}`)
  return own
}
