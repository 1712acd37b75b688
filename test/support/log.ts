/** A log's settings as a short `log:` gives them. */
import type { LogConfig } from '../../src/config/config.ts'

export function logConfig(over: Partial<LogConfig> = {}): LogConfig {
  const { level = 'info' } = over
  return {
    ...{ level, requests: { inbound: level, outbound: level } },
    ...{ sampleAllowed: 1, format: 'auto' },
    ...over,
  }
}
