/** Issuers whose keys cannot be had. */
import { join } from 'node:path'
import { check } from '../../src/commands/check.ts'
import { seconds, systemClock } from '../../src/units.ts'
import { says, startServer } from '../attacks/support.ts'
import { fakeIo } from '../commands/support.ts'
import { folderWith } from '../support/command.ts'
import { jwksOf } from '../support/issuer.ts'
import { type Failures, quoteOf } from './happened.ts'
import { ask, issuerOf, metricsOf, pool, routes, saying, startApi } from './support.ts'

const failed = saying('keys could not be fetched')

export const keyFailures: Failures = {
  async 'It is not ready after the start: keys are missing'(t) {
    const keys = `endpoint: "http://127.0.0.1:1", issuer: "${issuerOf(pool)}"`
    const api = await startApi(t, { keys: () => keys })
    const fetched = quoteOf(await api.logged(failed))
    const answer = await api.ask('GET /export/1', { token: await api.token() })
    const line = quoteOf(await api.lineOf(answer))
    const ready = await ask(api, api.admin, 'GET /readyz')
    t.equal(ready.status, 503)

    const yaml = `version: 1
issuers: { app: { userPoolId: ${pool}, ${keys} } }
inbound:
  listen: 127.0.0.1:0
  upstream: http://127.0.0.1:3000
${routes}`
    const config = join(folderWith(t, { 'proxy.config.yaml': yaml }), 'proxy.config.yaml')
    const { io, out } = fakeIo(t)
    t.equal(await check({ name: 'check', config, json: false, online: true }, io), 1)
    const quotes = [fetched, line, ready.body, out()]
    return { quotes, answers: [answer], metrics: await metricsOf(api) }
  },

  async 'Keys can no longer be fetched'(t) {
    const server = await startServer(t, says(''))
    let later = 0
    const api = await startApi(t, {
      clock: () => seconds(systemClock() + later),
      keys: (key) => {
        server.play = says(jwksOf(key))
        return `endpoint: "${server.url}", issuer: "${issuerOf(pool)}"`
      },
    })
    await api.logged(saying('keys fetched'))
    server.play = (response) => response.writeHead(502).end()
    later = 3600
    const good = await api.ask('GET /export/1', { token: await api.token() })
    t.equal(good.status, 200, 'the keys that are there serve on')
    const fetched = quoteOf(await api.logged(failed))
    later = 90_000
    const answer = await api.ask('GET /export/1', { token: await api.token() })
    const quotes = [fetched, quoteOf(await api.lineOf(answer))]
    t.ok(api.reload(api.yaml()).ok)
    const cured = await api.ask('GET /export/1', { token: await api.token() })
    t.equal(cured.status, 200, 'a file with the key set serves at once')
    return { quotes, answers: [answer], metrics: await metricsOf(api) }
  },
}
