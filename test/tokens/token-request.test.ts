import t from 'tap'
import { inspect } from 'node:util'
import { gzipSync } from 'node:zlib'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { milliseconds, no, ok, secret, seconds } from '../../src/units.ts'
import type { Result } from '../../src/units.ts'
import type { TokenEvent } from '../../src/tokens/events.ts'
import { requestToken } from '../../src/tokens/request.ts'
import type { AccessToken } from '../../src/tokens/request.ts'
import type { TokenFailure } from '../../src/tokens/failures.ts'
import type { Grant } from '../../src/tokens/settings.ts'
import { makeCertificates } from '../support/certificates.ts'
import { answers, clientOf, clientSecret, grantOf, jwt, startEndpoint } from './endpoint.ts'

const now = seconds(1_800_000_000)
const good = { access_token: 'tok-1.~+/=', token_type: 'Bearer', expires_in: 3600 }

const events: TokenEvent[] = []
const failures: unknown[] = []
const ask = async (
  grant: Grant,
  signal = new AbortController().signal,
  discover: (issuer: string) => Promise<Result<string, string>> = () =>
    Promise.reject(new Error('not asked')),
): Promise<Result<AccessToken, TokenFailure>> => {
  const result = await requestToken(
    grant,
    { clock: () => now, report: (event) => events.push(event), discover },
    signal,
  )
  if (!result.ok) failures.push(result.problem)
  return result
}

t.test('one token endpoint and everything that it may answer', async (t) => {
  const endpoint = await startEndpoint(answers(good))
  t.teardown(endpoint.close)
  const client = clientOf(endpoint.url)
  const grant = grantOf(client)

  const lifeOf = async (answer: unknown) => {
    endpoint.play = answers(answer)
    const result = await ask(grant)
    return result.ok ? result.value.expiresAt - now : result.problem.code
  }
  const failureOf = async (...play: Parameters<typeof answers>) => {
    endpoint.play = answers(...play)
    const result = await ask(grant)
    if (result.ok) return 'a token'
    const { kind, code, retryAfter } = result.problem
    return retryAfter === undefined ? [kind, code] : [kind, code, retryAfter]
  }

  t.test('a malformed 200 is a transient failure', async (t) => {
    for (const body of [
      '',
      'no JSON',
      '{"access_token":"tok","token_type":"Bearer","expires_in":NaN}',
      'null',
      '[]',
      '"text"',
      {},
      { ...good, error: 'invalid_client' },
      { ...good, error: null },
      { ...good, access_token: undefined },
      { ...good, access_token: '' },
      { ...good, access_token: 7 },
      { ...good, access_token: 'tök' },
      { ...good, access_token: 'two words' },
      { ...good, access_token: 'line\r\nx-evil: 1' },
      { ...good, token_type: undefined },
      { ...good, token_type: 'DPoP' },
      { ...good, token_type: 'mac' },
      { ...good, token_type: 'Bearer x' },
      { ...good, token_type: ['Bearer'] },
      { ...good, expires_in: -1 },
      { ...good, expires_in: 0 },
      { ...good, expires_in: '0' },
      { ...good, expires_in: '-3600' },
      { ...good, expires_in: '3600 s' },
      { ...good, expires_in: '' },
      { ...good, expires_in: 'NaN' },
      { ...good, expires_in: true },
      { ...good, expires_in: [3600] },
      { ...good, expires_in: {} },
    ])
      t.strictSame(await failureOf(body), ['transient', 'malformed_answer'], JSON.stringify(body))
  })

  t.test('the life of a token is stated, or in its exp claim, or five minutes', async (t) => {
    t.equal(await lifeOf(good), 3600)
    t.equal(await lifeOf({ ...good, token_type: 'bearer', expires_in: '3600' }), 3600)
    t.equal(await lifeOf({ ...good, token_type: 'BEARER', expires_in: '1.5e2' }), 150)
    t.equal(await lifeOf({ ...good, expires_in: 0.5 }), 0.5)
    t.equal(await lifeOf({ ...good, expires_in: 1e9 }), 86_400)
    t.equal(await lifeOf({ ...good, expires_in: '9'.repeat(400) }), 86_400)
    for (const expires_in of [undefined, null]) {
      t.equal(await lifeOf({ ...good, expires_in }), 300)
      const withExp = (exp: unknown) => ({ ...good, expires_in, access_token: jwt({ exp }) })
      t.equal(await lifeOf(withExp(now + 120)), 120)
      t.equal(await lifeOf(withExp(now + 1e6)), 86_400)
      t.equal(await lifeOf(withExp(String(now + 120))), 300)
      t.equal(await lifeOf(withExp(now)), 'token_already_over')
      for (const access_token of ['a.b.c', 'a.b.c.d', jwt([1]), jwt(null), jwt(7)])
        t.equal(await lifeOf({ ...good, expires_in, access_token }), 300)
    }
    t.equal(await lifeOf({ ...good, access_token: jwt({ exp: now - 1 }) }), 3600, 'stated wins')
  })

  t.test(
    'errors that only a person can cure are permanent, with or without a challenge',
    async (t) => {
      for (const status of [400, 401])
        for (const headers of [{}, { 'www-authenticate': 'Basic realm="x", error="nonsense' }])
          t.strictSame(await failureOf({ error: 'invalid_client' }, status, headers), [
            'permanent',
            'invalid_client',
          ])
      for (const error of [
        'unauthorized_client',
        'invalid_scope',
        'invalid_grant',
        'unsupported_grant_type',
        'invalid_request',
        'invalid_target',
      ])
        t.strictSame(await failureOf({ error, error_description: clientSecret }, 400), [
          'permanent',
          error,
        ])
      for (const body of ['', '<html>', '{}', '{"error":"strange"}'])
        t.strictSame(await failureOf(body, 401), ['permanent', 'invalid_client'], '401 says it')
    },
  )

  t.test('429, 5xx and odd statuses are transient, and Retry-After is read', async (t) => {
    const error = { error: 'invalid_client' }
    const date = new Date((now + 90) * 1000).toUTCString()
    const past = new Date((now - 90) * 1000).toUTCString()
    t.strictSame(await failureOf(error, 429), ['transient', 'rate_limited'])
    for (const [retryAfter, wait] of [
      ['7', 7],
      [date, 90],
      [past, undefined],
      ['0', undefined],
      ['-5', undefined],
      ['1.5', undefined],
      ['soon', undefined],
    ] as const)
      t.strictSame(
        await failureOf(error, 503, { 'retry-after': retryAfter }),
        ['transient', 'endpoint_error', ...(wait === undefined ? [] : [wait])],
        retryAfter,
      )
    t.strictSame(await failureOf('boom', 500), ['transient', 'endpoint_error'])
    for (const status of [201, 204, 400, 403, 404])
      t.strictSame(await failureOf('', status), ['transient', 'unexpected_status'])
    t.strictSame(await failureOf({ error: 'toString' }, 400), ['transient', 'unexpected_status'])
    t.strictSame(await failureOf({ error: ['invalid_client'] }, 400), [
      'transient',
      'unexpected_status',
    ])
  })

  t.test('a redirect is not followed', async (t) => {
    const other = await startEndpoint(answers(good))
    t.teardown(other.close)
    for (const status of [301, 302, 303, 307, 308])
      t.strictSame(await failureOf('', status, { location: other.url }), [
        'permanent',
        'redirected',
      ])
    t.equal(other.seen.length, 0)
  })

  t.test('an answer above 64 KiB is refused, also one that only unfolds to it', async (t) => {
    const large = JSON.stringify({ ...good, pad: 'x'.repeat(70_000) })
    t.strictSame(await failureOf(large), ['transient', 'answer_too_large'])
    endpoint.play = (response) => {
      response.setHeader('content-encoding', 'gzip')
      response.end(gzipSync(large))
    }
    t.match(await ask(grant), { ok: false, problem: { code: 'answer_too_large' } })
    endpoint.play = (response) => {
      const nothing = gzipSync('')
      response.setHeader('content-encoding', 'gzip')
      response.end(
        Buffer.concat([...Array<Buffer>(4000).fill(nothing), gzipSync(JSON.stringify(good))]),
      )
    }
    t.match(await ask(grant), { ok: false, problem: { code: 'answer_too_large' } }, 'nor folds')
    t.equal(await lifeOf({ ...good, pad: 'x'.repeat(60_000) }), 3600)
  })

  t.test('an answer that is slow, in its head or its body, ends at requestTimeout', async (t) => {
    const slow = grantOf(clientOf(endpoint.url, { requestTimeout: milliseconds(50) }))
    endpoint.play = () => undefined
    t.match(await ask(slow), {
      ok: false,
      problem: { kind: 'transient', code: 'endpoint_timeout' },
    })
    endpoint.play = (response) => response.write('{')
    t.match(await ask(slow), {
      ok: false,
      problem: { kind: 'transient', code: 'endpoint_timeout' },
    })
  })

  t.test('a cancelled request ends at once, before and while it waits', async (t) => {
    const controller = new AbortController()
    endpoint.play = () => {
      controller.abort()
    }
    t.match(await ask(grant, controller.signal), { ok: false, problem: { code: 'cancelled' } })
    const before = endpoint.seen.length
    t.match(await ask(grant, controller.signal), { ok: false, problem: { code: 'cancelled' } })
    t.equal(endpoint.seen.length, before)
  })

  t.test(
    'fewer scopes than requested: a warning, or with requireGrantedScopes a failure',
    async (t) => {
      const scopes = ['app-api/export', 'app-api/upload']
      const granted = async (answer: object, requireGrantedScopes = false) => {
        endpoint.play = answers({ ...good, ...answer })
        events.length = 0
        const result = await ask(grantOf({ ...client, requireGrantedScopes }, { scopes }))
        return result.ok
          ? { granted: result.value.grantedScopes, events: [...events] }
          : [result.problem.kind, result.problem.code]
      }
      const fewer = [
        { scope: 'app-api/export' },
        { access_token: jwt({ scope: 'app-api/export' }), scope: scopes.join(' ') },
        { access_token: jwt({ scp: ['app-api/export'] }) },
        { access_token: jwt({ scope: 7, scp: [7] }), scope: ['app-api/export'] },
      ]
      for (const answer of fewer) {
        t.strictSame(await granted(answer), {
          granted: ['app-api/export'],
          events: [{ kind: 'scopes_not_granted', client: 'worker', missing: ['app-api/upload'] }],
        })
        t.strictSame(await granted(answer, true), ['permanent', 'scopes_not_granted'])
      }
      for (const answer of [
        { scope: 'app-api/upload  app-api/export more' },
        { access_token: jwt({ scope: 'app-api/upload app-api/export' }), scope: '' },
        {},
        { scope: 7 },
      ])
        t.match(await granted(answer, true), { events: [] })
      t.match(await granted({ scope: '' }, true), ['permanent', 'scopes_not_granted'])
    },
  )

  t.test('the request is a form that asks for exactly what the grant says', async (t) => {
    endpoint.play = answers(good)
    const whole = grantOf(
      clientOf(endpoint.url, {
        parameters: { extra: 'a b', grant_type: 'password', scope: 'x', client_id: 'y' },
      }),
      { scopes: ['b', 'a'], resource: 'https://api.example.com', audience: 'app-api' },
    )
    const result = await ask(whole)
    const seen = endpoint.seen.at(-1)!
    t.strictSame(Object.fromEntries(seen.body), {
      extra: 'a b',
      client_id: 'y',
      grant_type: 'client_credentials',
      scope: 'b a',
      resource: 'https://api.example.com',
      audience: 'app-api',
    })
    t.match(seen, { method: 'POST', url: '/oauth2/token' })
    t.match(seen.headers, {
      'content-type': /^application\/x-www-form-urlencoded/,
      'accept-encoding': 'identity',
      connection: 'close',
    })
    t.ok(result.ok && result.value.authorization.reveal() === 'Bearer tok-1.~+/=')
    t.ok(result.ok && result.value.value.reveal() === 'tok-1.~+/=')
    t.match(result, { value: { obtainedAt: now, grantedScopes: undefined } })
    t.notMatch(inspect(result) + JSON.stringify(result), 'tok-1')

    await ask(grant)
    t.strictSame([...endpoint.seen.at(-1)!.body.keys()], ['grant_type'], 'none = omitted')
  })

  t.test(
    'Basic credentials are form-encoded, or as they stand, or the body has them',
    async (t) => {
      endpoint.play = answers(good)
      const basic = () =>
        Buffer.from(endpoint.seen.at(-1)!.headers.authorization!.slice(6), 'base64').toString()
      await ask(grant)
      t.equal(basic(), 'id+1:hush%2Bhush%2Fhush%3D%7E')
      await ask(grantOf({ ...client, basicEncoding: 'raw' }))
      t.equal(basic(), 'id 1:hush+hush/hush=~')
      await ask(grantOf({ ...client, authMethod: 'client_secret_post' }))
      const { headers, body } = endpoint.seen.at(-1)!
      t.equal(headers.authorization, undefined)
      t.strictSame([body.get('client_id'), body.get('client_secret')], ['id 1', clientSecret])
    },
  )

  t.test('the endpoint of a discovered issuer is asked for first', async (t) => {
    endpoint.play = answers(good)
    const found = grantOf({ ...client, endpoint: { kind: 'discovery', issuer: 'partner' } })
    const asked: string[] = []
    t.match(
      await ask(found, undefined, (issuer) => {
        asked.push(issuer)
        return Promise.resolve(ok(endpoint.url))
      }),
      { ok: true },
    )
    t.strictSame(asked, ['partner'])
    t.match(await ask(found, undefined, () => Promise.resolve(no('it is down'))), {
      problem: { kind: 'transient', code: 'discovery_failed' },
    })
    t.match(await ask(found, undefined, () => Promise.resolve(ok('http://example.com/token'))), {
      problem: { kind: 'permanent', code: 'insecure_endpoint' },
    })
    t.match(await ask(found), { problem: { code: 'endpoint_unreachable' } }, 'a bug is no crash')
    const hasty = grantOf({ ...found.client, requestTimeout: milliseconds(20) })
    t.match(await ask(hasty, undefined, () => new Promise(() => undefined)), {
      problem: { code: 'endpoint_timeout' },
    })
  })

  t.test('proxy variables of the environment are ignored', async (t) => {
    const proxy = await startEndpoint(answers(good))
    t.teardown(proxy.close)
    for (const name of ['http_proxy', 'HTTP_PROXY', 'ALL_PROXY']) process.env[name] = proxy.url
    t.teardown(() => {
      for (const name of ['http_proxy', 'HTTP_PROXY', 'ALL_PROXY'])
        Reflect.deleteProperty(process.env, name)
    })
    t.equal(await lifeOf(good), 3600)
    t.equal(proxy.seen.length, 0)
  })
})

t.test('a secret goes over TLS only, unless to loopback', async (t) => {
  for (const url of [
    'http://example.com/token',
    'http://127.0.0.1.example.com/token',
    'http://10.0.0.1/token',
    'ftp://localhost/token',
    'https://user@example.com/token',
    'https://:word@example.com/token',
    'token',
  ])
    t.match(await ask(grantOf(clientOf(url))), { problem: { code: 'insecure_endpoint' } }, url)
})

t.test('an endpoint that refuses or cuts the connection is a transient failure', async (t) => {
  const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://localhost:${(server.address() as AddressInfo).port}/token`
  t.match(await ask(grantOf(clientOf(url))), {
    problem: { kind: 'transient', code: 'endpoint_unreachable' },
  })
  server.close()
  await once(server, 'close')
  t.match(await ask(grantOf(clientOf(url))), {
    problem: { because: /^the token endpoint could not be reached \(ECONNREFUSED\)$/ },
  })
})

t.test('certificates are verified, and a private CA and a client certificate work', async (t) => {
  const mine = makeCertificates()
  const foreign = makeCertificates()
  const endpoint = await startEndpoint(answers(good), {
    cert: mine.cert,
    key: mine.key,
    ca: mine.ca,
    requestCert: true,
    rejectUnauthorized: true,
  })
  t.teardown(endpoint.close)
  const { cert } = mine
  const tls = { ca: mine.ca, cert, key: secret(mine.key), serverName: undefined }
  const withTls = (other: object | undefined) =>
    ask(grantOf(clientOf(endpoint.url, { tls: other && { ...tls, ...other } })))

  const variable = 'NODE_TLS_REJECT_UNAUTHORIZED'
  process.env[variable] = '0'
  t.teardown(() => Reflect.deleteProperty(process.env, variable))
  t.match(await withTls(undefined), { problem: { because: /SELF_SIGNED_CERT_IN_CHAIN/ } })
  t.match(await withTls({ ca: foreign.ca }), { problem: { code: 'endpoint_unreachable' } })
  t.match(await withTls({ serverName: 'example.com' }), {
    problem: { because: /ERR_TLS_CERT_ALTNAME_INVALID/ },
  })
  t.match(await withTls({ cert: undefined, key: undefined }), { ok: false }, 'no certificate')
  t.equal(endpoint.seen.length, 0, 'the secret went nowhere')
  t.match(await withTls({}), { ok: true })
  t.match(await withTls({ serverName: 'localhost' }), { ok: true })
})

t.test('no secret and no token is in any event or failure', (t) => {
  t.ok(failures.length > 50)
  const printed = inspect([failures, events], { depth: 9 }) + JSON.stringify([failures, events])
  for (const hidden of ['hush', 'tok', 'Bearer ', 'Basic '])
    t.notOk(printed.replaceAll(/token/g, '').includes(hidden), hidden)
  t.end()
})
