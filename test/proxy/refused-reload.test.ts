/** A reload that is refused changes nothing, of keys and tokens neither (R24, R25). */
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { jwksOf, makeKey, mint } from '../support/issuer.ts'
import { startScene } from '../support/scene.ts'
import { exchangeRaw, headsOf, startRawUpstream } from '../support/wire.ts'

t.test('keys and tokens that are held serve on, and are not fetched again', async (t) => {
  const key = makeKey('k1')
  const asked: string[] = []
  const issuer = createServer((req, res) => {
    asked.push(String(req.url))
    res.setHeader('content-type', 'application/json')
    res.end(
      req.url === '/keys'
        ? jwksOf(key)
        : '{"access_token":"a-token-of-the-test","token_type":"Bearer","expires_in":3600}',
    )
  }).listen(0, '127.0.0.1')
  await once(issuer, 'listening')
  t.teardown(() => issuer.close())
  const base = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}`
  const upstream = await startRawUpstream(t)
  const to = `http://127.0.0.1:${upstream.port}`
  const yaml = `version: 1
issuers:
  main: { issuer: https://issuer.example, audience: any, algorithms: [ES256], jwksUri: ${base}/keys }
clients:
  c: { tokenEndpoint: ${base}/token, clientId: a, clientSecret: { env: S } }
inbound:
  listen: 127.0.0.1:0
  upstream: ${to}
  routes: [{ path: /read, scopes: api/read }]
outbound:
  listen: 127.0.0.1:0
  routes: [{ path: /, upstream: ${to} }]
admin: { listen: 127.0.0.1:0 }
`
  const scene = await startScene(t, yaml, { env: { S: 'a-secret-of-the-test' } })
  const now = Math.floor(Date.now() / 1000)
  const token = await mint(key, {
    ...{ iss: 'https://issuer.example', sub: 's', client_id: 'c', scope: 'api/read' },
    ...{ iat: now, exp: now + 600 },
  })
  scene.leaks.forbid(token, 'a-token-of-the-test', 'a-secret-of-the-test')
  const both = async () => {
    const head = 'GET /read HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n'
    const inbound = `${head}Authorization: Bearer ${token}\r\n\r\n`
    t.equal((await exchangeRaw(scene.inbound, inbound)).status, 200)
    t.equal((await exchangeRaw(scene.outbound, `${head}\r\n`)).status, 200)
  }
  await both()
  const before = JSON.stringify(asked.toSorted())
  for (const bad of [
    '',
    'version: 2\n',
    yaml.replace('scopes: api/read', 'scopes: []'),
    yaml.replace('audience: any, ', ''),
    yaml.replace('main:', 'main: &a'),
    `${yaml}\nmore: 1\n`,
  ]) {
    t.equal(scene.reload(bad).ok, false)
    await both()
  }
  t.equal(JSON.stringify(asked.toSorted()), before)
  t.equal(headsOf(upstream.received).length, 14)
})
