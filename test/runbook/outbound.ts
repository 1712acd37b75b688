/** Calls of the service that get no access token, or none that is accepted. */
import { join } from 'node:path'
import { check } from '../../src/commands/check.ts'
import { seconds, systemClock } from '../../src/units.ts'
import { fakeIo } from '../commands/support.ts'
import { folderWith } from '../support/command.ts'
import { exporter, startOidcProvider } from '../support/oidc-provider.ts'
import { answerOk, startRawUpstream } from '../support/wire.ts'
import { answers as answering, startEndpoint } from '../tokens/endpoint.ts'
import { call, outboundYaml, startOutbound, startTokens } from '../wire/outbound-support.ts'
import { type Failures, quoteOf } from './happened.ts'
import { lineOf, metricsOf, saying } from './support.ts'

const noToken = saying('no token could be obtained')
const routeTo = (port: number): string =>
  `{ path: /reports, upstream: "http://127.0.0.1:${port}", client: worker }`

export const outboundFailures: Failures = {
  async 'The issuer refuses the client, or a scope'(t) {
    const issuer = await startOidcProvider(t)
    const { port } = await startRawUpstream(t)
    const at = `tokenEndpoint: "${issuer.url}/token", clientId: "${exporter.id}", prefetch: false`
    const to = `upstream: "http://127.0.0.1:${port}"`
    const yaml = `version: 1
clients:
  worker: { ${at}, clientSecret: { env: OLD_SECRET } }
  nightly: { ${at}, clientSecret: { env: SECRET } }
outbound:
  listen: 127.0.0.1:0
  routes:
    - { path: /reports, ${to}, client: worker, scopes: app-api/export }
    - { path: /archive, ${to}, client: nightly, scopes: app-api/upload }
admin: { listen: 127.0.0.1:0 }
`
    const env = { OLD_SECRET: 'the-secret-of-last-year', SECRET: exporter.secret }
    const scene = await startOutbound(t, yaml, { env })
    scene.leaks.forbid(...Object.values(env))
    const answer = await call(scene, 'GET /reports/1')
    await call(scene, 'GET /archive/1')
    const failures = scene.log.filter(noToken).map(quoteOf)

    const config = join(folderWith(t, { 'proxy.config.yaml': yaml }), 'proxy.config.yaml')
    const asked = fakeIo(t, { env })
    asked.leaks.forbid(...Object.values(env))
    t.equal(await check({ name: 'check', config, json: false, online: true }, asked.io), 1)
    const quotes = [...failures, quoteOf(await lineOf(scene, answer)), asked.out()]
    return { quotes, answers: [answer], metrics: await metricsOf(scene) }
  },

  async 'The token endpoint does not answer'(t) {
    const endpoint = await startEndpoint(() => undefined)
    t.teardown(() => endpoint.close())
    const { port } = await startRawUpstream(t)
    const client = '    prefetch: false\n    requestTimeout: 100ms\n'
    const scene = await startOutbound(t, outboundYaml(endpoint.url, [routeTo(port)], { client }))
    const answer = await call(scene, 'GET /reports/1')
    const quotes = [await scene.logged(noToken), await lineOf(scene, answer)].map(quoteOf)
    return { quotes, answers: [answer], metrics: await metricsOf(scene) }
  },

  async 'The other API answers 401 again and again'(t) {
    const tokens = await startTokens(t)
    const { port } = await startRawUpstream(
      t,
      answerOk(
        'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer error="invalid_token"\r\nContent-Length: 0\r\n\r\n',
      ),
    )
    const scene = await startOutbound(t, outboundYaml(tokens.url, [routeTo(port)]))
    for (let count = 0; count < 10; count += 1)
      t.equal((await call(scene, 'GET /reports/1')).status, 401)
    t.equal(tokens.seen.length, 2, 'one renewal, and no more within 30 s')
    const [line = {}] = scene.log.filter(saying('request')).slice(-1)
    const obtained = scene.log.filter(saying('token obtained'))
    return { quotes: [...obtained, line].map(quoteOf), metrics: await metricsOf(scene) }
  },

  async 'Tokens live shorter than they need to'(t) {
    const lives = { access_token: 'hush-token-number-0', token_type: 'Bearer', expires_in: 300 }
    const endpoint = await startEndpoint(answering(lives))
    t.teardown(() => endpoint.close())
    const { port } = await startRawUpstream(t)
    const noon = Math.floor(systemClock())
    let later = 0
    const scene = await startOutbound(t, outboundYaml(endpoint.url, [routeTo(port)]), {
      clock: () => seconds(noon + later),
    })
    for (later of [0, 250]) t.equal((await call(scene, 'GET /reports/1')).status, 200)
    const line = await scene.logged(saying('tokens of a client live shorter than they need to'))
    return { quotes: [quoteOf(line)], metrics: await metricsOf(scene) }
  },
}
