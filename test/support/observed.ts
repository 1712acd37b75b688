/** What log and metrics say when everything has happened once, for documents that list it. */
import type { AccessRecord } from '../../src/ops/access.ts'
import type { LiveFigures } from '../../src/ops/live-metrics.ts'
import { createLog } from '../../src/ops/log.ts'
import { createMetrics } from '../../src/ops/metrics.ts'
import { createTokenCost, exportTokenCost } from '../../src/ops/token-cost.ts'
import { milliseconds, seconds, secret } from '../../src/units.ts'
import { configOf, inboundWith } from './config.ts'
import { logConfig } from './log.ts'

/** A request about which everything is known. */
export const record: AccessRecord = {
  direction: 'inbound',
  requestId: 'r',
  traceId: 't',
  method: 'GET',
  path: '/',
  status: 401,
  route: 'GET /',
  routeLine: 1,
  decision: 'deny',
  reason: 'invalid_token',
  enforced: true,
  clientId: 'c',
  issuer: 'i',
  scopes: new Set(['s']),
  clientCertificate: 'CN=c',
  claimed: { iss: 'i' },
  durationMs: 1,
  upstreamMs: 1,
  upstreamError: 'ECONNREFUSED',
  bytesIn: 0,
  bytesOut: 0,
  configHash: 'h',
}

/** A moment with one of everything. */
export const live: LiveFigures = {
  listeners: [{ direction: 'inbound', requests: 3, connections: 4, limit: 10_000 }],
  upstreams: [{ origin: 'http://127.0.0.1:3000', busy: 2, limit: 1024 }],
  keys: [
    {
      ...{ issuer: 'app', fetchedAt: seconds(1_800_000_000) },
      ...{ maxAge: milliseconds(900_000), maxStale: milliseconds(86_400_000) },
    },
  ],
  tokens: [
    { client: 'worker', obtainedAt: seconds(1_800_000_000), expiresAt: seconds(1_800_003_600) },
  ],
}

/** Fields of the log line of a request about which everything is known. */
export function loggedFields(): readonly string[] {
  let line = ''
  const log = createLog({
    config: logConfig(),
    random: () => 0.5,
    destination: {
      write(text: string) {
        line += text
      },
    },
  })
  log.access(record)
  return Object.keys(JSON.parse(line) as object)
}

/** Name, type and labels of every metric, seen in a registry in which everything has happened once. */
export async function exportedMetrics(): Promise<readonly (readonly [string, string, string])[]> {
  const metrics = createMetrics('1')
  metrics.access(record)
  metrics.upstream('inbound', 1)
  metrics.tokenEvent({ kind: 'keys_fetched', issuer: 'i', keyIds: [] })
  metrics.tokenEvent({ kind: 'verified_token_cache', result: 'hit' })
  metrics.tokenEvent({ kind: 'token_obtained', client: 'c', expiresAt: seconds(1) })
  const cost = createTokenCost({
    clock: () => seconds(0),
    prices: () => [{ upTo: Infinity, perThousand: 1 }],
    grants: () => [],
    warn: () => undefined,
  })
  cost.used('c')
  exportTokenCost(metrics, cost)
  metrics.reloaded('ok')
  const config = configOf(inboundWith('{ path: /, authenticated: true }'))
  const tls = { cert: '', key: secret(''), clientCa: undefined, expiresAt: seconds(1) }
  const listen = { kind: 'tcp', host: '::1', port: 1, tls } as const
  metrics.configured({ ...config, inbound: config.inbound && { ...config.inbound, listen } })
  metrics.live(() => live)
  const { text } = await metrics.render(undefined)
  return [...text.matchAll(/^# TYPE (scopegate_\w+) (\w+)$/gm)].map(([, name = '', type = '']) => {
    const sample = new RegExp(`^${name}(?:_bucket)?(?:\\{(.*)\\})? `, 'm').exec(text)?.[1] ?? ''
    const labels = [...sample.matchAll(/(\w+)="/g)].map(([, label = '']) => label)
    return [name, type, labels.filter((label) => label !== 'le').join(', ')] as const
  })
}
