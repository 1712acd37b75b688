/** A log's settings as an empty `log:` gives them. */
import type { LogConfig } from '../../src/config/config.ts'

export const logConfig = (over: Partial<LogConfig> = {}): LogConfig => ({
  ...{ level: 'info', requests: { inbound: 'info', outbound: 'info' } },
  ...{ sampleAllowed: 1, format: 'auto' },
  ...over,
})
