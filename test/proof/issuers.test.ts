/** Two issuers at once: scopes and client ids mean nothing outside their issuer (SPEC 2.1). */
import t, { type Test } from 'tap'
import type { DevIssuer } from '../../src/dev/issuer.ts'
import { clientNamed, startTestIssuer } from '../dev/support.ts'
import { exporter, startOidcProvider } from '../support/oidc-provider.ts'
import { configOf, startScene, type Scene } from '../support/scene.ts'
import { exchangeRaw, headsOf, startRawUpstream } from '../support/wire.ts'

async function get(scene: Scene, path: string, token: string) {
  scene.leaks.forbid(token)
  const answer = await exchangeRaw(
    scene.inbound,
    `GET ${path} HTTP/1.1\r\nHost: api\r\nAuthorization: Bearer ${token}\r\nConnection: close\r\n\r\n`,
  )
  scene.leaks.saw(answer.text)
  return answer
}

const tokenOf = (issuer: DevIssuer): string =>
  issuer.sign(issuer.claims(clientNamed(issuer, 'export-service').id))

/** From oidc-provider itself, as any client would ask for it. */
async function partnerToken(url: string): Promise<string> {
  const credentials = [exporter.id, exporter.secret].map(encodeURIComponent).join(':')
  const answer = await fetch(`${url}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'app-api/export' }),
  })
  return ((await answer.json()) as { access_token: string }).access_token
}

async function refused(t: Test, scene: Scene, path: string, token: string): Promise<void> {
  const answer = await get(scene, path, token)
  t.equal(answer.status, 403)
  t.match(answer.body, /"code":"issuer_not_allowed"/)
  t.equal(
    answer.headers['www-authenticate'],
    'Bearer realm="scopegate", error="insufficient_scope"',
  )
}

t.test('neither of two kinds of issuers opens the routes of the other', async (t) => {
  const pool = await startTestIssuer(t)
  const partner = await startOidcProvider(t)
  const upstream = await startRawUpstream(t)
  const scene = await startScene(
    t,
    `version: 1
issuers:
  app: { userPoolId: ${pool.pools[0]!.id}, endpoint: "${pool.url}" }
  partner: { issuer: "${partner.url}", audience: app-api }
inbound:
  listen: 127.0.0.1:0
  upstream: http://127.0.0.1:${upstream.port}
  issuers: [app]
  routes:
    - { path: /ours, scopes: app-api/export }
    - { path: /theirs, scopes: app-api/export, issuers: [partner] }
    - { path: /both, scopes: app-api/export, issuers: [partner, app] }
admin: { listen: 127.0.0.1:0 }
`,
  )
  const ours = tokenOf(pool)
  const theirs = await partnerToken(partner.url)
  await refused(t, scene, '/ours', theirs)
  await refused(t, scene, '/theirs', ours)
  t.strictSame(upstream.received, [])
  t.equal((await get(scene, '/ours', ours)).status, 200)
  t.equal((await get(scene, '/theirs', theirs)).status, 200)
  t.equal((await get(scene, '/both', ours)).status, 200)
  t.equal((await get(scene, '/both', theirs)).status, 200)
  t.strictSame(
    headsOf(upstream.received).map(({ line }) => line),
    ['/ours', '/theirs', '/both', '/both'].map((path) => `GET ${path} HTTP/1.1`),
  )
})

t.test('the same scopes and the same client id in another issuer help nobody', async (t) => {
  // booted from one template: pools, clients and scopes have the same names in both
  const [first, second] = [await startTestIssuer(t), await startTestIssuer(t)]
  const { id } = clientNamed(first, 'export-service')
  t.equal(clientNamed(second, 'export-service').id, id)
  const poolId = first.pools[0]!.id
  const upstream = await startRawUpstream(t)
  const scene = await startScene(
    t,
    `version: 1
issuers:
  first: { userPoolId: ${poolId}, endpoint: "${first.url}" }
  second: { userPoolId: ${poolId}, endpoint: "${second.url}" }
inbound:
  listen: 127.0.0.1:0
  upstream: http://127.0.0.1:${upstream.port}
  issuers: [first]
  routes:
    - { path: /export/**, scopes: app-api/export, clientIds: ["${id}"] }
    - { path: /me, authenticated: true, issuers: [second] }
admin: { listen: 127.0.0.1:0 }
`,
  )
  await refused(t, scene, '/export/1', tokenOf(second))
  await refused(t, scene, '/me', tokenOf(first))
  t.equal((await get(scene, '/export/1', tokenOf(first))).status, 200)
  t.equal((await get(scene, '/me', tokenOf(second))).status, 200)

  // one issuer's name on another one's signature
  const claims = { ...second.claims(id), iss: first.pools[0]!.issuer }
  t.match(await get(scene, '/export/1', second.sign(claims)), {
    status: 401,
    body: /"code":"invalid_token"/,
  })
  t.equal(headsOf(upstream.received).length, 2)
})

t.test('several issuers, and no word on whose tokens count, is a configuration error', (t) => {
  const yaml = (issuers: string) => `version: 1
issuers:
  app: { userPoolId: eu-central-1_a1B2c3D4e }
  partner: { issuer: https://login.partner.example, audience: app-api }
inbound:
  listen: 127.0.0.1:0
  upstream: http://127.0.0.1:3000
${issuers}  routes:
    - { path: /export/**, scopes: app-api/export }
`
  t.throws(() => configOf(yaml('')), /inbound.* issuers/)
  t.throws(() => configOf(yaml('  issuers: []\n')), /inbound\.issuers/)
  t.throws(() => configOf(yaml('  issuers: [other]\n')), /other/)
  t.equal(configOf(yaml('  issuers: [partner]\n')).issuers.length, 2)
  t.end()
})
