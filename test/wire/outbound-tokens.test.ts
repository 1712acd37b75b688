import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { seconds } from '../../src/units.ts'
import { discoverTokenEndpoint } from '../../src/proxy/discover.ts'
import { answers } from '../tokens/endpoint.ts'
import { serve } from '../support/issuer.ts'
import { headsOf, parseAnswer, readAll, startRawUpstream } from '../support/wire.ts'
import {
  call,
  counted,
  holdTokens,
  hush,
  outboundYaml,
  startOutbound,
  startTokens,
  tokenOf,
} from './outbound-support.ts'

const times = (count: number) => Array.from({ length: count }, (_, index) => index)

t.test('200 concurrent first calls cost one token request', async (t) => {
  const tokens = await startTokens(t)
  const upstream = await startRawUpstream(t)
  const route = `{ path: /a, upstream: "http://127.0.0.1:${upstream.port}" }`
  const scene = await startOutbound(t, outboundYaml(tokens.url, [route]))
  const all = await Promise.all(times(200).map((index) => call(scene, `GET /a/${index}`)))
  t.ok(all.every(({ status }) => status === 200))
  t.equal(tokens.seen.length, 1)
  t.equal(headsOf(upstream.received).length, 200)
  t.equal(upstream.received.join().split(`Authorization: Bearer ${tokenOf(1)}\r\n`).length, 201)
})

t.test(
  '60 calls cost a failing token endpoint at most 15 requests, and all is well after',
  async (t) => {
    const tokens = await startTokens(t)
    tokens.play = answers({ error: 'temporarily_unavailable' }, 500, { 'retry-after': '7' })
    const upstream = await startRawUpstream(t)
    let now = 1_800_000_000
    const route = `{ path: /a, upstream: "http://127.0.0.1:${upstream.port}" }`
    const scene = await startOutbound(t, outboundYaml(tokens.url, [route]), {
      clock: () => seconds(now),
    })
    const first = await call(scene, 'POST /a', ['Content-Length: 4', 'Expect: 100-continue'])
    t.match(first, { status: 503, headers: { 'retry-after': '7' } })
    t.notMatch(first.text, '100 Continue', 'the body is not asked for')
    const { code, requestId } = JSON.parse(first.body) as Record<string, unknown>
    t.equal(code, 'token_unavailable')
    t.match(await scene.logged(({ msg }) => msg === 'request'), {
      requestId,
      status: 503,
      decision: 'deny',
      reason: 'token_unavailable',
    })
    for (const each of times(59)) {
      now += 0.5
      const answer = await call(scene, 'GET /a')
      t.equal(answer.status, 503, String(each))
      t.ok(Number(answer.headers['retry-after']) >= 1)
    }
    t.ok(tokens.seen.length <= 15, `${tokens.seen.length} requests`)
    t.equal(upstream.received.length, 0)
    const problems = scene.log.filter(
      ({ level, client }) => level === 'error' && client === 'worker',
    )
    t.equal(problems.length, 1, 'said once')

    tokens.play = counted
    now += 60
    t.equal((await call(scene, 'GET /a')).status, 200)
  },
)

t.test('a caller that goes away while it waits changes nothing for the others', async (t) => {
  const tokens = await startTokens(t)
  const held = holdTokens(tokens)
  const upstream = await startRawUpstream(t)
  const route = `{ path: /a, upstream: "http://127.0.0.1:${upstream.port}" }`
  const scene = await startOutbound(t, outboundYaml(tokens.url, [route]))
  const gone = net.connect(scene.outbound, '127.0.0.1')
  gone.write('GET /a/gone HTTP/1.1\r\nHost: localhost\r\n\r\n')
  const stays = call(scene, 'GET /a/stays')
  await held.asked
  gone.destroy()
  t.match(await scene.logged(({ path }) => path === '/a/gone'), { status: 499 })
  held.release()
  t.equal((await stays).status, 200)
  t.strictSame(
    headsOf(upstream.received).map(({ line }) => line),
    ['GET /stays HTTP/1.1'],
  )
  t.equal(tokens.seen.length, 1)
})

t.test(
  'different scopes, resources and audiences never share a token; equal ones do',
  async (t) => {
    const tokens = await startTokens(t)
    const one = await startRawUpstream(t)
    const two = await startRawUpstream(t)
    const at = (port: number) => `upstream: "http://127.0.0.1:${port}"`
    const scene = await startOutbound(
      t,
      outboundYaml(
        tokens.url,
        [
          `{ path: /read, ${at(one.port)}, client: worker, scopes: api/read }`,
          `{ path: /write, ${at(one.port)}, client: worker, scopes: [api/write, api/read] }`,
          `{ path: /same, ${at(two.port)}, client: twin, scopes: [api/read, api/write] }`,
          `{ path: /res, ${at(two.port)}, client: worker, scopes: api/read, resource: "https://r.example" }`,
          `{ path: /aud, ${at(two.port)}, client: worker, scopes: api/read, audience: aud }`,
        ],
        {
          client: `    prefetch: false
  twin: { tokenEndpoint: "${tokens.url}", clientId: worker-id, clientSecret: { env: SECRET }, prefetch: false }
`,
        },
      ),
    )
    for (const path of ['read', 'write', 'same', 'res', 'aud', 'read'])
      t.equal((await call(scene, `GET /${path}`)).status, 200)
    const tokensAt = (received: readonly string[]) =>
      headsOf(received).map(({ headers }) => headers.find((line) => /^authorization/i.test(line)))
    const bearer = (count: number) => `Authorization: Bearer ${tokenOf(count)}`
    t.strictSame(tokensAt(one.received), [bearer(1), bearer(2), bearer(1)])
    t.strictSame(tokensAt(two.received), [bearer(2), bearer(3), bearer(4)])
    t.strictSame(
      tokens.seen.map(({ body }) => [
        body.get('scope'),
        body.get('resource'),
        body.get('audience'),
      ]),
      [
        ['api/read', null, null],
        ['api/write api/read', null, null],
        ['api/read', 'https://r.example', null],
        ['api/read', null, 'aud'],
      ],
    )
  },
)

t.test(
  'prefetch: the token is there before the first call, and readiness waits for it',
  async (t) => {
    const tokens = await startTokens(t)
    let release: () => void = () => undefined
    const asked = new Promise<void>((resolve) => {
      tokens.play = (response, seen, count) => {
        release = () => {
          counted(response, seen, count)
        }
        resolve()
      }
    })
    const upstream = await startRawUpstream(t)
    const route = `{ path: /a, upstream: "http://127.0.0.1:${upstream.port}" }`
    const scene = await startOutbound(
      t,
      outboundYaml(tokens.url, [route], { client: '    prefetch: true\n' }),
    )
    await asked
    t.strictSame(scene.proxy.readiness(), { ready: false, missing: ['token of client worker'] })
    release()
    await scene.logged(({ msg }) => msg === 'token obtained')
    t.strictSame(scene.proxy.readiness(), { ready: true, missing: [] })
    t.equal((await call(scene, 'GET /a')).status, 200)
    t.equal(tokens.seen.length, 1)
  },
)

t.test('a new secret is used at once; what is held serves until its token is there', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'scopegate-'))
  t.teardown(() => {
    rmSync(folder, { recursive: true })
  })
  const file = join(folder, 'secret')
  writeFileSync(file, `${hush}\n`)
  const tokens = await startTokens(t)
  const upstream = await startRawUpstream(t)
  const route = `{ path: /a, upstream: "http://127.0.0.1:${upstream.port}" }`
  const yaml = outboundYaml(tokens.url, [route]).replace('{ env: SECRET }', `{ file: "${file}" }`)
  const scene = await startOutbound(t, yaml)
  scene.leaks.forbid('hush-second', 'hush-third')
  t.equal((await call(scene, 'GET /a')).status, 200)

  // the wrong secret first: a person made a mistake, and the old token is still good
  tokens.play = answers({ error: 'invalid_client' }, 400)
  writeFileSync(file, 'hush-second')
  t.ok(scene.reload(yaml).ok)
  await scene.logged(({ code }) => code === 'invalid_client')
  t.equal((await call(scene, 'GET /a')).status, 200)
  t.equal(tokens.seen.length, 2, 'no more than once')

  tokens.play = counted
  writeFileSync(file, 'hush-third')
  t.ok(scene.reload(yaml).ok)
  await scene.logged(
    ({ msg }) => msg === 'token obtained' && scene.log.filter((l) => l['msg'] === msg).length === 2,
  )
  t.equal((await call(scene, 'GET /a')).status, 200)
  t.strictSame(
    tokens.seen.map(({ headers }) =>
      decodeURIComponent(Buffer.from((headers.authorization ?? '').slice(6), 'base64').toString()),
    ),
    [`worker-id:${hush}`, 'worker-id:hush-second', 'worker-id:hush-third'],
  )
  t.strictSame(
    headsOf(upstream.received).map(({ headers }) => headers.at(-1)),
    [tokenOf(1), tokenOf(1), tokenOf(3)].map((token) => `Authorization: Bearer ${token}`),
  )
})

t.test('issuer: NAME finds the token endpoint in the discovery document', async (t) => {
  const tokens = await startTokens(t)
  const upstream = await startRawUpstream(t)
  let document: (url: string) => object = (url) => ({ issuer: url })
  const issuer = await serve(t, (_request, response) => {
    response.end(JSON.stringify(document(issuer.url)))
  })
  const other = await serve(t, (_request, response) => {
    response.end(JSON.stringify({ issuer: other.url, token_endpoint: tokens.url }))
  })
  const route = `{ path: /a, upstream: "http://127.0.0.1:${upstream.port}" }`
  const yaml = (address: string) =>
    outboundYaml('X', [route], {
      rest: `issuers: { login: { issuer: "${address}", audience: any, jwksUri: "${address}/keys" } }\n`,
    }).replace('tokenEndpoint: X', 'issuer: login')
  const scene = await startOutbound(t, yaml(issuer.url))
  t.equal((await call(scene, 'GET /a')).status, 503, 'a document without token_endpoint')
  document = (url) => ({ issuer: `${url}/other`, token_endpoint: tokens.url })
  t.ok(scene.reload(yaml(`${issuer.url}/tenant`)).ok)
  t.equal((await call(scene, 'GET /a')).status, 503, 'the document of another issuer')
  t.equal(tokens.seen.length, 0)
  document = (url) => ({ issuer: `${url}/b`, token_endpoint: tokens.url })
  t.ok(scene.reload(yaml(`${issuer.url}/b`)).ok)
  t.equal((await call(scene, 'GET /a')).status, 200)
  t.equal(tokens.seen.length, 1)
  t.ok(scene.reload(yaml(other.url)).ok)
  t.equal((await call(scene, 'GET /a')).status, 200)
  t.equal(tokens.seen.length, 2, 'another address of the issuer is another token')
  t.ok(other.requests.includes('/.well-known/openid-configuration'))
})

t.test('a reload that removes a route ends what waits for its token well', async (t) => {
  const tokens = await startTokens(t)
  const held = holdTokens(tokens)
  const upstream = await startRawUpstream(t)
  const at = `upstream: "http://127.0.0.1:${upstream.port}"`
  const scene = await startOutbound(t, outboundYaml(tokens.url, [`{ path: /a, ${at} }`]))
  const socket = net.connect(scene.outbound, '127.0.0.1')
  socket.write('GET /a/x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
  await held.asked
  const next = `{ path: /b, upstream: "http://127.0.0.2:${upstream.port}", scopes: s }`
  t.ok(scene.reload(outboundYaml(tokens.url, [next])).ok)
  held.release()
  t.match(parseAnswer(await readAll(socket)), { status: 200, body: 'ok' })
  t.equal((await call(scene, 'GET /a/x')).status, 404)
})

t.test('an issuer that a reload removed has no token endpoint', async (t) => {
  const found = await discoverTokenEndpoint([], 'https://issuer.example')
  t.strictSame(found, { ok: false, problem: 'the issuer is not configured' })
})
