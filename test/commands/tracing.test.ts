/** Tracing in the built command: loaded when it is asked for, flushed at the end, never in the way of traffic. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import { buildCommand, type Served, startCommand } from '../support/command.ts'
import { startReceiver } from '../support/otlp.ts'
import { exchangeRaw, headsOf, type RawUpstream, startRawUpstream } from '../support/wire.ts'

const built = buildCommand(t)
const get = 'GET /open HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n'

async function startWith(
  t: Test,
  env: Readonly<Record<string, string>>,
): Promise<Served & { readonly upstream: RawUpstream }> {
  const upstream = await startRawUpstream(t)
  const yaml = `version: 1
inbound:
  listen: 127.0.0.1:0
  upstream: http://127.0.0.1:${upstream.port}
  routes: [{ path: /open, methods: [GET], public: true }]
admin: { listen: 127.0.0.1:0 }
`
  return { ...(await startCommand(t, built, yaml, { env })), upstream }
}

t.test('what is left is sent before the process ends', async (t) => {
  const receiver = await startReceiver(t)
  const served = await startWith(t, { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url })
  t.match(await exchangeRaw(served.inbound, get), { status: 200 })
  t.equal(receiver.spans.length, 0, 'a batch waits five seconds')
  served.child.kill('SIGTERM')
  t.match(await served.ended, { code: 0 })
  t.same(receiver.spans.map(({ kind }) => kind).toSorted(), ['CLIENT', 'SERVER'])
  const [client] = receiver.spans.filter(({ kind }) => kind === 'CLIENT')
  t.match(headsOf(served.upstream.received)[0]?.headers, [
    ...[/^Host/, /^X-/, /^X-/, /^X-/, /^X-/],
    `traceparent: 00-${client?.traceId ?? ''}-${client?.spanId ?? ''}-01`,
  ])
  t.match(served.printed(), `"traceId":"${client?.traceId ?? ''}"`)
})

t.test('a receiver that is not there, and an address that is none, disturb nothing', async (t) => {
  for (const [endpoint, words] of [
    ['http://127.0.0.1:9', 'spans could not be sent'],
    ['collector', 'tracing is off'],
  ] as const) {
    const served = await startWith(t, { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint })
    t.match(await exchangeRaw(served.inbound, get), { status: 200 })
    served.child.kill('SIGTERM')
    t.match(await served.ended, { code: 0, out: words, err: '' })
  }
})

t.test('OpenTelemetry is in a part of the bundle that a start does not load', (t) => {
  const folder = dirname(built)
  const parts = new Map(
    readdirSync(folder)
      .filter((name) => name.endsWith('.js'))
      .map((name) => [name, readFileSync(join(folder, name), 'utf8')]),
  )
  const reached = new Set<string>()
  const reach = (name: string): void => {
    if (reached.has(name)) return
    reached.add(name)
    const text = parts.get(name) ?? ''
    // imports with parentheses are the late ones
    for (const [, next = ''] of text.matchAll(/(?:from|import)\s*"\.\/([\w.-]+\.js)"/g)) reach(next)
  }
  reach('main.js')
  for (const name of parts.keys()) if (name.startsWith('run-')) reach(name)
  const tracers = [...parts].filter(([, text]) => text.includes('BatchSpanProcessor'))
  t.ok(reached.size > 2)
  t.ok(tracers.length > 0)
  t.strictSame(
    tracers.map(([name]) => name).filter((name) => reached.has(name)),
    [],
  )
  t.end()
})
