/** A status in which something of everything has happened, for tests of the page and for its pictures. */
import { latencyOf, latencySlot, latencySlots } from '../../src/ops/latency.ts'
import type { ShownDenial, Status } from '../../src/ops/status.ts'
import { bucketCount, bucketSeconds } from '../../src/ops/traffic.ts'

const at = '2026-03-02T14:03:22.000Z'
const before = (seconds: number): string => new Date(Date.parse(at) - seconds * 1000).toISOString()

/** Percentiles of durations around `ms`. */
function around(ms: number): ReturnType<typeof latencyOf> {
  const counts = new Uint32Array(latencySlots)
  for (const [factor, count] of [
    [0.7, 30],
    [1, 50],
    [1.6, 15],
    [4, 4],
    [9, 2],
  ] as const) {
    const slot = latencySlot(ms * factor)
    counts[slot] = (counts[slot] ?? 0) + count
  }
  return latencyOf(counts)
}

/** A quarter of an hour with waves, a pause and a burst of refusals; the same every time. */
const buckets = Array.from({ length: bucketCount }, (_, index) => {
  const wave = Math.sin(index / 9) + Math.sin(index / 3.1) / 3
  const isPause = index > 30 && index < 34
  const requests = isPause ? 0 : Math.round((46 + wave * 18 + ((index * 7) % 5)) * 10) / 10
  const denials = index > 58 && index < 66 ? 6 - Math.abs(62 - index) : index % 13 === 0 ? 0.3 : 0
  return { requests, denials, latency: isPause ? undefined : around(3.2 + Math.abs(wave)) }
})

const denial = (
  seconds: number,
  told: Partial<ShownDenial> & Pick<ShownDenial, 'reason' | 'status'>,
): ShownDenial => ({
  ...{ at: before(seconds), direction: 'inbound', method: 'GET', enforced: true },
  ...{ route: 'GET /export/**', clientId: undefined, requestId: `req-${seconds}-4b1c` },
  routeLine: 9,
  ...told,
})

export const exampleStatus: Status = {
  version: '0.1.0',
  at,
  uptimeSeconds: 96_400,
  readiness: { ready: true, missing: [] },
  listeners: {
    inbound: 'http://0.0.0.0:8080',
    outbound: 'http://127.0.0.1:8081',
    admin: 'http://127.0.0.1:9901',
  },
  config: {
    file: 'proxy.config.yaml',
    hash: '7d4f0c2be19a45d6c3f58e0b9a71d2e46f8c0b3a5d7e9f1a2b4c6d8e0f1a3b5c',
    lastReload: { at: before(2520), ok: true, problems: [] },
  },
  inbound: {
    mode: 'enforce',
    routes: [
      {
        ...{ id: 'GET /export/**', line: 9, mode: 'enforce', policy: undefined },
        ...{ access: 'scopes', scopes: ['app-api/export'], needs: 'app-api/export' },
        ...{ allowed: 38_412, denied: 61, latency: around(3.4) },
      },
      {
        ...{ id: 'PUT,DELETE /files/{fileId}', line: 12, mode: 'enforce', policy: undefined },
        ...{ access: 'scopes', scopes: ['app-api/upload'] },
        needs: 'app-api/upload and (app-api/admin or app-api/owner)',
        ...{ allowed: 1204, denied: 3, latency: around(28) },
      },
      {
        ...{ id: 'GET /reports/{id}/download', line: 16, mode: 'report', policy: 'ExportPolicy' },
        ...{ access: 'scopes', scopes: ['app-api/export'], needs: 'app-api/export' },
        ...{ allowed: 310, denied: 12, latency: around(210) },
      },
      {
        ...{ id: 'GET /status', line: 20, mode: 'enforce', policy: undefined },
        ...{ access: 'public', scopes: undefined, needs: 'no token' },
        ...{ allowed: 5783, denied: 0, latency: around(0.9) },
      },
    ],
  },
  outbound: {
    routes: [
      {
        ...{ id: '/billing', line: 31, upstream: 'https://billing.example.com/v2' },
        ...{ client: 'worker', scopes: ['billing/read'] },
        ...{ allowed: 9120, denied: 0, latency: around(41) },
      },
      {
        ...{ id: 'mail.internal', line: 32, upstream: 'https://mail.example.com' },
        ...{ client: 'notifier', scopes: [] },
        ...{ allowed: 402, denied: 2, latency: around(96) },
      },
    ],
  },
  reportModeRoutes: ['GET /reports/{id}/download'],
  issuers: [
    {
      ...{ name: 'app', kind: 'pool', keyIds: ['Wq2mVn0cL5pT8sXz', 'hJ7fYb3kR9dQ1aUe'] },
      issuers: ['https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_a1B2c3D4e'],
      ...{ fetchedAt: before(412), nextFetchAt: before(-431), ageSeconds: 412 },
      lastError: undefined,
    },
    {
      ...{ name: 'partner', kind: 'other', keyIds: ['2026-01'] },
      issuers: ['https://login.partner.example'],
      ...{ fetchedAt: before(1310), nextFetchAt: before(-8), ageSeconds: 1310 },
      lastError: 'there was no answer in time',
    },
  ],
  clients: [
    {
      ...{ client: 'worker', clientId: '3n4b5c6d7e8f9g', scopes: ['billing/read'] },
      ...{ expiresAt: before(-2710), obtainedAt: before(890), nextRenewalAt: before(-2360) },
      ...{ obtained: 30, failures: 0, lastError: undefined },
    },
    {
      ...{ client: 'notifier', clientId: '7h8i9j0k1l2m3n', scopes: [] },
      ...{ expiresAt: before(-130), obtainedAt: before(170), nextRenewalAt: before(-20) },
      ...{ obtained: 403, failures: 1, lastError: undefined },
    },
  ],
  tokenCosts: [
    {
      ...{ client: 'worker', tokens: 30, calls: 9120, callsPerToken: 304, lifeSeconds: 3600 },
      ...{ tokensPerMonth: 797, usdPerMonth: 1.79, usdPerMonthAtAnHour: 1.79 },
      isShortLived: false,
    },
    {
      ...{ client: 'notifier', tokens: 403, calls: 402, callsPerToken: 0.998, lifeSeconds: 300 },
      ...{ tokensPerMonth: 10_910, usdPerMonth: 24.55, usdPerMonthAtAnHour: 1.79 },
      isShortLived: true,
    },
  ],
  traffic: { bucketSeconds, buckets },
  denials: [
    denial(12, { reason: 'insufficient_scope', status: 403, clientId: '5t6u7v8w9x0y1z' }),
    denial(190, { reason: 'missing_token', status: 401 }),
    denial(244, {
      ...{ reason: 'insufficient_scope', status: 403, enforced: false },
      ...{ route: 'GET /reports/{id}/download', clientId: '5t6u7v8w9x0y1z' },
    }),
    denial(260, { reason: 'invalid_token', status: 401 }),
    denial(268, { reason: 'no_route', status: 403, method: 'DELETE', route: undefined }),
    denial(271, { reason: 'invalid_path', status: 400, route: undefined }),
    denial(3004, {
      ...{ reason: 'token_unavailable', status: 503, method: 'POST', direction: 'outbound' },
      route: 'mail.internal',
    }),
  ],
}
