/** Tracing into a receiver of this test, by the variables that OpenTelemetry names. */
import type { Test } from 'tap'
import { createLog } from '../../src/ops/log.ts'
import { openTracing } from '../../src/ops/open-tracing.ts'
import type { Tracing } from '../../src/ops/tracing.ts'
import { logConfig } from './log.ts'
import type { Receiver } from './otlp.ts'

export type OpenedTracing = {
  readonly tracing: Tracing | undefined
  /** Parsed lines of its log so far. */
  readonly log: readonly Readonly<Record<string, unknown>>[]
}

/** Sets the variables in this process, as the packages read them there, until the test ends; it is stopped then. */
export async function tracingWith(
  t: Test,
  variables: Readonly<Record<string, string>>,
): Promise<OpenedTracing> {
  for (const [name, value] of Object.entries(variables)) {
    process.env[name] = value
    t.teardown(() => Reflect.deleteProperty(process.env, name))
  }
  const log: Record<string, unknown>[] = []
  const tracing = await openTracing(process.env, {
    version: '1.2.3',
    log: createLog({
      config: logConfig(),
      random: () => 0.5,
      destination: { write: (line) => log.push(JSON.parse(line) as Record<string, unknown>) },
    }),
  })
  if (tracing !== undefined) t.teardown(() => tracing.stop())
  return { tracing, log }
}

/** Sends each span at once, or nearly. */
export async function tracingInto(
  t: Test,
  receiver: Receiver,
  more: Readonly<Record<string, string>> = {},
): Promise<Tracing> {
  const { tracing } = await tracingWith(t, {
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_BSP_SCHEDULE_DELAY: '10',
    ...more,
  })
  if (tracing === undefined) throw new Error('tracing is off')
  return tracing
}
