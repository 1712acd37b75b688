/** Metrics as Prometheus reads them, beside those of the process itself. Loaded with the admin listener, which alone shows them. */
import { collectDefaultMetrics, type Metric, Registry } from 'prom-client'
import type { Family } from './series.ts'

export type Exposition = {
  /** Prometheus text, or OpenMetrics when `accept` asks for it. */
  render(accept: string | undefined): Promise<{ contentType: string; text: string }>
}

/** Names of prom-client's defaults that `promtool check metrics` refuses: gauges that end in `_total`. */
const unfit = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
]

/** One registry of its own for each proxy. */
export function createExposition(families: readonly Family[]): Exposition {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  for (const name of unfit) registry.removeSingleMetric(name)
  for (const { name, help, type, samples } of families) {
    const metric = {
      ...{ name, help, type, aggregator: 'sum' },
      get: () => ({ name, help, type, values: samples(), aggregator: 'sum' }),
    }
    // prom-client asks a metric for `get` and its names, and types it as one of its classes
    registry.registerMetric(metric as unknown as Metric)
  }
  return {
    async render(accept) {
      const text = await registry.metrics()
      return accept?.includes('application/openmetrics-text') === true
        ? { contentType: Registry.OPENMETRICS_CONTENT_TYPE, text: openMetrics(text) }
        : { contentType: Registry.PROMETHEUS_CONTENT_TYPE, text }
    },
  }
}

/**
 * Prometheus text as OpenMetrics 1.0: counters are named without `_total` in their head, there are no empty
 * lines, and an end. Our own, since prom-client 15.1 renames its counters for good when it is asked for it.
 */
function openMetrics(text: string): string {
  return `${text
    .replace(/^(# HELP \S+)_total (.*\n# TYPE \S+)_total counter$/gm, '$1 $2 counter')
    .replace(/\n{2,}/g, '\n')}# EOF\n`
}
