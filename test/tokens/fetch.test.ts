import t from 'tap'
import { createServer as createTcpServer, type AddressInfo } from 'node:net'
import type { ServerResponse } from 'node:http'
import { discover, readDiscovery } from '../../src/tokens/discovery.ts'
import { fetchJsonText, isLoopbackHost, type FetchOptions } from '../../src/tokens/fetch.ts'
import { bytes, milliseconds, secret } from '../../src/units.ts'
import { makeCertificates } from '../support/certificates.ts'
import { serve } from '../support/issuer.ts'

const options: FetchOptions = {
  timeout: milliseconds(5000),
  maxBytes: bytes(1024),
  tls: undefined,
}
const problem = (because: string, status?: number) => ({
  ok: false,
  problem: { because, status },
})
const tls = (over: object) => ({
  ...options,
  tls: { ca: undefined, cert: undefined, key: undefined, serverName: undefined, ...over },
})
const answer = (text: string | Buffer, status = 200) => {
  return (_: unknown, response: ServerResponse) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(text)
  }
}

t.test('an address that must not be asked is refused before any connection', async (t) => {
  for (const [url, because] of [
    ['keys', 'the address is not a URL'],
    ['ftp://127.0.0.1/keys', 'the address is neither https nor http'],
    ['https://user@127.0.0.1/keys', 'the address holds a user name or password'],
    ['https://:secret@127.0.0.1/keys', 'the address holds a user name or password'],
    ['http://192.0.2.1/keys', 'the address must be https unless it is loopback'],
    ['http://127.0.0.1.example.com/', 'the address must be https unless it is loopback'],
    ['http://localhost.example.com/', 'the address must be https unless it is loopback'],
  ] as const)
    t.strictSame(await fetchJsonText(url, options), problem(because), url)
  for (const host of ['localhost', '127.0.0.1', '127.255.0.3', '[::1]'])
    t.ok(isLoopbackHost(host), host)
})

t.test(
  'a redirect, another status, a large answer and one that is not UTF-8 are failures',
  async (t) => {
    const target = await serve(t, answer('{}'))
    const redirect = await serve(t, (_, response) => {
      response.writeHead(302, { location: target.url }).end('{}')
    })
    t.strictSame(
      await fetchJsonText(redirect.url, options),
      problem('the answer is a redirect', 302),
    )
    t.strictSame(target.requests, [], 'nobody followed it')
    for (const status of [201, 204, 404, 500]) {
      const { url } = await serve(t, answer(status === 204 ? '' : '{}', status))
      const expected = problem(`the answer has status ${status}`, status)
      t.strictSame(await fetchJsonText(url, options), expected)
    }
    const large = await serve(t, answer(`"${'x'.repeat(1023)}"`))
    t.strictSame(await fetchJsonText(large.url, options), problem('the answer is too large'))
    const latin = await serve(t, answer(Buffer.from('{"a":"\xe9"}', 'latin1')))
    t.strictSame(await fetchJsonText(latin.url, options), problem('the answer is not UTF-8', 200))
    const exact = await serve(t, answer(`"${'x'.repeat(1022)}"`))
    t.strictSame(await fetchJsonText(exact.url, options), {
      ok: true,
      value: `"${'x'.repeat(1022)}"`,
    })
  },
)

t.test('a server that says nothing, or never ends, is left in time', async (t) => {
  const silent = await serve(t, () => undefined)
  const brief = { ...options, timeout: milliseconds(50) }
  const late = problem('there was no answer in time')
  t.strictSame(await fetchJsonText(silent.url, brief), late)
  const dripping = await serve(t, (_, response) => void response.writeHead(200).write('{'))
  t.strictSame(await fetchJsonText(dripping.url, brief), late)
})

t.test('a caller can end it, also before it began', async (t) => {
  const ending = new AbortController()
  const { url, requests } = await serve(t, () => ending.abort())
  const cancellable = { ...options, signal: ending.signal }
  t.strictSame(await fetchJsonText(url, cancellable), problem('it was cancelled'))
  t.strictSame(await fetchJsonText(url, cancellable), problem('it was cancelled'))
  t.equal(requests.length, 1)
})

t.test('a refused or broken connection is told by its code, without an address', async (t) => {
  const closed = createTcpServer((socket) => socket.destroy()).listen(0, '127.0.0.1')
  await new Promise((resolve) => closed.once('listening', resolve))
  const { port } = closed.address() as AddressInfo
  const url = `http://127.0.0.1:${port}/`
  t.strictSame(await fetchJsonText(url, options), problem('the connection failed (ECONNRESET)'))
  await new Promise((resolve) => closed.close(resolve))
  t.strictSame(await fetchJsonText(url, options), problem('the connection failed (ECONNREFUSED)'))
})

t.test('no connection outlives the call', async (t) => {
  let closed = 0
  const { url } = await serve(t, (request, response) => {
    request.socket.on('close', () => (closed += 1))
    answer('{}')(request, response)
  })
  for (let call = 0; call < 20; call += 1) t.ok((await fetchJsonText(url, options)).ok)
  t.ok(closed >= 10, 'the first ones are closed while others are made')
})

t.test('proxy variables of the environment are ignored', async (t) => {
  const proxy = await serve(t, answer('{"from":"proxy"}'))
  const { url } = await serve(t, answer('{"from":"issuer"}'))
  const names = ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy', 'ALL_PROXY']
  for (const name of names) process.env[name] = proxy.url
  process.env.NODE_USE_ENV_PROXY = '1'
  t.teardown(() => {
    for (const name of [...names, 'NODE_USE_ENV_PROXY']) Reflect.deleteProperty(process.env, name)
  })
  t.strictSame(await fetchJsonText(url, options), { ok: true, value: '{"from":"issuer"}' })
  t.strictSame(proxy.requests, [])
})

t.test('certificates are verified, whatever the environment says', async (t) => {
  const { ca, cert, key, selfSigned } = makeCertificates()
  const good = await serve(t, answer('{}'), { cert, key })
  const bad = await serve(t, answer('{}'), selfSigned)
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
  t.teardown(() => Reflect.deleteProperty(process.env, 'NODE_TLS_REJECT_UNAUTHORIZED'))
  const self = problem('the certificate was refused (DEPTH_ZERO_SELF_SIGNED_CERT)')
  const unknown = problem('the certificate was refused (UNABLE_TO_VERIFY_LEAF_SIGNATURE)')
  const otherName = problem('the certificate was refused (ERR_TLS_CERT_ALTNAME_INVALID)')
  t.strictSame(await fetchJsonText(bad.url, options), self)
  t.strictSame(await fetchJsonText(bad.url, tls({ ca })), self)
  t.strictSame(await fetchJsonText(good.url, options), unknown)
  t.strictSame(await fetchJsonText(good.url, tls({ ca })), { ok: true, value: '{}' })
  const named = await fetchJsonText(good.url, tls({ ca, serverName: 'keys.example' }))
  t.strictSame(named, otherName)
  const localhost = good.url.replace('127.0.0.1', 'localhost')
  t.ok((await fetchJsonText(localhost, tls({ ca }))).ok)
  t.strictSame(
    [good.requests.length, bad.requests.length],
    [2, 0],
    'nothing was sent to the others',
  )
})

t.test('a client certificate is shown; one that cannot be read is a failure', async (t) => {
  const { ca, cert, key } = makeCertificates()
  const { url } = await serve(t, answer('{}'), {
    cert,
    key,
    ...{ ca, requestCert: true, rejectUnauthorized: true },
  })
  t.match(await fetchJsonText(url, tls({ ca })), { ok: false })
  const shown = await fetchJsonText(url, tls({ ca, cert, key: secret(key) }))
  t.strictSame(shown, { ok: true, value: '{}' })
  const broken = await fetchJsonText(url, tls({ ca, cert, key: secret('no key') }))
  t.match(broken, problem(/^the connection failed \(ERR_OSSL/ as unknown as string))
})

const document = (issuer: string, over: object = {}) =>
  JSON.stringify({
    issuer,
    jwks_uri: `${issuer}/keys`,
    token_endpoint: `${issuer}/token`,
    ...over,
  })

t.test(
  'OpenID Connect discovery is asked first, RFC 8414 after an answer that is no document',
  async (t) => {
    const issuer: { readonly url: string; readonly requests: string[] } = await serve(
      t,
      (request, response) => {
        const path = request.url ?? ''
        if (path === '/oidc/.well-known/openid-configuration')
          answer(document(`${issuer.url}/oidc`))(request, response)
        else if (path === '/.well-known/oauth-authorization-server/oauth')
          answer(document(`${issuer.url}/oauth`))(request, response)
        else answer('{}', path.startsWith('/broken') ? 500 : 404)(request, response)
      },
    )
    for (const name of ['oidc', 'oauth'])
      t.strictSame(await discover(`${issuer.url}/${name}`, options), {
        ok: true,
        value: {
          jwksUri: `${issuer.url}/${name}/keys`,
          tokenEndpoint: `${issuer.url}/${name}/token`,
        },
      })
    issuer.requests.length = 0
    const none = await discover(`${issuer.url}/`, options)
    t.strictSame(none, { ok: false, problem: 'discovery: the answer has status 404' })
    t.strictSame(issuer.requests, [
      '/.well-known/openid-configuration',
      '/.well-known/oauth-authorization-server',
    ])
    const broken = await discover(`${issuer.url}/broken`, options)
    t.strictSame(broken, { ok: false, problem: 'discovery: the answer has status 500' })
    t.equal(issuer.requests.length, 3, 'an issuer in trouble is asked once')
    t.strictSame(await discover('issuer', options), {
      ok: false,
      problem: 'discovery: the address is not a URL',
    })
    const odd = await discover(`${issuer.url}/oidc/`, options)
    t.match(odd, { ok: false, problem: /by a trailing slash/ })
  },
)

t.test(
  'a document must name exactly the configured issuer, and addresses that may be asked',
  (t) => {
    const issuer = 'https://login.example'
    const slash = 'the issuer in the document differs from the configured one by a trailing slash'
    const other = 'the issuer in the document is not the configured one'
    for (const [text, because] of [
      ['no', 'the document is not JSON'],
      ['{"issuer":"a","issuer":"b"}', 'the document is JSON with a duplicate member'],
      ['{}', other],
      [document('https://LOGIN.example'), other],
      [document('https://other.example'), other],
      [document(issuer, { issuer: [issuer] }), other],
      [document(`${issuer}/`), slash],
      [document(issuer, { jwks_uri: 7 }), 'jwks_uri: the address is not a string'],
      [
        document(issuer, { jwks_uri: 'http://login.example/keys' }),
        'jwks_uri: the address must be https unless it is loopback',
      ],
      [
        document(issuer, { token_endpoint: 'http://login.example/token' }),
        'token_endpoint: the address must be https unless it is loopback',
      ],
    ] as const)
      t.strictSame(readDiscovery(text, issuer), { ok: false, problem: because })
    t.strictSame(readDiscovery(document(issuer), `${issuer}/`), { ok: false, problem: slash })
    t.strictSame(readDiscovery(`{"issuer":"${issuer}"}`, issuer), {
      ok: true,
      value: { jwksUri: undefined, tokenEndpoint: undefined },
    })
    t.end()
  },
)
