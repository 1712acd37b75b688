/** Callers whose requests are refused, whatever their token. */
import { type Failures, quoteOf } from './happened.ts'
import { metricsOf, saying, startApi } from './support.ts'

const webSocket = [
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
]

export const requestFailures: Failures = {
  async 'A scope is missing'(t) {
    const api = await startApi(t)
    const answer = await api.ask('POST /upload', { token: await api.token(), body: 'hello' })
    const quotes = [quoteOf(await api.lineOf(answer))]
    return { quotes, answers: [answer], metrics: await metricsOf(api) }
  },

  async 'No route has the path, or not with this method'(t) {
    const api = await startApi(t)
    const token = await api.token({ scope: 'app-api/upload' })
    t.equal((await api.ask('POST /upload/', { token })).status, 200, 'a slash makes no difference')
    const answers = []
    const quotes = []
    for (const line of ['POST /uploads', 'PUT /upload', 'POST /Upload']) {
      const answer = await api.ask(line, { token })
      answers.push(answer)
      quotes.push(quoteOf(await api.lineOf(answer)))
    }
    return { quotes, answers, metrics: await metricsOf(api) }
  },

  async 'The path could be read in two ways'(t) {
    const api = await startApi(t)
    const answer = await api.ask('GET /export/2024%2F05', { token: await api.token() })
    const quotes = [quoteOf(await api.lineOf(answer))]
    return { quotes, answers: [answer], metrics: await metricsOf(api) }
  },

  async 'The request is too large'(t) {
    const api = await startApi(t, { inbound: '  limits: { maxBodyBytes: 1MiB }\n' })
    const token = await api.token({ scope: 'app-api/upload' })
    const answers = [
      await api.ask('GET /status', { headers: [`Cookie: ${'c'.repeat(20_000)}`] }),
      await api.ask(`GET /status?${'q'.repeat(10_000)}`),
      await api.ask('POST /upload', { token, body: 'b'.repeat(2 * 1024 * 1024) }),
    ]
    const quotes = api.log
      .filter(({ msg }) => msg === 'malformed request refused' || msg === 'request')
      .map(quoteOf)
    return { quotes, answers, metrics: await metricsOf(api) }
  },

  async 'WebSockets are refused'(t) {
    const api = await startApi(t)
    const headers = [...webSocket, 'Connection: Upgrade']
    const answer = await api.ask('GET /export/live', { token: await api.token(), headers })
    const line = await api.logged(saying('request'))
    return { quotes: [quoteOf(line)], answers: [answer], metrics: await metricsOf(api) }
  },
}
