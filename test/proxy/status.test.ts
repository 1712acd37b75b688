/** What a running proxy tells of itself, on /status and on its page: what happened, and nothing that is secret. */
import t from 'tap'
import type { Status } from '../../src/ops/status.ts'
import { seconds } from '../../src/units.ts'
import { clientNamed, ownTemplate, startTestIssuer } from '../dev/support.ts'
import { startScene } from '../support/scene.ts'
import { exchangeRaw, startRawUpstream } from '../support/wire.ts'

const get = (path: string, more = ''): string =>
  `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${more}Connection: close\r\n\r\n`

t.test('requests, refusals, keys, tokens and their cost are told, and no secret', async (t) => {
  const issuer = await startTestIssuer(t)
  const upstream = await startRawUpstream(t)
  const client = clientNamed(issuer, 'export-service')
  const secret = client.secret.reveal()
  const scene = await startScene(
    t,
    `version: 1
issuers: { app: { userPoolId: ${issuer.pools[0]?.id ?? ''}, endpoint: "${issuer.url}" } }
inbound:
  listen: 127.0.0.1:0
  upstream: http://127.0.0.1:${upstream.port}
  routes:
    - { path: /export/**, methods: [GET], scopes: app-api/export }
    - { path: /upload, methods: [POST], scopes: app-api/upload, mode: report }
clients:
  worker: { tokenEndpoint: "${issuer.tokenEndpoint}", clientId: ${client.id}, clientSecret: ${secret} }
outbound:
  listen: 127.0.0.1:0
  routes: [{ path: /api, upstream: "http://127.0.0.1:${upstream.port}", client: worker }]
admin: { listen: 127.0.0.1:0 }
`,
  )
  const token = issuer.sign(issuer.claims(client.id))
  scene.leaks.forbid(secret, token, 'hush-query')
  const bearer = `Authorization: Bearer ${token}\r\n`
  for (const [path, status] of [
    ['/export/hush-path?hush-query=1', 200],
    ['/nowhere/hush-path?hush-query=1', 403],
    ['/upload', 403],
  ] as const)
    t.equal((await exchangeRaw(scene.inbound, get(path, bearer))).status, status, path)
  const odd = get('/export/1', 'X-Request-Id: <b>odd</b>\r\nAuthorization: Bearer a.b.c\r\n')
  t.equal((await exchangeRaw(scene.inbound, odd)).status, 401)
  for (const path of ['/api/1', '/api/2'])
    t.equal((await exchangeRaw(scene.outbound, get(path))).status, 200)
  const lines = () => scene.log.filter(({ msg }) => msg === 'request').length
  await scene.logged(() => lines() === 6)

  const answer = await exchangeRaw(scene.admin, get('/status'))
  const status = JSON.parse(answer.body) as Status
  const { inbound, outbound, admin } = scene
  t.match(status, {
    listeners: Object.fromEntries(
      Object.entries({ inbound, outbound, admin }).map(([name, port]) => [
        name,
        `http://127.0.0.1:${port}`,
      ]),
    ),
    inbound: {
      routes: [
        { needs: 'app-api/export', allowed: 1, denied: 1, latency: { p50Ms: Number } },
        { id: 'POST /upload', mode: 'report', allowed: 0, denied: 1 },
      ],
    },
    outbound: { routes: [{ id: '/api', client: 'worker', allowed: 2, denied: 0 }] },
    issuers: [{ name: 'app', ageSeconds: Number, nextFetchAt: /T/ }],
    clients: [{ client: 'worker', obtained: 1, nextRenewalAt: /T/ }],
    tokenCosts: [{ client: 'worker', tokens: 1, calls: 2, callsPerToken: 2, lifeSeconds: 3600 }],
    traffic: { bucketSeconds: 10 },
  })
  t.strictSame(
    status.denials.map(({ reason, route, clientId, direction }) => [
      ...[reason, route, clientId, direction],
    ]),
    [
      ['invalid_token', 'GET /export/**', undefined, 'inbound'],
      ['no_route', 'POST /upload', client.id, 'inbound'],
      ['no_route', undefined, client.id, 'inbound'],
    ],
  )
  t.equal(
    status.traffic.buckets.some(({ requests, denials }) => requests > 0 && denials > 0),
    true,
  )

  const page = await exchangeRaw(scene.admin, get('/?request=/export/1&scopes=app-api/upload'))
  t.equal(page.status, 200)
  t.match(page.body, '403 insufficient_scope')
  t.match(page.body, 'The route needs app-api/export.')
  t.match(page.body, client.id)
  const { text } = await scene.metrics.render(undefined)
  t.match(text, /^scopegate_token_calls_total\{client="worker"\} 2$/m)
  t.match(text, /^scopegate_token_cost_month_usd\{client="worker"\} 1\.78/m)
  for (const seen of [answer.body, page.body, text]) {
    scene.leaks.saw(seen)
    t.notMatch(seen, 'hush-path')
  }
})

t.test('tokens that live shorter than they need to are logged once', async (t) => {
  const from = ownTemplate.replace(/(AccessTokenMinutes:[^]*?Default: )60/, '$15')
  t.not(from, ownTemplate)
  const issuer = await startTestIssuer(t, { from })
  const upstream = await startRawUpstream(t)
  const client = clientNamed(issuer, 'export-service')
  const time = { now: Date.now() / 1000 }
  const scene = await startScene(
    t,
    `version: 1
clients:
  worker:
    tokenEndpoint: "${issuer.tokenEndpoint}"
    clientId: ${client.id}
    clientSecret: ${client.secret.reveal()}
    prefetch: false
outbound:
  listen: 127.0.0.1:0
  routes: [{ path: /api, upstream: "http://127.0.0.1:${upstream.port}" }]
admin: { listen: 127.0.0.1:0 }
`,
    { clock: () => seconds(time.now) },
  )
  const call = async (): Promise<void> => {
    t.equal((await exchangeRaw(scene.outbound, get('/api'))).status, 200)
  }
  for (let token = 0; token < 4; token += 1) {
    await call()
    time.now += 301
  }
  const told = scene.log.filter(({ msg }) => String(msg).includes('shorter than they need to'))
  t.match(told, [
    {
      ...{ level: 'warn', client: 'worker', lifeSeconds: 300, tokensPerMonth: Number },
      ...{ usdPerMonth: Number, usdPerMonthAtAnHour: 1.79 },
    },
  ])
  t.equal(told.length, 1)
  t.match(scene.proxy.status().tokenCosts, [{ tokens: 4, calls: 4, isShortLived: true }])
  // nothing is explained where there is no inbound
  t.equal((await exchangeRaw(scene.admin, get('/explain?request=/a'))).status, 404)
  t.equal(scene.proxy.status().listeners.inbound, undefined)
})
