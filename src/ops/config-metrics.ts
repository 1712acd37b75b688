/** What metrics tell of the configuration that serves. */
import type { Config } from '../config/config.ts'
import { listenerCertificates } from './certificates.ts'
import type { Sample } from './series.ts'

export type ConfigGauge = {
  readonly name: string
  readonly help: string
  /** Pure; undefined = none serves yet. */
  readonly samples: (config: Config | undefined) => readonly Sample[]
}

export const configGauges: readonly ConfigGauge[] = [
  {
    name: 'scopegate_config_info',
    help: 'SHA-256 of the configuration file that serves',
    samples: (config) =>
      config === undefined ? [] : [{ labels: { hash: config.hash }, value: 1 }],
  },
  {
    name: 'scopegate_tls_certificate_expiry_timestamp_seconds',
    help: 'When the certificate of a listener ends',
    samples: (config) =>
      config === undefined
        ? []
        : listenerCertificates(config).map(({ listener, expiresAt }) => ({
            labels: { listener },
            value: expiresAt,
          })),
  },
  {
    name: 'scopegate_report_mode_routes',
    help: 'Routes whose decisions are reported only, not enforced',
    samples: (config) => {
      const routes = config?.inbound?.routes ?? []
      return [{ labels: {}, value: routes.filter(({ mode }) => mode === 'report').length }]
    },
  },
]
