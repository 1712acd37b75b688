/** Looks at start, and once more when an API that starts after its sidecar is there, whether callers can go around us. */
import type { Config } from '../config/config.ts'
import { findExposed } from '../ops/exposure.ts'
import type { Log } from '../ops/log.ts'
import type { Milliseconds } from '../units.ts'

/** Warns in the log, which alone names the addresses. */
export function watchExposure(
  config: Pick<Config, 'inbound'>,
  log: Log,
  again: Milliseconds,
  addresses?: () => readonly string[],
): { close(): void } {
  const look = async (): Promise<void> => {
    const exposed = await findExposed(config, addresses)
    if (exposed.length === 0) return
    clearTimeout(timer)
    log.event('warn', 'callers can go around Scopegate: the upstream answers on other addresses', {
      addresses: exposed,
    })
  }
  // some sandboxes do not tell their addresses: then there is nothing to say
  const tryToLook = (): void => {
    look().catch(() => undefined)
  }
  const timer = setTimeout(tryToLook, again).unref()
  tryToLook()
  return {
    close() {
      clearTimeout(timer)
    },
  }
}
