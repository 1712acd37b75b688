/** A receiver of OTLP over HTTP, in JSON: what a collector would see of our spans. */
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'

export type ReceivedSpan = {
  readonly name: string
  readonly kind: 'SERVER' | 'CLIENT' | 'other'
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string | undefined
  readonly attributes: Readonly<Record<string, unknown>>
  readonly isError: boolean
  /** Of the resource that it came with. */
  readonly resource: Readonly<Record<string, unknown>>
}

export type Receiver = {
  readonly url: string
  /** Path and headers of each request. */
  readonly requests: readonly { readonly path: string; readonly headers: IncomingHttpHeaders }[]
  readonly spans: readonly ReceivedSpan[]
  /** Everything received, as text. */
  text(): string
  /** Resolves once the spans so far fit. */
  until(fits: (spans: readonly ReceivedSpan[]) => boolean): Promise<void>
  /** Resolves with the next request that comes. */
  asked(): Promise<void>
}

/** `answer` is called for each request; the default takes everything. */
export async function startReceiver(
  t: Test,
  answer = (response: ServerResponse): void => void response.end('{}'),
): Promise<Receiver> {
  const requests: { path: string; headers: IncomingHttpHeaders }[] = []
  const spans: ReceivedSpan[] = []
  let text = ''
  const server = createServer((request, response) => {
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => pieces.push(piece))
    request.on('end', () => {
      const body = Buffer.concat(pieces).toString()
      text += body
      spans.push(...spansIn(body))
      requests.push({ path: String(request.url), headers: request.headers })
      answer(response)
      server.emit('received')
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    spans,
    text: () => text,
    async until(fits) {
      while (!fits(spans)) await once(server, 'received')
    },
    async asked() {
      await once(server, 'received')
    },
  }
}

type Wire = {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] }
    readonly scopeSpans: readonly {
      readonly spans: readonly {
        readonly name: string
        readonly kind: number
        readonly traceId: string
        readonly spanId: string
        readonly parentSpanId?: string
        readonly attributes: readonly Attribute[]
        readonly status: { readonly code: number }
      }[]
    }[]
  }[]
}
type Attribute = { readonly key: string; readonly value: Readonly<Record<string, unknown>> }

function spansIn(body: string): readonly ReceivedSpan[] {
  return (JSON.parse(body) as Wire).resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map(({ name, kind, traceId, spanId, parentSpanId, attributes, status }) => ({
        ...{ name, traceId, spanId, parentSpanId },
        kind: kind === 2 ? 'SERVER' : kind === 3 ? 'CLIENT' : 'other',
        attributes: record(attributes),
        isError: status.code === 2,
        resource: record(resource.attributes),
      })),
    ),
  )
}

function record(attributes: readonly Attribute[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]))
}
