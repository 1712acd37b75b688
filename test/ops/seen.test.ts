/** What is remembered of requests for the status page: numbers over time, and the last denials. */
import t from 'tap'
import fc from 'fast-check'
import type { AccessRecord } from '../../src/ops/access.ts'
import { mostDenials } from '../../src/ops/denials.ts'
import { latencyOf, latencySlot, latencySlots } from '../../src/ops/latency.ts'
import { createSeen } from '../../src/ops/seen.ts'
import { bucketCount, bucketSeconds } from '../../src/ops/traffic.ts'
import { seconds } from '../../src/units.ts'
import '../support/seed.ts'

const record: AccessRecord = {
  ...{ direction: 'inbound', requestId: 'r', traceId: undefined, method: 'GET', path: '/secret' },
  ...{
    status: 200,
    route: 'GET /a',
    routeLine: 9,
    decision: 'allow',
    reason: undefined,
    enforced: true,
  },
  ...{
    clientId: 'c',
    issuer: 'i',
    scopes: undefined,
    claimed: undefined,
    clientCertificate: undefined,
    durationMs: 2,
    upstreamMs: 1,
  },
  ...{ upstreamError: undefined, bytesIn: 0, bytesOut: 0, configHash: 'h' },
}
const denied: AccessRecord = { ...record, status: 403, decision: 'deny', reason: 'no_route' }

/** With hands on both clocks; time begins at the border of a bucket. */
function start() {
  const time = { ms: 1000 * bucketSeconds * 1000 }
  const seen = createSeen(
    () => seconds(time.ms / 1000),
    () => time.ms,
  )
  const last = (back = 0) => seen.traffic.buckets().at(-1 - back)
  return { time, seen, last }
}

t.test('a percentile is right to a tenth, whatever the duration', (t) => {
  fc.assert(
    fc.property(fc.double({ min: 0.11, max: 100_000, noNaN: true }), (ms) => {
      const counts = new Uint32Array(latencySlots)
      counts[latencySlot(ms)] = 1
      const { p50Ms = 0, p99Ms } = latencyOf(counts) ?? {}
      return p50Ms === p99Ms && Math.abs(p50Ms / ms - 1) < 0.16
    }),
  )
  for (const odd of [0, -1, 0.001]) t.equal(latencySlot(odd), 0, String(odd))
  for (const odd of [1e9, Infinity]) t.equal(latencySlot(odd), latencySlots - 1, String(odd))
  t.equal(latencyOf([]), undefined)
  t.equal(latencyOf([0, 0]), undefined)
  t.end()
})

t.test('percentiles divide what was counted', (t) => {
  const counts = new Uint32Array(latencySlots)
  counts[latencySlot(1)] = 89
  counts[latencySlot(10)] = 9
  counts[latencySlot(1000)] = 2
  t.strictSame(latencyOf(counts), { p50Ms: 1, p90Ms: 9.9, p99Ms: 1100 })
  t.end()
})

t.test('rates are of the bucket, of the newest by the part of it that is over', (t) => {
  const { time, seen, last } = start()
  for (let n = 0; n < 20; n += 1) seen.access(record)
  seen.access(denied)
  t.match(last(), { requests: 21, denials: 1 })
  time.ms += 5000
  t.match(last(), { requests: 4.2, denials: 0.2, latency: { p50Ms: 2.1 } })
  time.ms += 5000
  t.match(last(), { requests: 0, denials: 0, latency: undefined })
  t.match(last(1), { requests: 2.1, denials: 0.1 })
  t.equal(seen.traffic.buckets().length, bucketCount)
  t.end()
})

t.test('what is older than the ring is forgotten, however long nobody asked', (t) => {
  const { time, seen } = start()
  seen.access(record)
  time.ms += (bucketCount - 1) * bucketSeconds * 1000
  t.match(seen.traffic.buckets()[0], { requests: 0.1, latency: { p50Ms: 2.1 } })
  time.ms += bucketSeconds * 1000
  const empty = (): boolean =>
    seen.traffic.buckets().every(({ requests, latency }) => requests === 0 && latency === undefined)
  t.ok(empty())
  seen.access(record)
  time.ms += 1e9
  t.ok(empty())
  t.end()
})

t.test('refused is what Scopegate refused, not what an upstream failed', (t) => {
  const { seen } = start()
  const failed = { ...record, status: 502, reason: 'upstream_unreachable' }
  const malformed = { ...record, status: 400, decision: undefined, reason: 'invalid_request' }
  const gone = { ...record, status: 499, decision: undefined }
  const reported = { ...denied, status: 200, enforced: false }
  for (const one of [record, failed, malformed, gone, reported]) seen.access(one)
  t.match(seen.denials.latest(), [
    { reason: 'no_route', enforced: false, status: 200 },
    { reason: 'invalid_request', enforced: true },
  ])
  t.equal(seen.denials.latest().length, 2)
  seen.access({ ...denied, reason: undefined })
  t.equal(seen.denials.latest()[0]?.reason, 'none')
  t.end()
})

t.test('the last denials are remembered, newest first, and no path of them', (t) => {
  const { time, seen } = start()
  t.strictSame(seen.denials.latest(), [])
  for (let n = 0; n < mostDenials + 7; n += 1) {
    time.ms += 1000
    seen.access({ ...denied, requestId: `r${n}` })
  }
  const latest = seen.denials.latest()
  t.equal(latest.length, mostDenials)
  t.strictSame(latest[0], {
    at: seconds(time.ms / 1000),
    ...{ direction: 'inbound', method: 'GET', status: 403, reason: 'no_route', route: 'GET /a' },
    routeLine: 9,
    ...{ clientId: 'c', requestId: `r${mostDenials + 6}`, enforced: true },
  })
  t.equal(latest.at(-1)?.requestId, 'r7')
  t.notMatch(JSON.stringify(latest), 'secret')
  t.end()
})

t.test('time goes on by itself', (t) => {
  const seen = createSeen(() => seconds(0))
  seen.access(record)
  t.ok(seen.traffic.buckets().some(({ requests }) => requests > 0))
  t.match(seen.routes.of('inbound', 'GET /a'), { allowed: 1, denied: 0, latency: { p99Ms: 2.1 } })
  t.end()
})
