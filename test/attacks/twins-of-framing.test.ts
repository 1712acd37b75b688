/**
 * A gateway that turns header names into variables reads `Content_Length` as Content-Length (CGI, WSGI; nginx drops
 * such names for this reason), so that the upstream may take another body length, host or token than the proxy did.
 * The same folding is behind GHSA-vjrc-mh2v-45x6 (oauth2-proxy).
 */
import t from 'tap'
import { startScene } from '../support/scene.ts'
import { exchangeRaw, headsOf, startRawUpstream } from '../support/wire.ts'

t.test('no other spelling of a framing, hop-by-hop or token header goes upstream', async (t) => {
  const upstream = await startRawUpstream(t)
  const scene = await startScene(
    t,
    `version: 1
issuers: { app: { userPoolId: eu-central-1_a1B2c3D4e, endpoint: "http://127.0.0.1:1", required: false } }
inbound:
  listen: 127.0.0.1:0
  upstream: http://127.0.0.1:${upstream.port}
  tokenHeader: x-access-token
  routes:
    - { path: /open, methods: [GET], public: true }
admin: { listen: 127.0.0.1:0 }
`,
  )
  const twins = [
    ...['Content_Length', 'content.length', 'HOST_', 'Transfer_Encoding', 'Keep_Alive'],
    ...['Proxy_Authorization', 'Expect_', 'X_Access_Token', 'x.access.token'],
  ]
  const lines = twins.map((name) => `${name}: 5\r\n`).join('')
  const answer = await exchangeRaw(
    scene.inbound,
    `GET /open HTTP/1.1\r\nHost: api.example\r\n${lines}X_Other: 5\r\nConnection: close\r\n\r\n`,
  )
  t.equal(answer.status, 200)
  const names = headsOf(upstream.received)[0]!.headers.map((line) => line.split(':')[0])
  t.same(
    // `HOST_` and `Expect_` fold to `host-` and `expect-`, which are nobody's
    names.filter((name) => twins.includes(name!)),
    ['HOST_', 'Expect_'],
  )
  t.ok(names.includes('X_Other'))
})
