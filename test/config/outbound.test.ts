import t from 'tap'
import { configOf, outboundWith, problemsOf, secretEnv } from '../support/config.ts'

const problems = (text: string, env = secretEnv) =>
  problemsOf(text, { env }).map((problem) => problem.replace(/^\d+:\d+ /, ''))

const config = (text: string, env = secretEnv) => configOf(text, { env })

const route = '{ path: /a, upstream: https://api.example.com }'

t.test('a route that leads nowhere safe is refused', (t) => {
  const cases: [string, string][] = [
    ['{ upstream: https://a.example }', 'routes[0]: must have path, host or both'],
    ['{ path: a, upstream: https://a.example }', 'routes[0].path: "a" must begin with /'],
    [
      '{ path: /a/**, upstream: https://a.example }',
      'routes[0].path: "/a/**" is a prefix, not a pattern; leave out **, { and }',
    ],
    [
      '{ path: "/a b", upstream: https://a.example }',
      'routes[0].path: "/a b" must be written as it is sent: visible ASCII without \\, ? and #',
    ],
    [
      '{ path: /a/%2E./b, upstream: https://a.example }',
      'routes[0].path: "/a/%2E./b" must have no dot segments',
    ],
    [
      '{ path: /a//b, upstream: https://a.example }',
      'routes[0].path: "/a//b" must have no empty segments',
    ],
    [
      '{ host: "http://a", upstream: https://a.example }',
      'routes[0].host: "http://a" is no host; write a name such as api.internal or api.internal:8443',
    ],
    [
      '{ host: "a:0", upstream: https://a.example }',
      'routes[0].host: "a:0" is no host; write a name such as api.internal or api.internal:8443',
    ],
    [
      '{ path: /a, upstream: http://a.example }',
      'routes[0].upstream: "http://a.example" must begin with https://, unless its host is loopback or the route says `allowPlaintext: true`',
    ],
    [
      '{ path: /a, upstream: https://u:p@a.example }',
      'routes[0].upstream: this address holds a user name or password; remove it',
    ],
    [
      '{ path: /a, upstream: https://a.example?b }',
      'routes[0].upstream: "https://a.example?b" holds a query; remove it',
    ],
    [
      '{ path: /a, upstream: "https://a.example#b" }',
      'routes[0].upstream: "https://a.example#b" holds a # part; remove it',
    ],
    [
      '{ path: /a, upstream: api.example }',
      'routes[0].upstream: "api.example" is no address; write one such as https://api.example.com',
    ],
    [
      '{ path: /a, upstream: { url: "https://a.example\\\\b" } }',
      'routes[0].upstream.url: "https://a.example\\\\b" is no address; write one such as https://api.example.com',
    ],
    [
      '{ path: /a, upstream: { url: https://a.example, http2: true } }',
      'routes[0].upstream.http2: not supported yet; remove it',
    ],
    [
      '{ path: /a, upstream: http://localhost:8081 }',
      'routes[0].upstream: is our own listener outbound.listen; write the address of the API',
    ],
    [
      '{ path: /a, upstream: https://a.example, client: wroker }',
      'routes[0].client: `clients` has no "wroker"; did you mean "worker"?',
    ],
    [
      '{ path: /a, upstream: https://a.example, scopes: [s, "t u"] }',
      'routes[0].scopes[1]: "t u" is no scope; list several scopes one by one',
    ],
    [
      '{ path: /a, upstream: https://a.example, resource: "a#b" }',
      'routes[0].resource: "a#b" is no absolute URI without a # part (RFC 8707)',
    ],
    ['', 'routes: must not be empty; write a route'],
    [
      `${route}, { upstream: https://b.example, path: /a/ }`,
      'routes[1]: this host and path stand already at line 6; keep one of them',
    ],
    [
      '{ path: /a, upstream: https://a.example, onAuthorization: drop }',
      'routes[0].onAuthorization: must be one of replace, keep, refuse',
    ],
  ]
  for (const [routes, expected] of cases)
    t.strictSame(problems(outboundWith(routes)), [`outbound.${expected}`], routes)
  t.end()
})

t.test('a port that is left out is that of the scheme', (t) => {
  const to = (upstream: string, port: number) =>
    problems(outboundWith(`{ path: /a, upstream: ${upstream} }`, `  listen: 127.0.0.1:${port}`))
  const own = [
    'outbound.routes[0].upstream: is our own listener outbound.listen; write the address of the API',
  ]
  t.strictSame(to('https://127.0.0.1', 443), own)
  t.strictSame(to('http://127.0.0.1', 80), own)
  t.strictSame(to('https://127.0.0.1', 80), [])
  t.end()
})

t.test('the place of an own listener counts the routes of the file, also after wrong ones', (t) => {
  const found = problems(
    outboundWith('{ path: a, scope: s }, { path: /b, upstream: http://127.0.0.1:8081/x }'),
  )
  t.ok(
    found.includes(
      'outbound.routes[1].upstream: is our own listener outbound.listen; write the address of the API',
    ),
  )
  t.end()
})

t.test('others reach the listener only when that is said', (t) => {
  const listening = (listen: string) => outboundWith(route, `  listen: ${listen}`)
  const open = (what: string) => [
    `outbound.listen: ${what} is not loopback: whoever reaches it gets tokens; write 127.0.0.1, or allowRemoteClients: true`,
  ]
  t.strictSame(problems(listening('0.0.0.0:1')), open('"0.0.0.0:1"'))
  t.strictSame(problems(listening('{ host: 10.0.0.1, port: 1 }')), open('the address'))
  for (const listen of ['127.1.2.3:1', '"[::1]:1"', 'localhost:1', '{ socket: /run/s }'])
    t.strictSame(problems(listening(listen)), [], listen)
  const { outbound, warnings } = config(listening('0.0.0.0:1\n  allowRemoteClients: true'))
  t.equal(outbound?.allowRemoteClients, true)
  t.match(warnings[0]?.message, 'get tokens')
  t.end()
})

t.test('listeners are addresses or sockets, each in a place of its own', (t) => {
  const cases: [string, string][] = [
    ['8080', '"8080" is no address and port; write one such as 127.0.0.1:8080'],
    [
      '127.0.0.1:99999',
      '"127.0.0.1:99999" is no address and port; write one such as 127.0.0.1:8080',
    ],
    ['127.0.0.1.2:80', '"127.0.0.1.2:80" is no address and port; write one such as 127.0.0.1:8080'],
    ['{ host: 127.0.0.1 }', 'must have host and port, or socket'],
    ['{ socket: /run/s, port: 1 }', 'has a socket and an address; keep one of them'],
  ]
  for (const [listen, expected] of cases)
    t.strictSame(problems(outboundWith(route, `  listen: ${listen}`)), [
      `outbound.listen: ${expected}`,
    ])
  t.strictSame(problems(outboundWith(route, '  listen: { host: a b, port: 1 }')), [
    'outbound.listen.host: "a b" is no address or name; write one such as 127.0.0.1',
  ])
  t.strictSame(problems(outboundWith(route, '  listen: { socket: /s, mode: rw }')), [
    "outbound.listen.mode: must be an octal file mode such as '0600' or '0660'",
  ])
  const long = `/${'s'.repeat(107)}`
  t.strictSame(problems(outboundWith(route, `  listen: { socket: ${long} }`)), [
    'outbound.listen.socket: must have at most 107 bytes',
  ])
  t.strictSame(problems(outboundWith(route, `  listen: { socket: ${long.slice(1)} }`)), [])
  t.strictSame(problems(outboundWith(route, "  listen: { host: '::1', port: 1, mode: '0600' }")), [
    'outbound.listen.mode: only a socket has a mode; remove it',
  ])
  t.strictSame(
    problems(outboundWith(route, '  listen: { host: ::1, port: 1, tls: { cert: a, key: b } }')),
    [
      'outbound.listen.tls.cert: the file "a" does not exist',
      'outbound.listen.tls.key: the file "b" does not exist',
    ],
  )
  t.strictSame(problems(outboundWith(route, '  listen: 127.0.0.1:9901')), [
    'admin.listen: is taken by outbound.listen; give it another port',
  ])
  t.strictSame(
    problems(
      `${outboundWith(route, '  listen: { socket: /s }')}\nadmin: { listen: { socket: /s } }`,
    ),
    ['admin.listen: is taken by outbound.listen; give it another port'],
  )
  t.strictSame(
    problems(
      `${outboundWith(route, '  listen: { host: ::1, port: 7 }')}\nadmin: { listen: "[::]:7" }`,
    ),
    ['admin.listen: is taken by outbound.listen; give it another port'],
  )
  t.strictSame(problems(`${outboundWith(route)}\nadmin: { listen: nowhere }`), [
    'admin.listen: "nowhere" is no address and port; write one such as 127.0.0.1:8080',
  ])
  t.strictSame(
    problems(`${outboundWith(route, '  listen: 127.0.0.1:0')}\nadmin: { listen: 127.0.0.1:0 }`),
    [],
  )
  const mode = (text: string) =>
    config(outboundWith(route, `  listen: { socket: /s${text} }`)).outbound?.listen
  t.strictSame(mode(''), { kind: 'socket', path: '/s', mode: 0o600 })
  t.strictSame(mode(', mode: 0660'), { kind: 'socket', path: '/s', mode: 0o660 })
  t.strictSame(mode(", mode: '777'"), { kind: 'socket', path: '/s', mode: 0o777 })
  t.end()
})

t.test('a route has the form that the code uses', (t) => {
  const text = outboundWith(
    '{ path: /, host: "API.internal:8443", upstream: { url: "https://api.example.com/v1/", connections: 3 }, scopes: s, audience: aud, onAuthorization: keep, renewOn401: never, timeouts: { headers: 1s } }, { host: other, upstream: "https://b.example:8081", resource: "urn:r", allowPlaintext: true }',
    '  requireHeader: X-Scopegate\n  allowBrowsers: true',
  )
  const { outbound } = config(text)
  t.match(outbound, {
    listen: { kind: 'tcp', host: '127.0.0.1', port: 8081 },
    requireHeader: 'x-scopegate',
    allowBrowsers: true,
    routes: [
      {
        id: 'api.internal:8443',
        path: '',
        host: { name: 'api.internal', port: 8443 },
        upstream: {
          origin: 'https://api.example.com',
          path: '/v1',
          connections: 3,
          connectTimeout: 2000,
        },
        grant: { client: { name: 'worker' }, scopes: ['s'], resource: undefined, audience: 'aud' },
        onAuthorization: 'keep',
        renewOn401: 'never',
        timeouts: { headers: 1000, body: undefined },
      },
      {
        id: 'other',
        path: undefined,
        host: { name: 'other', port: undefined },
        grant: { scopes: [], resource: 'urn:r' },
      },
    ],
  })
  t.equal(
    config(outboundWith('{ path: /, upstream: http://127.0.0.1:1 }')).outbound?.routes[0]?.id,
    '/',
  )
  t.end()
})

t.test('a client that cannot work is refused', (t) => {
  const client = (body: string, more = '') =>
    `version: 1\n${more}clients: { w: { ${body} } }\noutbound: { listen: 127.0.0.1:1, routes: [${route}] }`
  const end = 'tokenEndpoint: https://l.example/t'
  const cases: [string, string][] = [
    ['clientId: a, clientSecret: { env: S }', ': must have tokenEndpoint or issuer'],
    [`${end}, clientId: a`, ': must have clientSecret: { env: NAME } or { file: path }'],
    [
      `${end}, clientId: a, clientSecret: {}`,
      '.clientSecret: must be { env: NAME } or { file: path }',
    ],
    [
      `${end}, clientId: a, clientSecret: { env: S, file: f }`,
      '.clientSecret: must be { env: NAME } or { file: path }',
    ],
    [
      `${end}, clientId: a, clientSecret: { env: T }`,
      '.clientSecret.env: the environment variable "T" is missing or empty; set it',
    ],
    [
      `${end}, clientId: a, clientSecret: { file: f }`,
      '.clientSecret.file: the file "f" does not exist',
    ],
    [
      `${end}, clientId: a, clientSecret: ""`,
      '.clientSecret: must be { env: NAME }, { file: path } or the secret itself',
    ],
    [
      `${end}, clientId: a, clientSecret: [{ env: S }, { env: S }]`,
      '.clientSecret: not supported yet; write one secret',
    ],
    [`${end}, clientSecret: { env: S }`, '.clientId: is missing; it must be the client id'],
    [
      'tokenEndpoint: http://l.example/t, clientId: a, clientSecret: { env: S }',
      '.tokenEndpoint: "http://l.example/t" must begin with https://, unless its host is loopback',
    ],
    [
      'issuer: x, clientId: a, clientSecret: { env: S }',
      '.issuer: `issuers` has no "x"; `issuers` has none',
    ],
    [
      `${end}, issuer: x, clientId: a, clientSecret: { env: S }`,
      ': has tokenEndpoint and issuer; keep one of them',
    ],
    [
      'cognitoApi: { region: eu-central-1 }, clientId: a, clientSecret: { env: S }',
      '.cognitoApi: not supported yet; write tokenEndpoint',
    ],
    [
      `${end}, clientId: a, authMethod: private_key_jwt`,
      '.authMethod: not supported yet; write client_secret_basic or client_secret_post',
    ],
    [
      `${end}, clientId: a, authMethod: tls_client_auth`,
      '.authMethod: not supported yet; write client_secret_basic or client_secret_post',
    ],
    [
      `${end}, clientId: a, clientSecret: { env: S }, authMethod: client_secret_bsic`,
      '.authMethod: must be one of client_secret_basic, client_secret_post, private_key_jwt, tls_client_auth; did you mean "client_secret_basic"?',
    ],
    [
      `${end}, clientId: a, clientSecret: { env: S }, parameters: { scope: x }`,
      '.parameters.scope: is a member that Scopegate writes itself; remove it',
    ],
    [
      `${end}, clientId: a, clientSecret: { env: S }, resource: r`,
      '.resource: "r" is no absolute URI without a # part (RFC 8707)',
    ],
  ]
  for (const [body, expected] of cases)
    t.strictSame(problems(client(body)), [`clients.w${expected}`], body)
  const wrongIssuer = client(
    'issuer: i, clientId: a, clientSecret: { env: S }',
    'issuers: { i: {} }\n',
  )
  t.strictSame(problems(wrongIssuer), [
    'issuers.i: must have userPoolId (Amazon Cognito) or issuer',
  ])
  t.end()
})

t.test('a route names its client when there are several, and needs one', (t) => {
  const two = outboundWith(route).replace(
    'clients:\n',
    'clients:\n  other: { tokenEndpoint: https://o.example, clientId: o, clientSecret: { env: S } }\n',
  )
  t.strictSame(problems(two), [
    'outbound.routes[0].client: is missing; it must name one of `clients`: there are other, worker',
  ])
  t.strictSame(problems(`version: 1\noutbound: { listen: 127.0.0.1:1, routes: [${route}] }`), [
    'outbound.routes[0].client: is missing; it must name one of `clients`: `clients` has none',
  ])
  t.strictSame(
    config(two.replace('{ path: /a,', '{ path: /a, client: worker,')).warnings.map(
      ({ key }) => key,
    ),
    ['clients.other'],
  )
  t.end()
})

t.test('clients have the form that the code uses', (t) => {
  const text = `version: 1
issuers: { i: { issuer: https://i.example, audience: any } }
clients:
  a: { tokenEndpoint: https://p.auth.eu-central-1.amazoncognito.com/oauth2/token, clientId: 0123, clientSecret: { file: secret } }
  b: { tokenEndpoint: https://p.auth-fips.us-gov-west-1.amazoncognito.com/t, clientId: b, clientSecret: [{ env: S }], basicEncoding: rfc6749 }
  c: { issuer: i, clientId: c, clientSecret: literal, authMethod: client_secret_post, renewBefore: 2m, expiryLeeway: 0s, prefetch: false, requireGrantedScopes: true, resource: https://r.example, audience: aud, parameters: { p: 1 } }
  d: { tokenEndpoint: https://amazoncognito.com.evil.example/t, clientId: d, clientSecret: "\${S}" }
outbound:
  listen: 127.0.0.1:8081
  routes:
    - { path: /a, client: a, upstream: https://u.example }
    - { path: /b, client: b, upstream: https://u.example }
    - { path: /c, client: c, upstream: https://u.example }
    - { path: /d, client: d, upstream: https://u.example }
`
  const loaded = configOf(text, {
    env: secretEnv,
    files: { '/etc/scopegate/secret': 'from-file\n\n' },
  })
  t.strictSame(
    loaded.clients.map((client) => [
      client.name,
      client.clientId,
      client.clientSecret.reveal(),
      client.basicEncoding,
      client.authMethod,
    ]),
    [
      ['a', '0123', 'from-file\n', 'raw', 'client_secret_basic'],
      ['b', 'b', 'a-secret', 'rfc6749', 'client_secret_basic'],
      ['c', 'c', 'literal', 'rfc6749', 'client_secret_post'],
      ['d', 'd', 'a-secret', 'rfc6749', 'client_secret_basic'],
    ],
  )
  t.match(loaded.clients[2], {
    endpoint: { kind: 'discovery', issuer: 'https://i.example' },
    renewBefore: 120_000,
    expiryLeeway: 0,
    prefetch: false,
    requireGrantedScopes: true,
    parameters: { p: '1' },
  })
  t.match(loaded.outbound?.routes[2]?.grant, { resource: 'https://r.example', audience: 'aud' })
  t.strictSame(loaded.sources, ['/etc/scopegate/c.yaml', '/etc/scopegate/secret'])
  t.strictSame(
    loaded.warnings.map(({ key }) => key),
    ['clients.c.clientSecret'],
    'a secret in the file is worth a warning',
  )
  t.end()
})

t.test('an empty secret file is a problem', (t) => {
  const text = outboundWith(route).replace('{ env: S }', '{ file: /s }')
  t.strictSame(problemsOf(text, { files: { '/s': '\n' } }), [
    '3:97 clients.worker.clientSecret.file: the file "/s" is empty; put the secret in',
  ])
  t.end()
})
