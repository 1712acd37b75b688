import t from 'tap'
import { clientNamed, startTestIssuer } from '../dev/support.ts'
import { startScene } from '../support/scene.ts'
import { exchangeRaw, headsOf, startRawUpstream } from '../support/wire.ts'

t.test('the right scope opens the route, the wrong one does not', async (t) => {
  const issuer = await startTestIssuer(t)
  const upstream = await startRawUpstream(t)
  const [pool] = issuer.pools
  const scene = await startScene(
    t,
    `version: 1
issuers:
  app: { userPoolId: ${pool!.id}, endpoint: ${issuer.url} }
inbound:
  listen: 127.0.0.1:0
  upstream: http://127.0.0.1:${upstream.port}
  routes:
    - { path: /export/**, methods: [GET], scopes: app-api/export }
    - { path: /upload, methods: [POST], scopes: app-api/upload }
admin: { listen: 127.0.0.1:0 }
`,
  )
  const client = clientNamed(issuer, 'export-service')
  const token = issuer.sign(issuer.claims(client.id))
  scene.leaks.forbid(token)
  const head = `Host: api.example\r\nAuthorization: Bearer ${token}\r\nConnection: close\r\n\r\n`
  const allowed = await exchangeRaw(scene.inbound, `GET /export/1?a=b HTTP/1.1\r\n${head}`)
  t.match(allowed, { status: 200, body: 'ok' })
  const denied = await exchangeRaw(scene.inbound, `POST /upload HTTP/1.1\r\n${head}`)
  t.equal(denied.status, 403)
  t.equal(
    denied.headers['www-authenticate'],
    'Bearer realm="scopegate", error="insufficient_scope", scope="app-api/upload"',
  )
  t.equal(headsOf(upstream.received).length, 1)
  t.equal(headsOf(upstream.received)[0]!.line, 'GET /export/1?a=b HTTP/1.1')
})
