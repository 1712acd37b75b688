/** An API that does not answer, or not in time. */
import { once } from 'node:events'
import { createServer } from 'node:https'
import type net from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Test } from 'tap'
import { type Certificates, makeCertificates } from '../support/certificates.ts'
import { folderWith } from '../support/command.ts'
import { startRawUpstream } from '../support/wire.ts'
import { dial, eventually } from '../wire/support.ts'
import { type Failures, quoteOf } from './happened.ts'
import { type Api, metricsOf, startApi } from './support.ts'

/** Answers what is asked of `/export`, and nothing else, on each connection. */
function half(socket: net.Socket, text: string): void {
  if (text.lastIndexOf('GET /export') > text.lastIndexOf('GET /status'))
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
}

async function served(t: Test, api: Api): Promise<void> {
  t.equal((await api.ask('GET /export/1', { token: await api.token() })).status, 200)
}

/** What one request leaves behind. */
async function failing(api: Api) {
  const answer = await api.ask('GET /status')
  const quotes = [quoteOf(await api.lineOf(answer))]
  return { quotes, answers: [answer], metrics: await metricsOf(api) }
}

async function startTls(t: Test, { cert, key }: Certificates): Promise<number> {
  const server = createServer({ cert, key }).on('tlsClientError', () => undefined)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

export const upstreamFailures: Failures = {
  async 'Nothing listens at the upstream'(t) {
    return failing(await startApi(t, { upstream: 'http://127.0.0.1:1' }))
  },

  async 'The certificate of the upstream is refused'(t) {
    const certificates = makeCertificates()
    const ca = join(folderWith(t, { 'ca.pem': certificates.ca }), 'ca.pem')
    const url = `url: "https://localhost:${await startTls(t, certificates)}"`
    const strange = await failing(await startApi(t, { upstream: `{ ${url} }` }))
    const tls = `tls: { ca: ${ca}, serverName: api.internal }`
    const misnamed = await failing(await startApi(t, { upstream: `{ ${url}, ${tls} }` }))
    return { ...strange, quotes: [...strange.quotes, ...misnamed.quotes] }
  },

  async 'The upstream is too slow'(t) {
    const { port } = await startRawUpstream(t, half)
    const url = `{ url: "http://127.0.0.1:${port}", headersTimeout: 1s }`
    const api = await startApi(t, { upstream: url })
    await served(t, api)
    return failing(api)
  },

  async 'All upstream connections are busy'(t) {
    const { port, received } = await startRawUpstream(t, half)
    const url = `{ url: "http://127.0.0.1:${port}", connections: 1, connectTimeout: 1s }`
    const api = await startApi(t, { upstream: url })
    await served(t, api)
    const slow = dial(api.inbound)
    slow.write('GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await eventually(() => received.some((text) => text.includes('GET /status')))
    const happened = await failing(api)
    slow.destroy()
    return happened
  },
}
