/**
 * Spans by OpenTelemetry's packages, sent as OTLP over HTTP (ADR 0022). The packages read OTEL_* themselves; stated here
 * is where we differ: our name when there is none, and 2 s for a batch, so that a receiver that hangs does not hold up
 * the end of the process.
 */
import { SpanKind, type Tracer } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
} from '@opentelemetry/resources'
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  type SpanExporter,
} from '@opentelemetry/sdk-trace-base'
import type { TraceIssuerRequest } from '../tokens/trace.ts'
import type { Log } from './log.ts'
import { createTraceExchange } from './otel-exchange.ts'
import { failSpan, fullUrl, methodAttributes, originAttributes } from './otel-spans.ts'
import type { Tracing, TracingDeps } from './tracing.ts'

const exportTimeout = 2_000
/** For all that is left at the end. */
const stopTimeout = 3_000

/** A provider of its own, not registered anywhere: nothing else in the process makes spans. */
export function createTracing({ version, log }: TracingDeps): Tracing {
  const ownTimeout =
    process.env['OTEL_EXPORTER_OTLP_TRACES_TIMEOUT'] ?? process.env['OTEL_EXPORTER_OTLP_TIMEOUT']
  const exporter = new OTLPTraceExporter(
    ownTimeout === undefined ? { timeoutMillis: exportTimeout } : {},
  )
  const provider = new BasicTracerProvider({
    resource: defaultResource()
      .merge(resourceFromAttributes({ 'service.name': 'scopegate', 'service.version': version }))
      .merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [new BatchSpanProcessor(tellingExporter(exporter, log))],
  })
  const tracer = provider.getTracer('scopegate', version)
  return {
    exchange: createTraceExchange(tracer),
    issuerRequest: traceIssuerRequests(tracer),
    async stop() {
      let limit: NodeJS.Timeout | undefined
      const late = new Promise<void>((resolve) => {
        limit = setTimeout(resolve, stopTimeout)
      })
      await Promise.race([provider.shutdown().catch(() => undefined), late])
      clearTimeout(limit)
    },
  }
}

/** Says once that spans are lost, and once that they are not any more. */
function tellingExporter(exporter: SpanExporter, log: Log): SpanExporter {
  let isLosing = false
  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        const code: number = result.code
        const isLost = code !== 0
        if (isLost && !isLosing)
          log.event('warn', 'spans could not be sent', { because: codeOf(result.error) })
        if (!isLost && isLosing) log.event('info', 'spans are sent again')
        isLosing = isLost
        done(result)
      })
    },
    shutdown: () => exporter.shutdown(),
  }
}

/** A system code or a status; messages may hold the endpoint and what it answered. */
function codeOf(error: unknown): string {
  const { code, name } = Object(error) as { code?: unknown; name?: unknown }
  return typeof code === 'string' || typeof code === 'number' ? String(code) : String(name)
}

/** Token requests, key sets and discovery: no `traceparent` goes to issuers, they are other parties. */
function traceIssuerRequests(tracer: Tracer): TraceIssuerRequest {
  return (method, url) => {
    const { origin, pathname } = new URL(url)
    const span = tracer.startSpan(method, {
      kind: SpanKind.CLIENT,
      attributes: {
        ...methodAttributes(method),
        ...originAttributes(origin),
        'url.full': fullUrl(origin, pathname),
      },
    })
    return ({ status, error }) => {
      if (status !== undefined) span.setAttribute('http.response.status_code', status)
      const failure = status !== undefined && status >= 400 ? String(status) : error
      if (failure !== undefined) failSpan(span, failure)
      span.end()
    }
  }
}
