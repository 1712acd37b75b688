import t from 'tap'
import { execFileSync, spawn } from 'node:child_process'
import { closeSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  configSource,
  formatProblem,
  loadConfig,
  readTextFile,
  readTextFileNow,
  sourceName,
} from '../../src/config/load.ts'
import { configOf, inboundWith, loadText, problemsOf } from '../support/config.ts'

const good = inboundWith('{ path: /a, scopes: s }')

t.test('a file that cannot be read is one clear problem, and stays watched', (t) => {
  const folder = t.testdir({
    large: 'x'.repeat(1024 * 1024 + 1),
    latin: Buffer.from('a: \xe9', 'latin1'),
  })
  const cases: [string, string][] = [
    ['missing.yaml', 'the file does not exist'],
    ['large/below', 'the file does not exist'],
    ['.', 'the file is a directory; name a file in it'],
    ['large', 'the file is larger than 1 MiB'],
    ['latin', 'the file is not UTF-8 text'],
    ['n'.repeat(300), 'the file cannot be read (ENAMETOOLONG)'],
  ]
  for (const [name, message] of cases) {
    const file = join(folder, name)
    const loaded = loadConfig({ file }, { env: {}, readFile: readTextFile })
    if (loaded.ok) return t.fail(name)
    t.strictSame(loaded.problem, {
      problems: [{ line: 1, column: 1, key: '', message }],
      sources: [file],
    })
  }
  t.end()
})

t.test('a pipe will do', (t) => {
  const folder = t.testdir({})
  const pipe = join(folder, 'pipe')
  execFileSync('mkfifo', [pipe])
  // opening a pipe waits for the other side
  const writer = spawn('sh', ['-c', `printf 'version: 1' > '${pipe}'`])
  t.teardown(() => writer.kill())
  t.strictSame(readTextFile(pipe), { ok: true, value: 'version: 1' })
  t.end()
})

t.test('a pipe that nobody writes to, a device without end and a socket harm nothing', (t) => {
  const pipe = join(t.testdir({}), 'pipe')
  execFileSync('mkfifo', [pipe])
  const refused = { ok: false, problem: 'is a pipe that gave nothing; write a regular file' }
  t.strictSame(readTextFileNow(pipe), refused, 'without a writer')
  const silent = openSync(pipe, 'r+')
  t.strictSame(readTextFileNow(pipe), refused, 'with one that says nothing')
  writeFileSync(silent, 'version: 1')
  t.strictSame(readTextFileNow(pipe), refused, 'with one that does not end')
  closeSync(silent)
  t.strictSame(readTextFileNow('/dev/zero'), { ok: false, problem: 'is larger than 1 MiB' })
  t.strictSame(readTextFileNow('/dev/null'), { ok: true, value: '' })
  t.end()
})

t.test('a configuration knows its file, its hash and its sources', (t) => {
  const folder = t.testdir({ 'c.yaml': good })
  const file = join(folder, 'c.yaml')
  const loaded = loadConfig({ file }, { env: {}, readFile: readTextFile })
  if (!loaded.ok) return t.fail()
  t.strictSame([loaded.value.file, loaded.value.sources], [file, [file]])
  t.match(loaded.value.hash, /^[0-9a-f]{64}$/)
  writeFileSync(file, `${good}\n# more`)
  const again = loadConfig({ file }, { env: {}, readFile: readTextFile })
  t.not(again.ok && again.value.hash, loaded.value.hash)
  t.end()
})

t.test('the YAML may stand in a variable; files are then found from the working directory', (t) => {
  const source = configSource('env:SCOPEGATE')
  t.strictSame([source, sourceName(source)], [{ env: 'SCOPEGATE' }, 'env:SCOPEGATE'])
  t.strictSame(
    [configSource('a.yaml'), sourceName({ file: 'a.yaml' })],
    [{ file: 'a.yaml' }, 'a.yaml'],
  )
  const load = (text: string) =>
    loadConfig(source, { env: { SCOPEGATE: text }, readFile: readTextFile })
  const loaded = load(good)
  t.strictSame(loaded.ok && [loaded.value.file, loaded.value.sources], ['env:SCOPEGATE', []])
  const missing = load('')
  t.match(!missing.ok && missing.problem, {
    problems: [
      {
        message:
          'the environment variable SCOPEGATE is missing or empty; it must hold the configuration',
      },
    ],
    sources: [],
  })
  const tls = load(good.replace('_a1B2c3D4e', '_a, tls: { ca: none.pem }'))
  t.strictSame(!tls.ok && tls.problem.sources, [join(process.cwd(), 'none.pem')])
  t.end()
})

t.test('files that were not found stay watched', (t) => {
  const loaded = loadText(good.replace('_a1B2c3D4e', '_a, tls: { ca: none.pem }'))
  t.strictSame(!loaded.ok && loaded.problem.sources, [
    '/etc/scopegate/c.yaml',
    '/etc/scopegate/none.pem',
  ])
  t.end()
})

t.test('a problem is printed as file:line:column key: message', (t) => {
  const problem = { line: 3, column: 5, key: 'inbound.listen', message: 'is missing' }
  t.equal(formatProblem('c.yaml', problem), 'c.yaml:3:5 inbound.listen: is missing')
  t.equal(formatProblem('c.yaml', { ...problem, key: '' }), 'c.yaml:3:5 is missing')
  t.end()
})

t.test('something must be proxied, and the version must be known', (t) => {
  t.strictSame(problemsOf('version: 1'), ['1:1 at least one of inbound and outbound must be there'])
  t.strictSame(problemsOf(good.replace('version: 1', 'version: 2')), ['1:10 version: must be 1'])
  t.strictSame(problemsOf(good.replace('version: 1\n', '')), [
    '1:1 version: is missing; it must be 1',
  ])
  t.strictSame(problemsOf('version: 1\ninbound:\noutbound: text'), [
    '2:9 inbound: is empty; it must be a mapping with keys out of listen, upstream, issuers, mode, tokenHeader, policies, routes, identityHeaders, removeHeaders, certificateHeader, forwardToken, limits, ignoreCase, paths, trustedProxies, allowRequestOverrides, allowPreflight, realm, problemTypes',
    '3:11 outbound: must be a mapping with keys out of listen, routes, requireHeader, allowBrowsers, allowRemoteClients, limits',
  ])
  t.end()
})

t.test('what is no mapping says so once', (t) => {
  const text = `version: 1\nissuers: { a: text }\nclients: { w: text }\noutbound: { listen: 127.0.0.1:1, routes: [text] }`
  t.strictSame(
    problemsOf(text).map((problem) => problem.replace(/ out of .*/, '')),
    [
      '2:15 issuers.a: must be a mapping with keys',
      '3:15 clients.w: must be a mapping with keys',
      '4:43 outbound.routes[0]: must be a mapping with keys',
    ],
  )
  t.strictSame(problemsOf('version: 1\nversion: 1'), [
    '2:1 this key stands here twice; keep one of them',
  ])
  t.end()
})

t.test('all problems are told at once, in the order of the file', (t) => {
  const text = `version: 1
isuers: {}
issuers:
  b: { isuer: https://x.y, audience: [] }
  c: { issuer: http://x.y, audience: any }
inbound:
  listen: 8080
  upstream: http://127.0.0.1:3000/x
  mode: reprot
  issuers: [b]
  routes:
    - path: /a
      scope: x
    - { path: /x }
    - { path: /w, scopes: s, clientIds: [], methods: [get] }
    - /foo
  limits: { maxHeaders: many }
clients:
  a: { tokenEndpoint: http://example.com/x, clientId: "\${NOPE}", clientSecret: { file: /none } }
outbound:
  listen: 0.0.0.0:1
  routes:
    - { path: /a, upstream: "\${GONE}", client: "\${MISSING}" }
    - { path: b, upstream: https://b.example, client: a }
admin: { hosts: 1, listen: x }
log: { level: loud, sampleAllowed: 2 }
shutdown: { delay: soon }
`
  t.strictSame(
    problemsOf(text).map((problem) => problem.replace(/^(\S+ \S+:) .*/, '$1')),
    [
      '2:1 isuers:',
      '4:8 issuers.b.isuer:',
      '4:38 issuers.b.audience:',
      '5:16 issuers.c.issuer:',
      '7:11 inbound.listen:',
      '8:13 inbound.upstream:',
      '9:9 inbound.mode:',
      '13:7 inbound.routes[0].scope:',
      '14:7 inbound.routes[1]:',
      '15:41 inbound.routes[2].clientIds:',
      '15:55 inbound.routes[2].methods[0]:',
      '16:7 inbound.routes[3]:',
      '17:25 inbound.limits.maxHeaders:',
      '19:23 clients.a.tokenEndpoint:',
      '19:55 clients.a.clientId:',
      '19:88 clients.a.clientSecret.file:',
      '21:11 outbound.listen:',
      '23:29 outbound.routes[0].upstream:',
      '23:48 outbound.routes[0].client:',
      '24:15 outbound.routes[1].path:',
      '25:28 admin.listen:',
      '26:15 log.level:',
      '26:36 log.sampleAllowed:',
      '27:20 shutdown.delay:',
    ],
  )
  t.end()
})

t.test('a variable that was typed again is taken as the schema wants it', (t) => {
  const env = { PORT: '3000', SHARE: '0.50', WORD: 'true', MAX: '007' }
  const text =
    `${inboundWith('{ path: /a, scopes: s }', '  realm: ${WORD}\n  limits:\n    maxHeaders: "${MAX}"')}
log:
  sampleAllowed: \${SHARE}
admin:
  listen:
    host: 127.0.0.1
    port: \${PORT2:-9000}
  hosts: Admin.Example
shutdown: { delay: 5s }`.replace('127.0.0.1:3000', '127.0.0.1:${PORT}')
  t.match(
    problemsOf(text, { env }),
    [/limits\.maxHeaders: must be a whole number/],
    'it was quoted',
  )
  t.match(configOf(text.replace('"${MAX}"', '${MAX}'), { env }), {
    inbound: {
      realm: 'true',
      upstream: { origin: 'http://127.0.0.1:3000' },
      limits: { maxHeaders: 7 },
    },
    log: { sampleAllowed: 0.5, level: 'info', requests: { inbound: 'info' }, format: 'auto' },
    admin: { listen: { port: 9000 }, hosts: ['admin.example'], allowShutdown: false },
    shutdown: { delay: 5000, timeout: 25_000 },
  })
  t.end()
})
