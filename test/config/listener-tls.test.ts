/** TLS of listeners and the header that tells of certificates, as the configuration says them. */
import t from 'tap'
import { makeCertificates } from '../support/certificates.ts'
import { configOf, problemsOf } from '../support/config.ts'

const { ca, cert, key, selfSigned } = makeCertificates()
const files = {
  ...{ '/etc/scopegate/ca': ca, '/etc/scopegate/cert': cert, '/etc/scopegate/key': key },
  '/etc/scopegate/other-key': selfSigned.key,
  '/etc/scopegate/nonsense': 'nonsense',
  // 512 bits, which OpenSSL does not take for a server
  '/etc/scopegate/half': `${cert}${ca.slice(0, 200)}`,
}

const withListen = (listen: string, more = ''): string => `version: 1
inbound:
  listen: ${listen}
  upstream: http://127.0.0.1:3000
  routes: [{ path: /a, methods: [GET], public: true }]
${more}`
const withTls = (tls: string, more = ''): string =>
  withListen(`{ host: 127.0.0.1, port: 8443, tls: { ${tls} } }`, more)
const problems = (text: string) =>
  problemsOf(text, { files }).map((problem) => problem.replace(/^\d+:\d+ /, ''))

t.test('a certificate and its key are taken, and watched', (t) => {
  const config = configOf(withTls('cert: cert, key: key, clientCa: ca'), { files })
  const listen = config.inbound?.listen
  t.match(listen, { kind: 'tcp', tls: { cert, clientCa: ca } })
  t.equal(JSON.stringify(listen).includes('PRIVATE'), false)
  for (const name of ['ca', 'cert', 'key'])
    t.ok(config.sources.includes(`/etc/scopegate/${name}`), name)
  t.end()
})

t.test('files that are none are reported, each at its key', (t) => {
  const at = 'inbound.listen.tls'
  const cases: [string, string[]][] = [
    ['cert: cert', [`${at}.key: is missing; it must be text`]],
    [
      'cert: nonsense, key: key',
      [`${at}.cert: the file "nonsense" holds no certificate in PEM form`],
    ],
    [
      'cert: cert, key: nonsense',
      [`${at}.key: the file "nonsense" holds no private key without a password in PEM form`],
    ],
    [
      'cert: cert, key: key, clientCa: nonsense',
      [`${at}.clientCa: the file "nonsense" holds no certificate in PEM form`],
    ],
    ['cert: cert, key: key, clientCa: gone', [`${at}.clientCa: the file "gone" does not exist`]],
    [
      'cert: cert, key: other-key',
      [`${at}.key: is not the key of \`cert\`; write the files of one pair`],
    ],
    ['cert: half, key: key', [`${at}: OpenSSL refuses these files (ERR_OSSL_PEM_BAD_END_LINE)`]],
  ]
  for (const [tls, expected] of cases) t.strictSame(problems(withTls(tls)), expected, tls)
  t.end()
})

t.test('a socket and the admin listener have no TLS', (t) => {
  t.strictSame(problems(withListen('{ socket: /s, tls: { cert: cert, key: key } }')), [
    'inbound.listen.tls: a socket is not reached from elsewhere; remove it',
  ])
  const admin = 'admin: { listen: { host: 127.0.0.1, port: 1, tls: { cert: cert, key: key } } }'
  t.strictSame(problems(withListen('127.0.0.1:8080', admin)), [
    'admin.listen.tls: the admin listener has no TLS; remove it',
  ])
  t.end()
})

t.test('a header for certificates needs certificates, and a name of its own', (t) => {
  const asking = 'cert: cert, key: key, clientCa: ca'
  const header = (name: string, tls = asking) =>
    problems(withTls(tls, `  certificateHeader: ${name}`))
  t.strictSame(header('X-Caller'), [])
  t.equal(
    configOf(withTls(asking, '  certificateHeader: X-Caller'), { files }).inbound
      ?.certificateHeader,
    'x-caller',
  )
  const at = 'inbound.certificateHeader'
  t.strictSame(header('x-caller', 'cert: cert, key: key'), [
    `${at}: needs \`listen.tls.clientCa\`, which asks for certificates`,
  ])
  t.strictSame(header('Host'), [`${at}: "Host" belongs to HTTP itself; choose another header`])
  t.strictSame(header('x_auth_subject'), [
    `${at}: "x_auth_subject" is an identity header; choose another`,
  ])
  t.end()
})
