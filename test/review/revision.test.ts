import t from 'tap'
import { partOf, placeholder, withNames } from '../../src/review/absent.ts'
import { inboundWith } from '../support/config.ts'
import { type Around, linesOf, revisionOf } from './support.ts'

const away = `version: 1
issuers:
  app:
    userPoolId: \${POOL}
    tls: { ca: /run/ca.pem }
    jwksTimeout: \${TIMEOUT}
  file:
    issuer: \${ISSUER}
    audience: \${AUDIENCE}
    jwks: { file: /run/keys.json }
inbound:
  listen: { host: 0.0.0.0, port: 8443, tls: { cert: /run/c.pem, key: /run/k.pem, clientCa: /run/ca.pem } }
  certificateHeader: x-cert
  upstream: http://\${API}:3000
  issuers: [app]
  realm: \${REALM}
  limits: { maxBodyBytes: "\${MOST}" }
  identityHeaders: { x-who: "\${CLAIM}" }
  policies:
    P: { scopes: "\${SCOPE}/read" }
  routes:
    - { path: /a, methods: [GET], policy: P, timeouts: { headers: "\${LONG}" } }
    - { path: /b, methods: [GET], scopes: s, clientIds: ["\${CLIENT}", k], claims: { tenant: "\${TENANT}" } }
clients:
  w: { tokenEndpoint: "\${ENDPOINT}", clientId: id, clientSecret: [{ env: SECRET }, { file: /run/s }] }
outbound:
  listen: 127.0.0.1:8081
  routes: [{ path: /x, upstream: https://api.example.com, client: w }]
admin: { listen: "\${ADMIN}" }
log: { level: "\${LEVEL}" }
`

/** The keys that the message of a revision names, with how they were treated. */
function absentIn(text: string, around?: Around): readonly string[] {
  const read = revisionOf('new', text, around)
  if (!read.ok) return read.problem.map(({ line, key, message }) => `${line} ${key}: ${message}`)
  return read.value.absent.map(({ kind, name, treated }) => `${kind} ${name} ${treated}`)
}

t.test('a configuration is read without the secrets, files and variables of its machine', (t) => {
  t.same(absentIn(away), [
    'variable POOL by name',
    'variable TIMEOUT left out',
    'variable ISSUER by name',
    'variable AUDIENCE by name',
    'variable API left out',
    'variable REALM left out',
    'variable MOST left out',
    'variable CLAIM by name',
    'variable SCOPE by name',
    'variable LONG left out',
    'variable CLIENT by name',
    'variable TENANT by name',
    'variable ENDPOINT left out',
    'variable ADMIN left out',
    'variable LEVEL left out',
    'file /run/ca.pem by name',
    'file /run/keys.json by name',
    'file /run/c.pem left out',
    'file /run/k.pem left out',
    'file /run/ca.pem by name',
    'variable SECRET left out',
    'file /run/s left out',
  ])
  t.same(
    linesOf(away, away).filter((line) => !line.startsWith('note: ')),
    [],
  )
  t.end()
})

t.test('what is compared by its name differs when the name does', (t) => {
  const told = (from: string, to: string) =>
    linesOf(away, away.replaceAll(from, to)).filter((line) => !line.startsWith('note: '))
  t.match(told('/run/keys.json', '/run/other.json'), [
    'Settings that change who is let through',
    /^widened and narrowed \| issuers\.file\.jwks \(as written\) \| .*keys\.json.* -> .*other\.json/,
  ])
  t.match(told('clientCa: /run/ca.pem', 'clientCa: /run/cb.pem'), [
    'Settings that change who is let through',
    /^widened and narrowed \| inbound\.listen\.tls\.clientCa \(as written\) \| \/run\/ca\.pem -> \/run\/cb\.pem/,
    'Other settings',
    /^changed \| inbound\.listen \(as written\)/,
  ])
  t.match(
    told('{ ca: /run/ca.pem }', '{ ca: /run/cc.pem }').join('\n'),
    'issuers.app.tls (as written)',
  )
  t.match(told('${API}', 'api'), [
    'Other settings',
    /^changed \| inbound\.upstream \(as written\) \| http:\/\/unset\w+:3000 -> http:\/\/api:3000/,
  ])
  t.match(
    told('${SCOPE}', '${OTHER}').join('\n'),
    /Newly callable\nGET \| \/a \| scope unset\w+\/read/,
  )
  t.end()
})

t.test('what is here on one side only is compared as it is written, not with its stand-in', (t) => {
  const here = inboundWith('{ path: /a, methods: [GET], scopes: s }')
  const there = here.replace(
    '127.0.0.1:8080',
    '{ host: 127.0.0.1, port: 8080, tls: { cert: /c.pem, key: /k.pem } }',
  )
  t.match(linesOf(here, there), [
    'Other settings',
    /^changed \| inbound\.listen \(as written\) \| 127\.0\.0\.1:8080 -> \{"host":"127\.0\.0\.1","port":8080,"tls":/,
    /^note: the file \/c\.pem/,
    /^note: the file \/k\.pem/,
  ])
  t.end()
})

t.test('a variable that is set, or has a default, is filled in', (t) => {
  const text = inboundWith('{ path: /a, methods: [GET], scopes: "${A}", clientIds: ["${B:-b}"] }')
  t.same(absentIn(text, { env: { A: 'a/b' } }), [])
  t.match(linesOf(text, text.replace('${A}', 'c/d'), { env: { A: 'a/b' } }), [
    'Newly callable',
    'GET | /a | scope c/d, client b',
    'No longer callable',
    'GET | /a | scope a/b, client b',
  ])
  t.end()
})

t.test('a variable that decides must be set: nothing is guessed', (t) => {
  const text = inboundWith(
    '{ path: /a, methods: ["${METHOD}"], scopes: s, mode: "${MODE}" }',
    '  ignoreCase: ${CASE}\n  removeHeaders: ["${HEADER}"]',
  ).replace('userPoolId: ', 'algorithms: "${ALGORITHM}", userPoolId: ')
  t.match(absentIn(text), [
    /^2 issuers\.app\.algorithms: the environment variable ALGORITHM is missing or empty/,
    /^6 inbound\.ignoreCase: the environment variable CASE is missing/,
    /^7 inbound\.removeHeaders\[0\]: the environment variable HEADER is missing/,
    /^8 inbound\.routes\[0\]\.methods\[0\]: the environment variable METHOD is missing/,
    /^8 inbound\.routes\[0\]\.mode: the environment variable MODE is missing/,
  ])
  t.match(absentIn('version: ${V}\n'), [
    /at least one of/,
    /^1 version: the environment variable V is missing/,
  ])
  t.end()
})

t.test('every problem of a file is told, also with things that are not here', (t) => {
  t.match(absentIn(away.replace('path: /a', 'path: a').replace('scopes: s', 'scope: s')), [
    /^22 inbound\.routes\[0\]\.path: a path begins with \/: write \/a/,
    /^23 inbound\.routes\[1\]\.scope: this key is not known here; did you mean "scopes"/,
  ])
  t.match(absentIn('- a\n'), [/^1 : the file must be a mapping/])
  t.match(absentIn('version: 1\n'), [/^1 : at least one of inbound and outbound must be there/])
  t.end()
})

t.test('a file without inbound has nothing to compare, whatever is missing in it', (t) => {
  const outbound = away.replace(/issuers:[^]*?clients:/, 'clients:')
  t.same(
    linesOf(outbound, outbound).filter((line) => !line.startsWith('note: ')),
    [],
  )
  t.equal(revisionOf('new', outbound).ok, true)
  t.end()
})

t.test('a secret alone, in a variable or in a file', (t) => {
  const secret = (from: string) => away.replace(/clientSecret: \[.*?\]/, `clientSecret: ${from}`)
  t.ok(absentIn(secret('{ env: SECRET }')).includes('variable SECRET left out'))
  t.ok(absentIn(secret('{ file: /run/s }')).includes('file /run/s left out'))
  t.notOk(
    absentIn(secret('{ env: SECRET }'), { env: { SECRET: 's' } })
      .join()
      .includes('SECRET'),
  )
  t.end()
})

t.test('a claim may be called env or file', (t) => {
  const text = inboundWith(
    '{ path: /a, methods: [GET], scopes: s, claims: { env: prod, file: x } }',
  )
  t.same(absentIn(text), [])
  t.end()
})

t.test('each name has a placeholder of its own, that shows as the variable', (t) => {
  t.equal(placeholder('MODE', ['inbound', 'mode']), undefined)
  const at = ['inbound', 'policies', 'P', 'scopes']
  const words = ['A', 'A_', 'Ax5f', 'A_B', 'AxB'].map((name) => placeholder(name, at) ?? '')
  t.equal(new Set(words).size, words.length)
  for (const word of words) t.match(word, /^unset[A-Za-z0-9]+$/)
  const told = [
    ...words,
    placeholder('POOL', ['issuers', 'a', 'userPoolId']) ?? '',
    placeholder('URL', ['issuers', 'a', 'issuer']) ?? '',
  ].join(' ')
  t.equal(
    withNames(told, ['A', 'A_', 'Ax5f', 'A_B', 'AxB', 'POOL', 'URL']),
    '${A} ${A_} ${Ax5f} ${A_B} ${AxB} ${POOL} ${URL}',
  )
  t.equal(partOf(['outbound', 'routes', 0, 'scopes']), 'left out')
  t.end()
})
