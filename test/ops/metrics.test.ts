import t from 'tap'
import type { AccessRecord } from '../../src/ops/access.ts'
import { createMetrics, type Metrics } from '../../src/ops/metrics.ts'
import { createRouteCounts } from '../../src/ops/route-counts.ts'
import { seconds } from '../../src/units.ts'
import { live } from '../support/observed.ts'
import { configOf } from '../support/scene.ts'

const record: AccessRecord = {
  direction: 'inbound',
  requestId: 'r1',
  traceId: undefined,
  method: 'GET',
  path: '/export/1',
  status: 200,
  route: 'GET /export/**',
  routeLine: 9,
  decision: 'allow',
  reason: undefined,
  enforced: true,
  clientId: 'client',
  issuer: 'https://issuer.example',
  scopes: undefined,
  clientCertificate: undefined,
  claimed: undefined,
  durationMs: 12.34,
  upstreamMs: 5,
  upstreamError: undefined,
  bytesIn: 0,
  bytesOut: 2,
  configHash: 'abc',
}

const config = configOf(`version: 1
issuers: { app: { userPoolId: eu-central-1_a1B2c3D4e } }
inbound:
  listen: 127.0.0.1:0
  upstream: http://127.0.0.1:3000
  routes:
    - { path: /export/**, scopes: app-api/export, mode: report }
    - { path: /upload, scopes: app-api/upload }
`)

/** Everything that can happen, once. */
function fill(metrics: Metrics): void {
  metrics.access(record)
  metrics.access({ ...record, status: 403, decision: 'deny', reason: 'insufficient_scope' })
  metrics.access({ ...record, status: 400, route: undefined, decision: 'deny', enforced: false })
  metrics.access({ ...record, status: 502, reason: 'upstream_unreachable' })
  metrics.access({ ...record, direction: 'outbound', route: '/app-api' })
  metrics.upstream('inbound', 5)
  metrics.tokenEvent({ kind: 'keys_fetched', issuer: 'app', keyIds: ['a'] })
  metrics.tokenEvent({ kind: 'keys_failed', issuer: 'app', because: 'x' })
  metrics.tokenEvent({ kind: 'key_skipped', issuer: 'app', because: 'x' })
  metrics.tokenEvent({ kind: 'verified_token_cache', result: 'hit' })
  metrics.tokenEvent({
    kind: 'token_obtained',
    client: 'worker',
    expiresAt: seconds(1_800_000_000),
  })
  metrics.tokenEvent({
    ...{ kind: 'token_failed', client: 'worker', code: 'invalid_client' },
    ...{ because: 'x', first: true },
  })
  metrics.tokenEvent({ kind: 'scopes_not_granted', client: 'worker', missing: ['a'] })
  metrics.reloaded('ok')
  metrics.reloaded('failed')
  metrics.configured({ ...config, hash: 'before' })
  metrics.configured(config)
}

const own = (text: string): string[] =>
  text.split('\n').filter((line) => line.startsWith('scopegate_') && !line.includes('_bucket'))

t.test('every metric of SPEC 5 is there, with labels from the configuration only', async (t) => {
  const metrics = createMetrics('1.2.3')
  fill(metrics)
  const { text } = await metrics.render(undefined)
  const route = 'route="GET /export/**"'
  const in1 = `direction="inbound",${route}`
  const on = 'enforced="true"'
  t.strictSame(
    own(text).sort(),
    [
      'scopegate_build_info{version="1.2.3"} 1',
      `scopegate_config_info{hash="${config.hash}"} 1`,
      'scopegate_config_last_reload_successful 0',
      'scopegate_config_reloads_total{result="failed"} 1',
      'scopegate_config_reloads_total{result="ok"} 1',
      `scopegate_decisions_total{${route},decision="allow",reason="none",${on}} 2`,
      `scopegate_decisions_total{${route},decision="deny",reason="insufficient_scope",${on}} 1`,
      'scopegate_decisions_total{route="none",decision="deny",reason="none",enforced="false"} 1',
      'scopegate_jwks_requests_total{issuer="app",result="failed"} 1',
      'scopegate_jwks_requests_total{issuer="app",result="ok"} 1',
      'scopegate_report_mode_routes 1',
      `scopegate_request_duration_seconds_count{${in1}} 3`,
      'scopegate_request_duration_seconds_count{direction="inbound",route="none"} 1',
      'scopegate_request_duration_seconds_count{direction="outbound",route="/app-api"} 1',
      `scopegate_request_duration_seconds_sum{${in1}} 0.03702`,
      'scopegate_request_duration_seconds_sum{direction="inbound",route="none"} 0.01234',
      'scopegate_request_duration_seconds_sum{direction="outbound",route="/app-api"} 0.01234',
      `scopegate_requests_total{${in1},status="2xx"} 1`,
      `scopegate_requests_total{${in1},status="4xx"} 1`,
      `scopegate_requests_total{${in1},status="5xx"} 1`,
      'scopegate_requests_total{direction="inbound",route="none",status="4xx"} 1',
      'scopegate_requests_total{direction="outbound",route="/app-api",status="2xx"} 1',
      'scopegate_token_expiry_timestamp_seconds{client="worker"} 1800000000',
      'scopegate_token_requests_total{client="worker",result="invalid_client"} 1',
      'scopegate_token_requests_total{client="worker",result="ok"} 1',
      'scopegate_upstream_duration_seconds_count{direction="inbound"} 1',
      'scopegate_upstream_duration_seconds_sum{direction="inbound"} 0.005',
      'scopegate_verified_token_cache_total{result="hit"} 1',
    ].sort(),
  )
})

t.test(
  'what promtool refuses is absent: counters end in _total and nothing else does',
  async (t) => {
    const metrics = createMetrics('1.2.3')
    fill(metrics)
    const { text } = await metrics.render(undefined)
    const types = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)]
    t.ok(types.some(([, name]) => name === 'process_cpu_seconds_total'))
    t.ok(types.some(([, name]) => name?.startsWith('nodejs_')))
    for (const [, name = '', type] of types) {
      t.equal(name.endsWith('_total'), type === 'counter', name)
      t.match(text, new RegExp(`^# HELP ${name} .+`, 'm'))
    }
  },
)

t.test(
  'a scrape as OpenMetrics is whole, and the next one as text has the same names',
  async (t) => {
    const metrics = createMetrics('1.2.3')
    fill(metrics)
    const before = own((await metrics.render(undefined)).text)
    const [open, meanwhile] = await Promise.all([
      metrics.render('application/openmetrics-text;version=1.0.0'),
      metrics.render('text/plain'),
    ])
    const { text } = open
    t.match(text, /^# TYPE scopegate_requests counter\nscopegate_requests_total\{/m)
    t.match(text, /^# HELP scopegate_requests Requests answered/m)
    t.match(text, /^# TYPE scopegate_config_info gauge$/m)
    t.notMatch(text, /\n\n/)
    t.notMatch(text, /^# TYPE \S+_total /m)
    t.ok(text.endsWith('\n# EOF\n'))
    t.strictSame(own(text), before)
    t.strictSame(own(meanwhile.text), before)
    t.strictSame(own((await metrics.render(undefined)).text), before)
  },
)

t.test(
  'gauges of the moment are read at each scrape, and equal names are one sample',
  async (t) => {
    const metrics = createMetrics('1.2.3')
    const read = async () =>
      own((await metrics.render(undefined)).text).filter(
        (line) => !/^scopegate_(?:config|build)_/.test(line),
      )
    t.strictSame(await read(), ['scopegate_report_mode_routes 0'])

    let [worker] = live.tokens
    const [upstream] = live.upstreams
    metrics.live(() => ({
      ...live,
      upstreams: [upstream!, { ...upstream!, busy: 1 }],
      keys: [...live.keys, { ...live.keys[0]!, issuer: 'other', fetchedAt: undefined }],
      tokens: [worker!, { ...worker!, expiresAt: seconds(1_800_000_300) }, missing, unknown],
    }))
    const missing = { client: 'other', obtainedAt: undefined, expiresAt: undefined }
    const unknown = { ...missing, obtainedAt: seconds(1) }
    t.strictSame(
      (await read()).sort(),
      [
        'scopegate_connections_limit{direction="inbound"} 10000',
        'scopegate_connections{direction="inbound"} 4',
        'scopegate_jwks_last_success_timestamp_seconds{issuer="app"} 1800000000',
        'scopegate_jwks_max_age_seconds{issuer="app"} 900',
        'scopegate_jwks_max_age_seconds{issuer="other"} 900',
        'scopegate_jwks_max_stale_seconds{issuer="app"} 86400',
        'scopegate_jwks_max_stale_seconds{issuer="other"} 86400',
        'scopegate_report_mode_routes 0',
        'scopegate_requests_in_flight{direction="inbound"} 3',
        'scopegate_token_grants{client="other"} 2',
        'scopegate_token_grants{client="worker"} 2',
        'scopegate_token_lifetime_seconds{client="worker"} 300',
        'scopegate_upstream_connections_limit{upstream="http://127.0.0.1:3000"} 2048',
        'scopegate_upstream_connections{upstream="http://127.0.0.1:3000"} 3',
      ].sort(),
    )
    worker = { ...worker!, client: 'another' }
    t.match((await read()).join('\n'), 'scopegate_token_lifetime_seconds{client="another"} 300')
  },
)

t.test(
  'reloads are counted from zero, and a refused one shows until another is taken',
  async (t) => {
    const metrics = createMetrics('1.2.3')
    const read = async () =>
      own((await metrics.render(undefined)).text).filter((line) => line.includes('reload'))
    t.strictSame(await read(), [
      'scopegate_config_reloads_total{result="ok"} 0',
      'scopegate_config_reloads_total{result="failed"} 0',
      'scopegate_config_last_reload_successful 1',
    ])
    metrics.reloaded('failed')
    t.equal((await read()).at(-1), 'scopegate_config_last_reload_successful 0')
    metrics.reloaded('ok')
    t.equal((await read()).at(-1), 'scopegate_config_last_reload_successful 1')
  },
)

t.test('a metric that nobody would ever see is refused', async (t) => {
  const metrics = createMetrics('1')
  await metrics.expose()
  t.throws(() => {
    metrics.sampled('gauge', 'scopegate_late', 'Late', () => [])
  }, /scopegate_late comes too late/)
})

t.test('routes are counted by what was decided on them', (t) => {
  const counts = createRouteCounts()
  counts.count(record)
  counts.count(record)
  counts.count({ ...record, decision: 'deny' })
  counts.count({ ...record, route: undefined, decision: 'deny' })
  counts.count({ ...record, decision: undefined })
  t.match(counts.of('inbound', 'GET /export/**'), { allowed: 2, denied: 1 })
  t.strictSame(counts.of('outbound', 'GET /export/**'), {
    ...{ allowed: 0, denied: 0, latency: undefined },
  })
  t.end()
})
