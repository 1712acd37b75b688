/** Spans of proxied requests, as a collector receives them, and the one `traceparent` that the upstream does. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import * as conventions from '@opentelemetry/semantic-conventions'
import t, { type Test } from 'tap'
import WebSocket, { WebSocketServer } from 'ws'
import { startEndpoint } from '../tokens/endpoint.ts'
import { startReceiver, type ReceivedSpan } from '../support/otlp.ts'
import { tracingInto } from '../support/tracing.ts'
import { headsOf, startRawUpstream } from '../support/wire.ts'
import { call, counted, hush, outboundYaml, startOutbound } from '../wire/outbound-support.ts'
import { dial, startInbound } from '../wire/support.ts'

const callersTrace = '4bf92f3577b34da6a3ce929d0e0e4736'
const callersSpan = '00f067aa0ba902b7'
const traceparent = `traceparent: 00-${callersTrace}-${callersSpan}-01`

const get = (target: string, ...headers: readonly string[]): string =>
  `GET ${target} HTTP/1.1\r\n${['Host: api.example:8080', ...headers, 'Connection: close'].join('\r\n')}\r\n\r\n`

/** Header lines of the trace, of each request that the upstream received. */
const traceLines = (received: readonly string[]): readonly (readonly string[])[] =>
  headsOf(received).map(({ headers }) => headers.filter((line) => /^trace/i.test(line)))

const ofKind = (spans: readonly ReceivedSpan[], kind: string): readonly ReceivedSpan[] =>
  spans.filter((span) => span.kind === kind)

/** Every attribute is one of the conventions, or ours. */
function checkNames(t: Test, spans: readonly ReceivedSpan[]): void {
  const known: readonly unknown[] = Object.values(conventions)
  for (const { attributes } of spans)
    for (const name of Object.keys(attributes))
      t.ok(name.startsWith('scopegate.') || known.includes(name), name)
}

t.test('when tracing is off, the trace context passes as it came', async (t) => {
  const upstream = await startRawUpstream(t)
  const scene = await startInbound(t, upstream.port)
  const lines = [traceparent, 'tracestate: a=1', 'TraceState: b=2']
  await scene.send(get('/open/1', ...lines))
  t.strictSame(traceLines(upstream.received), [lines])
  t.match(await scene.logged(({ msg }) => msg === 'request'), { traceId: callersTrace })
})

t.test('the span of the caller is the parent of ours, and ours that of the upstream', async (t) => {
  const receiver = await startReceiver(t)
  const tracing = await tracingInto(t, receiver)
  const upstream = await startRawUpstream(t)
  const scene = await startInbound(t, upstream.port, '', { tracing })
  const token = await scene.token()
  const lines = [traceparent, 'tracestate: a=1', `Authorization: Bearer ${token}`]
  await scene.send(get('/read/1?access_token=secret-query', ...lines))
  await receiver.until((spans) => spans.length === 2)
  scene.leaks.forbid('secret-query')
  scene.leaks.saw(receiver.text())

  const [server] = ofKind(receiver.spans, 'SERVER')
  const [client] = ofKind(receiver.spans, 'CLIENT')
  t.match(server, {
    name: 'GET /read/**',
    ...{ traceId: callersTrace, parentSpanId: callersSpan, isError: false },
  })
  t.strictSame(server?.attributes, {
    'http.request.method': 'GET',
    'server.address': 'api.example',
    'server.port': 8080,
    'url.path': '/read/1',
    'url.scheme': 'http',
    'network.protocol.version': '1.1',
    'http.route': '/read/**',
    'http.response.status_code': 200,
    'scopegate.direction': 'inbound',
    'scopegate.request_id': scene.log.find(({ msg }) => msg === 'request')?.['requestId'],
    'scopegate.decision': 'allow',
    'scopegate.client_id': 'caller',
  })
  t.match(client, {
    ...{ name: 'GET', traceId: callersTrace, parentSpanId: server?.spanId, isError: false },
  })
  t.strictSame(client?.attributes, {
    'http.request.method': 'GET',
    'server.address': '127.0.0.1',
    'server.port': upstream.port,
    'url.full': `http://127.0.0.1:${upstream.port}/read/1`,
    'http.response.status_code': 200,
  })
  checkNames(t, receiver.spans)
  t.strictSame(traceLines(upstream.received), [
    ['tracestate: a=1', `traceparent: 00-${callersTrace}-${client?.spanId ?? ''}-01`],
  ])
  t.match(await scene.logged(({ msg }) => msg === 'request'), { traceId: callersTrace })
})

t.test('a fragment, which may be a token, is in no span', async (t) => {
  const receiver = await startReceiver(t)
  const tracing = await tracingInto(t, receiver)
  const upstream = await startRawUpstream(t)
  const scene = await startInbound(t, upstream.port, '  mode: report\n', { tracing })
  await scene.send(get('/open/1#access_token=secret-fragment'))
  await receiver.until((spans) => spans.length === 2)
  scene.leaks.forbid('secret-fragment')
  scene.leaks.saw(receiver.text())
  t.match(ofKind(receiver.spans, 'SERVER')[0]?.attributes, { 'url.path': '/open/1' })
})

t.test('without one well-formed traceparent a trace begins here', async (t) => {
  const receiver = await startReceiver(t)
  const tracing = await tracingInto(t, receiver)
  const upstream = await startRawUpstream(t)
  const scene = await startInbound(t, upstream.port, '', { tracing })
  const cases = [
    [],
    ['tracestate: a=1'],
    ['traceparent: 00-zz', 'tracestate: a=1'],
    [traceparent, traceparent, 'tracestate: a=1'],
    ['Traceparent: ', 'TRACESTATE: a=1'],
  ]
  for (const lines of cases) await scene.send(get('/open/1', ...lines))
  await receiver.until((spans) => spans.length === 2 * cases.length)
  const sent = ofKind(receiver.spans, 'CLIENT').map(({ traceId, spanId }) => [
    `traceparent: 00-${traceId}-${spanId}-01`,
  ])
  t.strictSame(traceLines(upstream.received), sent)
  for (const { parentSpanId, traceId } of ofKind(receiver.spans, 'SERVER')) {
    t.equal(parentSpanId, undefined)
    t.ok(scene.log.some((line) => line['traceId'] === traceId))
  }
  t.notOk(receiver.spans.some(({ traceId }) => traceId === callersTrace))
})

t.test('a refused request has a span with its reason, and none goes upstream', async (t) => {
  const receiver = await startReceiver(t)
  const tracing = await tracingInto(t, receiver)
  const upstream = await startRawUpstream(t)
  const scene = await startInbound(t, upstream.port, '', { tracing })
  await scene.send(get('/read/1').replace('api.example:8080', 'a b'))
  await scene.send(get('/read/1').replace('api.example:8080', 'api.example'))
  await receiver.until((spans) => spans.length === 2)
  t.match(receiver.spans, [
    { name: 'GET', kind: 'SERVER', isError: false },
    { name: 'GET /read/**', kind: 'SERVER', isError: false },
  ])
  t.match(receiver.spans[0]?.attributes, {
    ...{ 'http.response.status_code': 400, 'server.address': undefined },
  })
  t.match(receiver.spans[1]?.attributes, {
    ...{ 'http.response.status_code': 401, 'server.address': 'api.example' },
    ...{ 'scopegate.decision': 'deny', 'scopegate.reason': 'missing_token' },
  })
  t.equal(receiver.spans[1]?.attributes['server.port'], undefined)
  t.equal(upstream.received.length, 0)
})

t.test('an upstream that fails shows in both spans', async (t) => {
  const receiver = await startReceiver(t)
  const tracing = await tracingInto(t, receiver)
  const gone = await startRawUpstream(t, (socket) => socket.destroy())
  const scene = await startInbound(t, gone.port, '', { tracing })
  await scene.send(get('/open/1'))
  await receiver.until((spans) => spans.length === 2)
  const [client] = ofKind(receiver.spans, 'CLIENT')
  const [server] = ofKind(receiver.spans, 'SERVER')
  t.match(client, { isError: true, attributes: { 'error.type': /\w/ } })
  t.equal(client?.attributes['http.response.status_code'], undefined)
  t.match(server, {
    isError: true,
    attributes: { 'http.response.status_code': 502, 'error.type': 'upstream_error' },
  })
})

t.test('an answer that is cut, one that does not come, those that say 404 and 503', async (t) => {
  const receiver = await startReceiver(t)
  const tracing = await tracingInto(t, receiver)
  const upstream = await startRawUpstream(t, (socket, text) => {
    if (text.includes('/cut')) {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf')
      setImmediate(() => socket.destroy())
    }
    if (text.includes('/none')) socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n')
    if (text.includes('/busy')) socket.end('HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n')
  })
  const routes = `  routes: [{ path: /**, methods: [GET, PROPFIND], public: true, timeouts: { headers: 50ms } }]\n`
  const scene = await startInbound(t, upstream.port, routes, { tracing })
  await scene.send(get('/cut'))
  await scene.send(get('/late'))
  await scene.send(get('/none').replace('GET', 'PROPFIND'))
  await scene.send(get('/busy'))
  await receiver.until((spans) => spans.length === 8)
  const clients = ofKind(receiver.spans, 'CLIENT')
  t.match(clients, [
    { name: 'GET', isError: true, attributes: { 'http.response.status_code': 200 } },
    { name: 'GET', isError: true, attributes: { 'error.type': 'upstream_timeout' } },
    {
      ...{ name: 'HTTP', isError: true },
      attributes: { 'http.response.status_code': 404, 'error.type': '404' },
    },
    { name: 'GET', isError: true, attributes: { 'error.type': '503' } },
  ])
  t.match(ofKind(receiver.spans, 'SERVER')[3], {
    ...{ isError: true, attributes: { 'error.type': '503' } },
  })
  t.match(ofKind(receiver.spans, 'SERVER')[2], {
    ...{ name: 'HTTP /**', isError: false },
    attributes: { 'http.request.method': '_OTHER', 'http.request.method_original': 'PROPFIND' },
  })
  checkNames(t, receiver.spans)
})

t.test('a caller that goes away ends both spans, without a status that nobody saw', async (t) => {
  const receiver = await startReceiver(t)
  const tracing = await tracingInto(t, receiver)
  const upstream = await startRawUpstream(t, () => {
    caller.destroy()
  })
  const scene = await startInbound(t, upstream.port, '', { tracing })
  const caller = dial(scene.inbound)
  caller.write('GET /open/1 HTTP/1.1\r\nHost: a\r\n\r\n')
  await receiver.until((spans) => spans.length === 2)
  const [server] = ofKind(receiver.spans, 'SERVER')
  t.match(server, { isError: false, attributes: { 'error.type': 'client_gone' } })
  t.equal(server?.attributes['http.response.status_code'], undefined)
  t.match(ofKind(receiver.spans, 'CLIENT'), [{ attributes: { 'error.type': 'cancelled' } }])
})

t.test('the sampler of OTEL_TRACES_SAMPLER decides, and the upstream is told', async (t) => {
  const receiver = await startReceiver(t)
  const tracing = await tracingInto(t, receiver, { OTEL_TRACES_SAMPLER: 'parentbased_always_off' })
  const upstream = await startRawUpstream(t)
  const scene = await startInbound(t, upstream.port, '', { tracing })
  await scene.send(get('/open/1'))
  await scene.send(get('/open/1', traceparent.replace(/01$/, '00')))
  await scene.send(get('/open/1', traceparent))
  await receiver.until((spans) => spans.length === 2)
  t.match(
    traceLines(upstream.received).map(([line]) => line?.slice(-2)),
    ['00', '00', '01'],
  )
  t.strictSame([...new Set(receiver.spans.map(({ traceId }) => traceId))], [callersTrace])
  const logged = scene.log.filter(({ msg }) => msg === 'request')
  t.equal(new Set(logged.map(({ traceId }) => traceId)).size, 2)
})

t.test('name, attributes and headers of the environment are used', async (t) => {
  const receiver = await startReceiver(t)
  const tracing = await tracingInto(t, receiver, {
    OTEL_SERVICE_NAME: 'export-api',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test,service.name=other',
    OTEL_EXPORTER_OTLP_HEADERS: 'x-key=of-the-collector',
  })
  const upstream = await startRawUpstream(t)
  const scene = await startInbound(t, upstream.port, '', { tracing })
  await scene.send(get('/open/1'))
  await receiver.until((spans) => spans.length === 2)
  t.match(receiver.spans[0]?.resource, {
    ...{ 'service.name': 'export-api', 'service.version': '1.2.3' },
    'deployment.environment.name': 'test',
  })
  t.match(receiver.requests[0], { path: '/v1/traces', headers: { 'x-key': 'of-the-collector' } })
})

t.test('a WebSocket has its spans, and its handshake one traceparent', async (t) => {
  const receiver = await startReceiver(t)
  const tracing = await tracingInto(t, receiver)
  const server = createServer()
  const sockets = new WebSocketServer({ server })
  const seen: unknown[] = []
  sockets.on('connection', (socket, { headers }) => {
    seen.push(headers['traceparent'])
    socket.close()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  const routes = `  routes: [{ path: /events, methods: [GET], public: true, websocket: true }]\n`
  const scene = await startInbound(t, port, routes, { tracing })
  const socket = new WebSocket(`ws://127.0.0.1:${scene.inbound}/events`, {
    headers: { traceparent: traceparent.slice('traceparent: '.length) },
  })
  await once(socket, 'close')
  await receiver.until((spans) => spans.length === 2)
  const [client] = ofKind(receiver.spans, 'CLIENT')
  t.strictSame(seen, [`00-${callersTrace}-${client?.spanId ?? ''}-01`])
  t.match(ofKind(receiver.spans, 'SERVER')[0]?.attributes, { 'http.response.status_code': 101 })
  t.match(client?.attributes, { 'http.response.status_code': 101 })
  t.notOk('error.type' in (client?.attributes ?? {}), 'it was no failure')
})

t.test('outbound: the token request, the call, and the call with another token', async (t) => {
  const receiver = await startReceiver(t)
  const tracing = await tracingInto(t, receiver)
  const endpoint = await startEndpoint(counted)
  t.teardown(() => endpoint.close())
  const upstream = await startRawUpstream(t, (socket, text) =>
    socket.end(
      text.includes('hush-token-number-1')
        ? 'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer error="invalid_token"\r\nContent-Length: 0\r\n\r\n'
        : 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
    ),
  )
  const yaml = outboundYaml(endpoint.url, [
    `{ path: /api, upstream: "http://127.0.0.1:${upstream.port}/v1" }`,
  ])
  const scene = await startOutbound(t, yaml, { tracing })
  t.match(await call(scene, 'GET /api/x?q=secret-query', [traceparent]), { status: 200 })
  await receiver.until((spans) => spans.length === 5)
  scene.leaks.forbid('secret-query', Buffer.from(`worker-id:${hush}`).toString('base64'))
  scene.leaks.saw(receiver.text())

  const [server] = ofKind(receiver.spans, 'SERVER')
  t.match(server, {
    ...{ name: 'GET /api', traceId: callersTrace, parentSpanId: callersSpan },
    attributes: { 'scopegate.direction': 'outbound', 'http.route': '/api' },
  })
  const calls = ofKind(receiver.spans, 'CLIENT').filter(({ traceId }) => traceId === callersTrace)
  const full = `http://127.0.0.1:${upstream.port}/v1/x`
  t.match(calls, [
    { isError: true, attributes: { 'http.response.status_code': 401, 'url.full': full } },
    { attributes: { 'http.response.status_code': 200, 'http.request.resend_count': 1 } },
  ])
  t.equal(calls[0]?.attributes['http.request.resend_count'], undefined)
  for (const { parentSpanId } of calls) t.equal(parentSpanId, server?.spanId)
  t.strictSame(
    traceLines(upstream.received),
    calls.map(({ spanId }) => [`traceparent: 00-${callersTrace}-${spanId}-01`]),
  )

  const tokens = ofKind(receiver.spans, 'CLIENT').filter(({ name }) => name === 'POST')
  t.equal(tokens.length, 2)
  for (const { attributes, parentSpanId } of tokens) {
    t.strictSame(attributes, {
      'http.request.method': 'POST',
      'server.address': '127.0.0.1',
      'server.port': Number(new URL(endpoint.url).port),
      'url.full': endpoint.url,
      'http.response.status_code': 200,
    })
    t.equal(parentSpanId, undefined)
  }
  t.notOk(
    endpoint.seen.some(({ headers }) => 'traceparent' in headers),
    'issuers are not told',
  )
  checkNames(t, receiver.spans)
})

t.test('requests to issuers that fail, with a status and without an answer', async (t) => {
  const receiver = await startReceiver(t)
  const tracing = await tracingInto(t, receiver)
  const issuer = await startEndpoint((response) => void response.writeHead(503).end())
  t.teardown(() => issuer.close())
  const gone = await startRawUpstream(t, (socket) => socket.destroy())
  const base = issuer.url.replace('/oauth2/token', '')
  const yaml = (tokenEndpoint: string): string =>
    outboundYaml(tokenEndpoint, ['{ path: /api, upstream: "http://127.0.0.1:9" }'], {
      client: '',
      rest: `issuers:
  other: { issuer: "${base}", audience: any, jwksUri: "${base}/keys?v=secret-query" }
inbound:
  listen: 127.0.0.1:0
  upstream: http://127.0.0.1:9
  routes: [{ path: /, authenticated: true }]
`,
    })
  const scene = await startOutbound(t, yaml(issuer.url), { tracing })
  scene.leaks.forbid('secret-query')
  await receiver.until((spans) => spans.length >= 2)
  t.match(
    receiver.spans.find(({ name }) => name === 'GET'),
    {
      ...{ kind: 'CLIENT', isError: true },
      attributes: {
        ...{ 'url.full': `${base}/keys`, 'http.response.status_code': 503, 'error.type': '503' },
      },
    },
  )
  t.match(
    receiver.spans.find(({ name }) => name === 'POST'),
    {
      ...{ kind: 'CLIENT', isError: true },
      attributes: { 'http.response.status_code': 503, 'error.type': '503' },
    },
  )
  t.ok(scene.reload(yaml(`http://127.0.0.1:${gone.port}/token`)).ok)
  await receiver.until((spans) =>
    spans.some(({ attributes }) => attributes['error.type'] === 'endpoint_unreachable'),
  )
  scene.leaks.saw(receiver.text())
  checkNames(t, receiver.spans)
})

t.test('keys found by discovery have a span for each request', async (t) => {
  const receiver = await startReceiver(t)
  const tracing = await tracingInto(t, receiver)
  const issuer = await startEndpoint((response, { url }) => {
    const base = `http://${String(response.req.headers.host)}`
    response.end(
      url === '/keys' ? '{"keys":[]}' : JSON.stringify({ issuer: base, jwks_uri: `${base}/keys` }),
    )
  })
  t.teardown(() => issuer.close())
  const base = issuer.url.replace('/oauth2/token', '')
  const upstream = await startRawUpstream(t)
  const scene = await startInbound(t, upstream.port, '', { tracing })
  t.ok(scene.reload(scene.yaml().replace(/main: .*/, `main: { issuer: '${base}', audience: any }`)))
  await receiver.until((spans) => spans.length === 2)
  t.strictSame(
    receiver.spans.map(({ attributes }) => attributes['url.full']),
    [`${base}/.well-known/openid-configuration`, `${base}/keys`],
  )
})
