/** What /metrics says of the moment: connections, requests, keys and tokens as they are when it is asked. */
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { clientNamed, startTestIssuer } from '../dev/support.ts'
import { folderWith } from '../support/command.ts'
import { jwksOf, makeKey } from '../support/issuer.ts'
import { type Scene, startScene } from '../support/scene.ts'
import { exchangeRaw, startRawUpstream } from '../support/wire.ts'
import { closed, dial, eventually } from '../wire/support.ts'

/** Name and labels of each of our samples, and its value. */
async function scrape(scene: Scene): Promise<ReadonlyMap<string, number>> {
  const { body } = await exchangeRaw(
    scene.admin,
    'GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
  )
  const samples = body.matchAll(/^scopegate_(\S+(?: [^}\n]*})?) (\S+)$/gm)
  return new Map([...samples].map(([, name = '', value]) => [name, Number(value)]))
}

t.test('a scrape counts what is open now, and knows the limits of the configuration', async (t) => {
  const issuer = await startTestIssuer(t)
  const upstream = await startRawUpstream(t, () => undefined)
  const client = clientNamed(issuer, 'export-service')
  const folder = folderWith(t, {})
  writeFileSync(join(folder, 'keys.json'), jwksOf(makeKey('k1')))
  const origin = `http://127.0.0.1:${upstream.port}`
  const before = Date.now() / 1000
  const inbound = `version: 1
issuers:
  pool: { userPoolId: ${issuer.pools[0]!.id}, endpoint: "${issuer.url}", jwksMaxAge: 10m }
  file: { issuer: https://file.example, audience: any, algorithms: [ES256], jwks: { file: ${join(folder, 'keys.json')} } }
inbound:
  listen: 127.0.0.1:0
  upstream: ${origin}
  issuers: [pool, file]
  limits: { maxConnections: 7 }
  routes: [{ path: /open, methods: [GET], public: true }]
admin: { listen: 127.0.0.1:0 }
`
  const outbound = `clients:
  worker: { tokenEndpoint: "${issuer.tokenEndpoint}", clientId: ${client.id}, clientSecret: { env: SECRET } }
outbound:
  listen: 127.0.0.1:0
  routes:
    - { path: /one, upstream: { url: "${origin}", connections: 5 } }
    - { path: /two, upstream: { url: "${origin}", connections: 5 }, scopes: app-api/export }
`
  const scene = await startScene(t, inbound + outbound, {
    env: { SECRET: client.secret.reveal() },
  })
  await eventually(() => scene.proxy.readiness().ready)
  const held = dial(scene.inbound)
  const idle = dial(scene.inbound)
  t.teardown(() => {
    held.destroy()
    idle.destroy()
  })
  await once(idle, 'connect')
  held.write('GET /open HTTP/1.1\r\nHost: a\r\n\r\n')
  await eventually(() => upstream.received.length === 1)

  const during = await scrape(scene)
  t.equal(during.get('connections{direction="inbound"}'), 2)
  t.equal(during.get('connections_limit{direction="inbound"}'), 7)
  t.equal(during.get('connections_limit{direction="outbound"}'), 10_000)
  t.equal(during.get('requests_in_flight{direction="inbound"}'), 1)
  t.equal(during.get('requests_in_flight{direction="outbound"}'), 0)
  t.equal(during.get(`upstream_connections{upstream="${origin}"}`), 1)
  t.equal(during.get(`upstream_connections_limit{upstream="${origin}"}`), 1024 + 5)
  t.ok(Number(during.get('jwks_last_success_timestamp_seconds{issuer="pool"}')) >= before)
  t.equal(during.get('jwks_max_age_seconds{issuer="pool"}'), 600)
  t.equal(during.get('jwks_max_stale_seconds{issuer="pool"}'), 86_400)
  t.notOk(during.has('jwks_max_age_seconds{issuer="file"}'), 'a file has no age')
  t.notOk(during.has('jwks_last_success_timestamp_seconds{issuer="file"}'))
  t.equal(during.get('token_grants{client="worker"}'), 2)
  t.equal(during.get('token_lifetime_seconds{client="worker"}'), 3600)

  held.destroy()
  idle.destroy()
  await closed(held)
  await eventually(() => scene.log.some(({ msg }) => msg === 'request'))
  const after = await scrape(scene)
  t.equal(after.get('requests_in_flight{direction="inbound"}'), 0)
  t.equal(after.get(`upstream_connections{upstream="${origin}"}`), 0)

  const fewer = outbound.replace(/^.*\/two.*\n/m, '')
  t.ok(scene.reload(inbound.replace('maxConnections: 7', 'maxConnections: 8') + fewer).ok)
  const reloaded = await scrape(scene)
  t.equal(reloaded.get('connections_limit{direction="inbound"}'), 8)
  t.equal(reloaded.get('token_grants{client="worker"}'), 1)
})

t.test('a direction that is not configured has no figures', async (t) => {
  const scene = await startScene(
    t,
    `version: 1
inbound:
  listen: 127.0.0.1:0
  upstream: http://127.0.0.1:9
  routes: [{ path: /open, methods: [GET], public: true }]
admin: { listen: 127.0.0.1:0 }
`,
  )
  const figures = await scrape(scene)
  t.equal(figures.get('connections{direction="inbound"}'), 0)
  t.notOk([...figures.keys()].some((name) => name.includes('outbound')))
})
