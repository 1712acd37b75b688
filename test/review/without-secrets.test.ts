import t from 'tap'
import { loadForReview } from '../../src/review/without-secrets.ts'
import { no, ok } from '../../src/units.ts'

const rules = (more = '') => `version: 1
issuers: { app: { userPoolId: eu-central-1_a1B2c3D4e } }
inbound:
  listen: { host: 0.0.0.0, port: 8443, tls: { cert: tls.crt, key: tls.key } }
  upstream: http://127.0.0.1:3000
  routes: [{ path: /a, methods: [GET], scopes: app-api/a }]
${more}`
const clients = `clients:
  worker: { tokenEndpoint: https://issuer.example/token, clientId: "\${WORKER_ID}", clientSecret: { file: secret } }
  other: { tokenEndpoint: https://issuer.example/token, clientId: b, clientSecret: { env: OTHER_SECRET } }
outbound:
  listen: 127.0.0.1:8081
  routes: [{ path: /b, upstream: http://127.0.0.1:4000, client: worker }]
`

/** With these files of `/etc/scopegate`, and no variable but those. */
function load(
  text: string,
  files: Readonly<Record<string, string>> = {},
  env: Readonly<Record<string, string>> = {},
) {
  const all: Readonly<Record<string, string>> = { 'c.yaml': text, ...files }
  return loadForReview(
    { file: '/etc/scopegate/c.yaml' },
    {
      env,
      readFile: (path) => {
        const found = all[path.replace('/etc/scopegate/', '')]
        return found === undefined ? no('does not exist') : ok(found)
      },
    },
  )
}

t.test('secrets, TLS files and variables that decide nothing are left out, and told', (t) => {
  const loaded = load(rules(clients))
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problem))
  const { config, absent } = loaded.value
  t.strictSame(
    absent.map(({ kind, name, line, key }) => `${line} ${key} ${kind} ${name}`),
    [
      '8 clients.worker.clientId variable WORKER_ID',
      '4 inbound.listen.tls.cert file tls.crt',
      '4 inbound.listen.tls.key file tls.key',
      '8 clients.worker.clientSecret.file file secret',
      '9 clients.other.clientSecret.env variable OTHER_SECRET',
    ],
  )
  t.match(config.inbound?.routes, [{ id: 'GET /a', line: 6 }])
  t.match(config.hash, /^[0-9a-f]{64}$/)
  t.strictSame([config.clients, config.outbound], [[], undefined])
  t.end()
})

t.test('names are told as they are written: a variable may hold a secret', (t) => {
  const text = rules(clients)
    .replace('file: secret', 'file: "${PLACE}/secret"')
    .replace('env: OTHER_SECRET', 'env: "${OTHER}"')
  const loaded = load(text, {}, { PLACE: '/private', OTHER: 'hunter2', WORKER_ID: 'a' })
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problem))
  const told = JSON.stringify(loaded.value.absent)
  t.notMatch(told, /private|hunter2/)
  t.match(told, /"\$\{PLACE\}\/secret".*"\$\{OTHER\}"/)
  t.end()
})

t.test('what is here is used', (t) => {
  const plain = rules(clients).replace(/listen: \{ host.*/, 'listen: 127.0.0.1:8443')
  const loaded = load(plain, { secret: 's' }, { WORKER_ID: 'a', OTHER_SECRET: 's' })
  t.match(loaded, { ok: true, value: { absent: [], config: { clients: { length: 2 } } } })
  t.end()
})

t.test('what decides must be here, and nothing else is forgiven', (t) => {
  const problemsOf = (text: string) => {
    const loaded = load(text)
    return loaded.ok ? [] : loaded.problem.problems.map(({ key, message }) => `${key}: ${message}`)
  }
  const mode = problemsOf(rules('  mode: ${MODE}\n'))
  t.match(mode, [
    /tls\.cert/,
    /tls\.key/,
    /^inbound\.mode: the environment variable MODE is missing/,
  ])
  const pool = problemsOf(rules(clients).replace('eu-central-1_a1B2c3D4e', '"${POOL}"'))
  t.match(pool[0], /^issuers\.app\.userPoolId: the environment variable POOL is missing/)
  t.match(problemsOf(rules(`${clients}oops: 1\n`)).at(-1), /^oops: this key is not known/)
  t.strictSame(problemsOf('version: 1\n').length, 1)
  t.end()
})

t.test('a configuration in a variable, and files from the working directory', (t) => {
  const loaded = loadForReview(
    { env: 'YAML' },
    { env: { YAML: rules(clients) }, readFile: () => no('does not exist') },
  )
  t.match(loaded, { ok: true, value: { absent: { length: 5 } } })
  const absolute = rules(clients).replace('file: secret', 'file: /run/secret')
  t.match(load(absolute), { ok: true, value: { absent: { 3: { name: '/run/secret' } } } })
  t.end()
})
