/** What an upstream client may tell too late or at a bad moment: no socket could bring it about at will. */
import { EventEmitter, once } from 'node:events'
import http from 'node:http'
import t from 'tap'
import type { ClearedTarget } from '../../src/decision/enforce.ts'
import type { Exchange } from '../../src/proxy/exchange.ts'
import { forward } from '../../src/proxy/forward.ts'
import { createInFlight } from '../../src/proxy/in-flight.ts'
import { createInbound } from '../../src/proxy/inbound.ts'
import { openHttp1Line } from '../../src/proxy/http1-line.ts'
import { createPool } from '../../src/proxy/upstream-pool.ts'
import type { Upstream, UpstreamFailure, UpstreamHandler } from '../../src/proxy/upstream.ts'
import type { WebSockets } from '../../src/proxy/websocket.ts'
import { milliseconds, ok, seconds } from '../../src/units.ts'
import { configOf } from '../support/scene.ts'
import { startRawUpstream } from '../support/wire.ts'

const broken: UpstreamFailure = {
  code: 'upstream_error',
  cause: 'ECONNRESET',
  staleConnection: false,
}

/** A request on its way, its upstream in the hands of the test. */
function begin() {
  const written: string[] = []
  const res = Object.assign(new EventEmitter(), {
    headersSent: false,
    writeHead: (status: number) => written.push(String(status)),
    end: (body: string) => written.push(body),
  })
  const socket = {
    ...{ destroyed: false, writableNeedDrain: false },
    write: (text: string) => written.push(text),
  }
  const record = { method: 'GET', direction: 'inbound', upstreamError: undefined }
  const exchange = {
    ...{ req: { socket, httpVersionMinor: 1 }, res, record, hasBody: false },
    settings: { isClosing: () => false, reportUpstream: () => undefined },
  } as unknown as Exchange
  const handlers: UpstreamHandler[] = []
  let aborted = 0
  const upstream: Upstream = {
    send(_request, handler) {
      handlers.push(handler)
      return { resume: () => undefined, abort: () => (aborted += 1) }
    },
    origin: 'http://127.0.0.1',
    busy: () => 0,
    close: () => undefined,
  }
  forward(exchange, {
    ...{ upstream, target: '/a' as ClearedTarget, headers: [], replayBytes: 0 },
    ...{ headersTimeout: milliseconds(60_000), bodyTimeout: milliseconds(60_000) },
  })
  const handler = handlers[0] as UpstreamHandler
  return { handler, res, socket, record, written, aborted: () => aborted }
}

t.test('an answer that comes after the one given without the upstream is not mixed in', (t) => {
  const { handler, res, written } = begin()
  res.headersSent = true
  handler.head(200, [])
  t.equal(handler.data(Buffer.from('late')), false, 'nothing more is asked for')
  t.equal(handler.isTaken(), false)
  handler.end()
  t.strictSame(written, [])
  t.end()
})

t.test('hints are not kept for a downstream that reads none (R22)', (t) => {
  const { handler, socket, written } = begin()
  handler.interim(103, ['Link', '</a>', 'X', 'y', 'link', '</b>'])
  socket.writableNeedDrain = true
  handler.interim(103, ['Link', '</c>'])
  t.strictSame(written, ['HTTP/1.1 103 Early Hints\r\nLink: </a>, </b>\r\n\r\n'])
  t.end()
})

t.test('a failure after the end is nobody’s', (t) => {
  const { handler, res, record, written, aborted } = begin()
  res.emit('close')
  t.equal(aborted(), 1)
  handler.failed(broken)
  t.strictSame([written, record.upstreamError], [[], undefined])
  t.end()
})

t.test('a failure is not answered to a caller that has gone', (t) => {
  const { handler, socket, record, written } = begin()
  socket.destroyed = true
  handler.failed(broken)
  t.strictSame([written, record.upstreamError], [[], undefined])
  t.end()
})

const yaml = (port: number) => `version: 1
issuers: { app: { userPoolId: eu-central-1_a1B2c3D4e } }
inbound:
  listen: 127.0.0.1:0
  upstream: { url: "http://127.0.0.1:${port}", connections: 1 }
  routes: [{ path: /a, scopes: a/b }]
`

t.test('a caller that goes away while its token is verified reaches no upstream', async (t) => {
  const { inbound: config } = configOf(yaml(1))
  let sent = 0
  let judge: (verdict: ReturnType<typeof tokenOf>) => void = () => undefined
  const inbound = createInbound({
    config: config!,
    verify: () => new Promise((resolve) => (judge = resolve)),
    upstream: {
      send: () => {
        sent += 1
        return { resume: () => undefined, abort: () => undefined }
      },
      origin: 'http://127.0.0.1',
      busy: () => 0,
      close: () => undefined,
    },
    webSockets: {} as WebSockets,
    exchange: {
      ...{ direction: 'inbound', configHash: '', problems: {} as never, limits: {} as never },
      ...{ isClosing: () => false, inFlight: createInFlight(), report: () => undefined },
      reportUpstream: () => undefined,
    },
  })
  const server = http.createServer()
  t.teardown(() => server.close())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  for (const goes of [false, true]) {
    const request = http.get({ port, path: '/a', headers: { authorization: 'Bearer a.b.c' } })
    request.on('error', () => undefined)
    const [req, res] = (await once(server, 'request')) as [
      http.IncomingMessage,
      http.ServerResponse,
    ]
    inbound.handle(req, res, false)
    if (goes) {
      request.destroy()
      await once(res, 'close')
    }
    judge(tokenOf())
    await new Promise((resolve) => setImmediate(resolve))
    t.equal(sent, 1, goes ? 'the one that has gone is not sent' : 'the one that waits is')
    if (!goes) request.destroy()
  }
})

const tokenOf = () =>
  ok({
    ...{ issuer: 'https://i.example', issuerName: 'app', clientId: 'c', claims: {} },
    ...{ scopes: new Set(['a/b']), expiresAt: seconds(4_000_000_000) },
  })

t.test('a request that was given up hears nothing more, though all were busy', async (t) => {
  const raw = await startRawUpstream(t, () => undefined)
  const upstream = createPool(configOf(yaml(raw.port)).inbound!.upstream, openHttp1Line)
  const failures: string[] = []
  const send = (name: string) =>
    upstream.send(
      { method: 'GET', target: '/a', headers: ['Host', 'a'], body: undefined, fresh: false },
      {
        ...{ sending: () => undefined, interim: () => undefined, end: () => undefined },
        ...{
          head: () => true,
          data: () => true,
          isTaken: () => true,
          failed: () => failures.push(name),
        },
      },
    )
  const [served, waiting, givenUp] = [send('served'), send('waiting'), send('given up')]
  send('refused').resume()
  waiting.resume()
  givenUp.abort()
  await new Promise((resolve) => setImmediate(resolve))
  t.strictSame(failures, ['refused'])
  waiting.abort()
  served.abort()
  upstream.close()
})
