/** Certificates of the listeners of a configuration. */
import type { Config } from '../config/config.ts'
import type { EpochSeconds } from '../units.ts'

/** When the certificate of each listener that has one ends. Pure. */
export function listenerCertificates({
  inbound,
  outbound,
}: Pick<Config, 'inbound' | 'outbound'>): readonly {
  readonly listener: 'inbound' | 'outbound'
  readonly expiresAt: EpochSeconds
}[] {
  return (
    [
      ['inbound', inbound?.listen],
      ['outbound', outbound?.listen],
    ] as const
  ).flatMap(([listener, listen]) =>
    listen?.kind === 'tcp' && listen.tls !== undefined
      ? [{ listener, expiresAt: listen.tls.expiresAt }]
      : [],
  )
}
