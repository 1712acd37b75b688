/**
 * A token endpoint that does not give tokens. HAZARDS T1: a naive cache fetched 34 times for 80 calls and 60 times
 * for 60 calls that failed, sent `Bearer undefined`, and with a lifetime that is no number fetched every time. Each
 * fault of SPEC 4 (R12), through outbound: what callers hear, what the upstream sees, and how often the endpoint is asked.
 */
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { seconds } from '../../src/units.ts'
import { noon } from '../support/issuer.ts'
import { headsOf, startRawUpstream } from '../support/wire.ts'
import { answers, jwt, startEndpoint, type Endpoint } from '../tokens/endpoint.ts'
import {
  call,
  counted,
  outboundYaml,
  startOutbound,
  startTokens,
  tokenOf,
} from '../wire/outbound-support.ts'

type Play = Endpoint['play']
const token = { access_token: 'hush-token-number-0', token_type: 'Bearer', expires_in: 3600 }
const without = (name: keyof typeof token): object => ({ ...token, [name]: undefined })
const padding = 'x'.repeat(64 * 1024)

/** Trying again may help: after a back-off of at most 30 s. */
const transient: Readonly<Record<string, Play>> = {
  'hangs up': (response) => response.destroy(),
  'never answers': () => undefined,
  'never ends its head': (response) => {
    response.socket?.write('HTTP/1.1 200 OK\r\nX-A: ')
  },
  'never ends': (response) => void response.writeHead(200).write('{"access_token":'),
  'cuts its answer': (response) => {
    response.writeHead(200, { 'content-length': 1000 })
    response.write('{"access_token":"hush-token-number-0"', () => response.destroy())
  },
  'is empty': answers(''),
  'answers 204': (response) => response.writeHead(204).end(),
  'is HTML': answers('<!doctype html>'),
  'is a list': answers([token]),
  'is null': answers('null'),
  'holds an error': answers({ ...token, error: 'invalid_client' }),
  'has no token': answers(without('access_token')),
  'has null for a token': answers({ ...token, access_token: null }),
  'has an empty token': answers({ ...token, access_token: '' }),
  'has a number for a token': answers({ ...token, access_token: 7 }),
  'has an object for a token': answers({ ...token, access_token: { value: 'x' } }),
  'has a token with a line feed': answers({ ...token, access_token: 'x\r\nX-Admin: 1' }),
  'has a token with a space': answers({ ...token, access_token: 'x y' }),
  'has a token beyond ASCII': answers({ ...token, access_token: 'x\u00e9' }),
  'has no token_type': answers(without('token_type')),
  'has another token_type': answers({ ...token, token_type: 'DPoP' }),
  'has a list for token_type': answers({ ...token, token_type: ['Bearer'] }),
  ...Object.fromEntries(
    [0, -1, 'NaN', '', 'soon', '3600 apples', true, [], {}, '-5', '0x10', 'Infinity', 1e-9].map(
      (life) => [`lives ${JSON.stringify(life)} seconds`, answers({ ...token, expires_in: life })],
    ),
  ),
  'lives 1e400 seconds, in text': answers(JSON.stringify(token).replace('3600', '-1e400')),
  'is over already': answers({
    ...token,
    expires_in: undefined,
    access_token: jwt({ exp: noon - 1 }),
  }),
  'is larger than 64 KiB': answers({ ...token, padding }),
  'unfolds to more than 64 KiB': (response) =>
    response
      .writeHead(200, { 'content-encoding': 'gzip' })
      .end(gzipSync(JSON.stringify({ ...token, padding }))),
  'answers 429': answers({}, 429),
  'answers 429 with nonsense': answers({}, 429, { 'retry-after': '-5, soon' }),
  'answers 403': answers(token, 403),
  'answers 404': answers(token, 404),
  'answers 418': answers(token, 418),
  'answers 500': answers({ error: 'invalid_client' }, 500),
  'answers 502': answers('<html>', 502),
  'answers 503': answers({}, 503, { 'retry-after': '1' }),
}

/** A person must change something: asked again after a minute. */
const permanent: Readonly<Record<string, Play>> = {
  ...Object.fromEntries(
    [
      'invalid_client',
      'unauthorized_client',
      'invalid_scope',
      'invalid_grant',
      'invalid_request',
    ].map((error) => [
      `says ${error}`,
      answers({ error, error_description: 'hush-description' }, 400),
    ]),
  ),
  'answers 401': answers({ ...token, error: 'x' }, 401, {
    'www-authenticate': 'Basic realm="hush-realm"',
  }),
  ...Object.fromEntries(
    [301, 302, 303, 307, 308].map((status) => [
      `redirects with ${status}`,
      answers(token, status, { location: 'http://127.0.0.1:1/token' }),
    ]),
  ),
}

const unavailable = {
  status: 503,
  headers: { 'cache-control': 'no-store', 'retry-after': /^[1-9]\d*$/ },
  body: /"code":"token_unavailable"/,
}

/** These end by the limit alone. */
const hanging = new Set(['never answers', 'never ends its head', 'never ends'])

for (const [faults, wait] of [
  [transient, 31],
  [permanent, 61],
] as const)
  for (const [what, play] of Object.entries(faults))
    t.test(`a token endpoint that ${what}: one request, 503, and well again after`, async (t) => {
      let now = noon
      const tokens = await startTokens(t)
      tokens.play = play
      const upstream = await startRawUpstream(t)
      const route = `{ path: /a, upstream: "http://127.0.0.1:${upstream.port}" }`
      const yaml = (requestTimeout: string) =>
        outboundYaml(tokens.url, [route], {
          client: `    prefetch: false\n    requestTimeout: ${requestTimeout}\n`,
        })
      const scene = await startOutbound(t, yaml(hanging.has(what) ? '100ms' : '60s'), {
        clock: () => seconds(now),
      })
      scene.leaks.forbid('hush-description', 'hush-realm', 'X-Admin')
      const first = await Promise.all(Array.from({ length: 10 }, () => call(scene, 'GET /a')))
      for (const answer of [...first, await call(scene, 'POST /a', ['Content-Length: 1'], 'x')]) {
        t.match(answer, unavailable)
        t.notMatch(answer.text, /127\.0\.0\.1|ECONN|undefined|worker-id/)
      }
      // the limit of those that hang may be over before their request is there
      const asked = tokens.seen.length
      t.ok(asked === 1 || (asked === 0 && hanging.has(what)), `eleven calls, ${asked} requests`)
      t.equal(upstream.received.length, 0, 'nothing went on without a token')

      now += wait
      t.equal((await call(scene, 'GET /a')).status, 503)
      t.ok(tokens.seen.length <= asked + 1, 'after the back-off, once')
      tokens.play = counted
      t.ok(scene.reload(yaml('60s')).ok)
      now += 300
      const failed = tokens.seen.length
      t.equal((await call(scene, 'GET /a')).status, 200)
      t.equal((await call(scene, 'GET /a')).status, 200)
      t.equal(tokens.seen.length, failed + 1)
      const sent = headsOf(upstream.received).flatMap(({ headers }) =>
        headers.filter((line) => /^authorization/i.test(line)),
      )
      const right = `Authorization: Bearer ${tokenOf(failed + 1)}`
      t.strictSame(sent, [right, right])
    })

t.test('a redirect takes the secret nowhere', async (t) => {
  const elsewhere = await startEndpoint(counted)
  t.teardown(() => elsewhere.close())
  const upstream = await startRawUpstream(t)
  for (const status of [301, 302, 303, 307, 308]) {
    const tokens = await startTokens(t)
    tokens.play = answers('', status, { location: elsewhere.url })
    const scene = await startOutbound(
      t,
      outboundYaml(tokens.url, [`{ path: /a, upstream: "http://127.0.0.1:${upstream.port}" }`]),
    )
    t.equal((await call(scene, 'GET /a')).status, 503)
  }
  t.equal(elsewhere.seen.length, 0)
  t.equal(upstream.received.length, 0)
})
