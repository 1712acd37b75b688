import t from 'tap'
import { generateKeyPairSync } from 'node:crypto'
import { configOf, problemsOf } from '../support/config.ts'

// made for this test: a self-signed certificate that nobody trusts
const certificate = `-----BEGIN CERTIFICATE-----
MIIBbjCCAROgAwIBAgIUd2F90zRnVGCIpY70cD5qmfuH/RQwCgYIKoZIzj0EAwIw
DDEKMAgGA1UEAwwBeDAeFw0yNjExMjMxNTAzMjJaFw0yNjExMjQxNTAzMjJaMAwx
CjAIBgNVBAMMAXgwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQrgzx9sYhfo9M8
pSnKycymu2eICQckd61hXMu1KqgxQ73b5DmVb30ioMOlKl8t7TdUu9PNlt1ueWBj
Nl1U1LgZo1MwUTAdBgNVHQ4EFgQUy9A04osGyn7uo4xAzIHCSr7B7+4wHwYDVR0j
BBgwFoAUy9A04osGyn7uo4xAzIHCSr7B7+4wDwYDVR0TAQH/BAUwAwEB/zAKBggq
hkjOPQQDAgNJADBGAiEA14+6tJTTgkSHrar5Xx1eTC5E9rkmQHv8G3de24+hWKoC
IQCB1M9WfY8WRT0du1Y47U6bWe7SjFW9/HrsvWdoePwpfA==
-----END CERTIFICATE-----
`
const key = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  .privateKey.export({ type: 'pkcs8', format: 'pem' })
  .toString()

const file = (issuers: string) => `version: 1
issuers: { ${issuers} }
inbound:
  listen: 127.0.0.1:8080
  upstream: http://127.0.0.1:3000
  routes: [{ path: /a, methods: GET, public: true }]`

const problems = (issuers: string, files = {}) =>
  problemsOf(file(issuers), { files }).map((problem) => problem.replace(/^\d+:\d+ /, ''))

const issuerOf = (issuer: string, files = {}) => {
  const found = configOf(file(`a: { ${issuer} }`), { files }).issuers[0]
  if (found === undefined) throw new Error('no issuer')
  return found
}

t.test('an issuer that cannot be trusted as written is refused', (t) => {
  const cases: [string, string][] = [
    ['', ': must have userPoolId (Amazon Cognito) or issuer'],
    [
      'issuer: https://i.example',
      ': must say for whom its tokens are: audience, clientIds, or `audience: any`',
    ],
    [
      'issuer: https://i.example, audience: []',
      '.audience: must be an audience, or the word any, or a list of these that is not empty',
    ],
    [
      'issuer: https://i.example, audience: [any, x]',
      '.audience: has `any` beside others; write `audience: any` or name them',
    ],
    [
      'issuer: http://i.example, audience: any',
      '.issuer: "http://i.example" must begin with https://, unless its host is loopback',
    ],
    [
      'issuer: http://127.0.0.1.evil.example, audience: any',
      '.issuer: "http://127.0.0.1.evil.example" must begin with https://, unless its host is loopback',
    ],
    [
      'issuer: https://i.example, audience: any, endpoint: https://e.example',
      '.endpoint: belongs to userPoolId; write `issuer` alone',
    ],
    [
      'issuer: https://i.example, audience: any, jwksUri: http://k.example',
      '.jwksUri: "http://k.example" must begin with https://, unless its host is loopback',
    ],
    [
      'issuer: https://i.example, audience: any, jwksUri: https://k.example, jwks: { file: /k }',
      '.jwks: keys come from jwksUri or from jwks; keep one of them',
    ],
    [
      'issuer: https://i.example, audience: any, jwks: { file: /none }',
      '.jwks.file: the file "/none" does not exist',
    ],
    [
      'issuer: https://i.example, audience: any, jwks: { file: /no }',
      '.jwks.file: the file "/no" holds no key set: JSON with a list `keys`',
    ],
    [
      'issuer: https://i.example, audience: any, jwks: { file: /nojson }',
      '.jwks.file: the file "/nojson" holds no key set: JSON with a list `keys`',
    ],
    [
      'issuer: https://i.example, audience: any, algorithms: HS256',
      '.algorithms: must be one of RS256, RS384, RS512, ES256, ES384, ES512, EdDSA; did you mean "RS256"?',
    ],
    [
      'issuer: https://i.example, audience: any, algorithms: [none]',
      '.algorithms: must be one of RS256, RS384, RS512, ES256, ES384, ES512, EdDSA',
    ],
    ['issuer: https://i.example, audience: any, algorithms: []', '.algorithms: must not be empty'],
    [
      'userPoolId: local_abc',
      '.userPoolId: "local_abc" is no user pool id; write one such as eu-central-1_a1B2c3D4e',
    ],
    [
      'userPoolId: eu-central-1_a, issuer: https://i.example',
      '.issuer: follows from userPoolId; remove it, or give the endpoint too',
    ],
    [
      'userPoolId: eu-central-1_a, endpoint: http://e.example',
      '.endpoint: "http://e.example" must begin with https://, unless its host is loopback',
    ],
    [
      'userPoolId: eu-central-1_a, endpoint: http://localhost:1, issuer: http://i.example',
      '.issuer: "http://i.example" must begin with https://, unless its host is loopback',
    ],
    [
      'userPoolId: eu-central-1_a, jwksCooldown: 500ms',
      '.jwksCooldown: must be a duration from 1s to 596h',
    ],
    [
      'userPoolId: eu-central-1_a, jwksMaxAge: 2h, jwksMaxStale: 1h',
      '.jwksMaxStale: must not be less than jwksMaxAge',
    ],
    [
      'userPoolId: eu-central-1_a, tls: { ca: /no }',
      '.tls.ca: the file "/no" holds no certificate in PEM form',
    ],
    [
      'userPoolId: eu-central-1_a, tls: { cert: /no, key: /no }',
      '.tls.cert: the file "/no" holds no certificate in PEM form',
    ],
    [
      'userPoolId: eu-central-1_a, tls: { key: /key }',
      '.tls: cert and key belong together; write both or none',
    ],
  ]
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const files = {
    '/k': '{"keys":[]}',
    '/no': '{}',
    '/nojson': '{',
    '/key': privateKey.export({ type: 'pkcs8', format: 'pem' }),
  }
  for (const [body, expected] of cases)
    t.equal(problems(`a: { ${body} }`, files)[0], `issuers.a${expected}`, body)
  t.end()
})

t.test('two names for one issuer are refused', (t) => {
  t.strictSame(problems('a: { userPoolId: eu-central-1_a }, b: { userPoolId: eu-central-1_a }'), [
    'issuers.b: is the same issuer as a; keep one of them',
  ])
  t.end()
})

t.test('a user pool gives both issuer forms; its keys come from the original one', (t) => {
  const cases: [string, readonly string[], string][] = [
    [
      'userPoolId: eu-central-1_Ab',
      [
        'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Ab',
        'https://issuer-cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Ab',
      ],
      'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Ab',
    ],
    [
      'userPoolId: cn-north-1_Ab',
      [
        'https://cognito-idp.cn-north-1.amazonaws.com.cn/cn-north-1_Ab',
        'https://issuer-cognito-idp.cn-north-1.amazonaws.com.cn/cn-north-1_Ab',
      ],
      'https://cognito-idp.cn-north-1.amazonaws.com.cn/cn-north-1_Ab',
    ],
    [
      'userPoolId: eusc-de-east-1_Ab',
      [
        'https://cognito-idp.eusc-de-east-1.amazonaws.eu/eusc-de-east-1_Ab',
        'https://issuer-cognito-idp.eusc-de-east-1.amazonaws.eu/eusc-de-east-1_Ab',
      ],
      'https://cognito-idp.eusc-de-east-1.amazonaws.eu/eusc-de-east-1_Ab',
    ],
    [
      'userPoolId: eu-central-1_local, endpoint: http://127.0.0.1:9229/',
      ['http://127.0.0.1:9229/eu-central-1_local'],
      'http://127.0.0.1:9229/eu-central-1_local',
    ],
    [
      'userPoolId: eu-central-1_local, endpoint: http://127.0.0.1:9229, issuer: https://i.example',
      ['https://i.example'],
      'http://127.0.0.1:9229/eu-central-1_local',
    ],
    [
      'userPoolId: eu-central-1_A, endpoint: http://127.0.0.1:9229, issuer: https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_A',
      [
        'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_A',
        'https://issuer-cognito-idp.eu-central-1.amazonaws.com/eu-central-1_A',
      ],
      'http://127.0.0.1:9229/eu-central-1_A',
    ],
  ]
  for (const [body, issuers, keys] of cases) {
    const issuer = issuerOf(body)
    t.strictSame(issuer.issuers, issuers, body)
    t.strictSame(issuer.keys, { kind: 'uri', url: `${keys}/.well-known/jwks.json` })
    t.strictSame([issuer.kind, issuer.audience], ['pool', 'any'])
  }
  t.end()
})

t.test('any other issuer is found by discovery, or its keys are given', (t) => {
  const body = 'issuer: https://i.example/x/, audience: api'
  const issuer = issuerOf(body)
  t.match(issuer, {
    kind: 'other',
    issuers: ['https://i.example/x/'],
    keys: { kind: 'discovery', issuer: 'https://i.example/x/' },
    audience: ['api'],
    algorithms: ['RS256'],
  })
  t.strictSame(issuerOf(`${body}, jwksUri: "https://k.example/keys?v=1"`).keys, {
    kind: 'uri',
    url: 'https://k.example/keys?v=1',
  })
  t.strictSame(
    issuerOf(`${body}, jwks: { file: keys.json }`, { '/etc/scopegate/keys.json': '{"keys":[]}' })
      .keys,
    {
      kind: 'file',
      text: '{"keys":[]}',
    },
  )
  t.equal(issuerOf('issuer: https://i.example, clientIds: c').audience, 'any')
  t.strictSame(issuerOf('issuer: https://i.example, audience: any').audience, 'any')
  const all = issuerOf(
    `${body}, algorithms: ES256, claims: { token_use: access }, clientIds: [1, 2], clockTolerance: 0s, required: false, scopeClaims: /a/b`,
  )
  t.match(all, {
    algorithms: ['ES256'],
    claims: [{ claim: 'token_use', values: ['access'] }],
    clientIds: ['1', '2'],
    clockTolerance: 0,
    required: false,
    scopeClaims: ['/a/b'],
  })
  t.end()
})

t.test('TLS files are read with the configuration and watched with it', (t) => {
  const files = { '/etc/scopegate/ca.pem': certificate, '/c': certificate, '/k': key }
  const text = file(
    'a: { userPoolId: eu-central-1_A, tls: { ca: ca.pem, cert: /c, key: /k, serverName: s } }',
  )
  const { issuers, sources } = configOf(text, { files })
  const tls = issuers[0]?.tls
  t.strictSame(
    [tls?.ca, tls?.cert, tls?.key?.reveal(), tls?.serverName],
    [certificate, certificate, key, 's'],
  )
  t.strictSame(sources, ['/etc/scopegate/c.yaml', '/etc/scopegate/ca.pem', '/c', '/k'])
  t.end()
})
