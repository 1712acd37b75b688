/** Whether there is tracing, as OpenTelemetry's variables say; what makes spans is loaded only then. */
import type { Tracing, TracingDeps } from './tracing.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** Tracing when the environment asks for it (OpenTelemetry's variables). An endpoint that is none is logged, and no tracing. */
export async function openTracing(
  env: Environment,
  deps: TracingDeps,
): Promise<Tracing | undefined> {
  // an empty variable is one that is not set, says OpenTelemetry
  const [endpoint] = [
    env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'],
    env['OTEL_EXPORTER_OTLP_ENDPOINT'],
  ].filter((one) => one !== '' && one !== undefined)
  const isOff =
    env['OTEL_SDK_DISABLED']?.toLowerCase() === 'true' || env['OTEL_TRACES_EXPORTER'] === 'none'
  if (endpoint === undefined || isOff) return undefined
  const because = refusal(endpoint, env)
  if (because !== undefined) {
    deps.log.event('error', 'tracing is off', { because })
    return undefined
  }
  const { createTracing } = await import('./otel.ts')
  return createTracing(deps)
}

/** The endpoint may hold a password, and is not repeated. */
function refusal(endpoint: string, env: Environment): string | undefined {
  if (!/^https?:\/\//.test(endpoint) || !URL.canParse(endpoint))
    return 'OTEL_EXPORTER_OTLP_ENDPOINT is no http or https address'
  const protocol =
    env['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL'] ?? env['OTEL_EXPORTER_OTLP_PROTOCOL'] ?? 'http/json'
  return protocol.startsWith('http/')
    ? undefined
    : 'OTEL_EXPORTER_OTLP_PROTOCOL is not spoken here: spans go as http/json, to port 4318 of most collectors'
}
