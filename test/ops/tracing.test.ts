/** Tracing: on when the environment asks for it, and never in the way. */
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { fullUrl, originAttributes, serverAttributes } from '../../src/ops/otel-spans.ts'
import { record } from '../support/observed.ts'
import { startReceiver } from '../support/otlp.ts'
import { tracingWith } from '../support/tracing.ts'

const endpoint = 'http://127.0.0.1:9'

t.test('without an endpoint, or when it is switched off, there is no tracing', async (t) => {
  const cases: readonly Readonly<Record<string, string>>[] = [
    {},
    { OTEL_EXPORTER_OTLP_ENDPOINT: '' },
    { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_SDK_DISABLED: 'True' },
    { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_TRACES_EXPORTER: 'none' },
  ]
  for (const variables of cases)
    await t.test(JSON.stringify(variables), async (t) => {
      t.strictSame(await tracingWith(t, variables), { tracing: undefined, log: [] })
    })
})

t.test('an endpoint that is none is told, not repeated, and there is no tracing', async (t) => {
  for (const value of ['collector:4317', 'grpc://user:word@collector', 'http://', 'http://a:b@:x'])
    await t.test(value, async (t) => {
      const { tracing, log } = await tracingWith(t, { OTEL_EXPORTER_OTLP_ENDPOINT: value })
      t.equal(tracing, undefined)
      t.match(log, [{ level: 'error', msg: 'tracing is off', because: /no http or https address/ }])
      t.notMatch(JSON.stringify(log), value)
    })
  await t.test('gRPC', async (t) => {
    const { tracing, log } = await tracingWith(t, {
      ...{ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
    })
    t.equal(tracing, undefined)
    t.match(log, [{ msg: 'tracing is off', because: /http\/json, to port 4318/ }])
  })
})

t.test('the endpoint and protocol of traces win', async (t) => {
  const receiver = await startReceiver(t)
  const { tracing } = await tracingWith(t, {
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${receiver.url}/own/path`,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
    OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/protobuf',
  })
  tracing?.issuerRequest('GET', 'https://issuer.example/keys')({ status: 200, error: undefined })
  await tracing?.stop()
  t.match(receiver.requests, [{ path: '/own/path', headers: { 'content-type': /json/ } }])
  t.match(receiver.spans, [
    { resource: { 'service.name': 'scopegate' }, attributes: { 'server.port': 443 } },
  ])
})

t.test('that spans are lost is told once, and once when they are sent again', async (t) => {
  const statuses = [400, 400, 200, 200, 400]
  const receiver = await startReceiver(t, (response) => {
    response.writeHead(statuses.shift() ?? 200).end('{}')
  })
  const { tracing, log } = await tracingWith(t, {
    ...{ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_BSP_SCHEDULE_DELAY: '1' },
  })
  while (statuses.length > 0) {
    const asked = receiver.asked()
    tracing?.issuerRequest('GET', endpoint)({ status: 200, error: undefined })
    await asked
  }
  await tracing?.stop()
  const lost = { level: 'warn', msg: 'spans could not be sent', because: '400' }
  t.match(log, [lost, { level: 'info', msg: 'spans are sent again' }, lost])
  t.equal(log.length, 3)
})

t.test('a receiver that is not there', async (t) => {
  const { tracing, log } = await tracingWith(t, {
    ...{ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_EXPORTER_OTLP_TIMEOUT: '200' },
  })
  tracing?.issuerRequest('GET', endpoint)({ status: 200, error: undefined })
  await tracing?.stop()
  t.match(log, [{ msg: 'spans could not be sent', because: /^\w+$/ }])
})

t.test('a receiver that takes and does not answer holds the end up for seconds', async (t) => {
  const server = createServer((socket) => void socket.on('error', () => undefined).resume())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  for (const timeout of [undefined, '4000'])
    await t.test(`OTEL_EXPORTER_OTLP_TIMEOUT ${String(timeout)}`, async (t) => {
      const { tracing } = await tracingWith(t, {
        OTEL_EXPORTER_OTLP_ENDPOINT: url,
        ...(timeout !== undefined && { OTEL_EXPORTER_OTLP_TIMEOUT: timeout }),
      })
      const connected = once(server, 'connection')
      tracing?.issuerRequest('GET', endpoint)({ status: 200, error: undefined })
      const stopped = tracing?.stop()
      const [socket] = (await connected) as [{ destroy(): void }]
      await stopped
      socket.destroy()
    })
})

t.test('an answer of an issuer that is of no use is an error, whatever its status', async (t) => {
  const receiver = await startReceiver(t)
  const { tracing } = await tracingWith(t, { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url })
  const ends = [
    { status: 200, error: 'the answer is not UTF-8' },
    { status: undefined, error: 'the answer is too large' },
    { status: 404, error: 'the answer has status 404' },
    { status: 500, error: undefined },
  ]
  for (const end of ends) tracing?.issuerRequest('GET', endpoint)(end)
  await tracing?.stop()
  t.strictSame(
    receiver.spans.map(({ attributes, isError }) => [attributes['error.type'], isError]),
    [ends[0]?.error, ends[1]?.error, '404', '500'].map((type) => [type, true]),
  )
})

t.test('a request over TLS has the scheme https', async (t) => {
  const receiver = await startReceiver(t)
  const { tracing } = await tracingWith(t, { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url })
  const request = { headers: {}, httpVersion: '1.1', socket: { encrypted: true } }
  // what is asked of a request here
  tracing?.exchange(request as unknown as IncomingMessage, { ...record, traceId: undefined }).end()
  await tracing?.stop()
  t.match(receiver.spans, [{ attributes: { 'url.scheme': 'https' } }])
})

t.test('where a request goes, as the conventions name it', (t) => {
  const cases = [
    ['http://api.example', '/a?b', ['api.example', 80, 'http://api.example/a']],
    ['https://api.example', '/', ['api.example', 443, 'https://api.example/']],
    ['http://[::1]:8080', '/a#b', ['[::1]', 8080, 'http://[::1]:8080/a']],
  ] as const
  for (const [origin, target, values] of cases)
    t.strictSame([...Object.values(originAttributes(origin)), fullUrl(origin, target)], values)
  t.strictSame(serverAttributes('a.example'), { 'server.address': 'a.example' })
  t.strictSame(Object.values(serverAttributes('[::1]:80')), ['[::1]', 80])
  for (const host of [undefined, '', 'a b', 'user@a', 'a:b', 'a:123456'])
    t.strictSame(serverAttributes(host), {})
  t.end()
})
