/**
 * Reloads of the real command with files of fifty wrong kinds: each is refused with line and column, the last
 * good one keeps serving, the process stays up, and the next good one is taken (SPEC 2, issue "Hostile
 * traffic" 9). A pipe nobody writes to, a link in a circle and aliases that expand without end are among
 * them: what is read between two requests may neither hang, nor grow, nor throw.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { buildCommand, folderWith, served, start } from '../support/command.ts'
import { exchangeRaw, startRawUpstream } from '../support/wire.ts'

const built = buildCommand(t)

type Folder = {
  /** Puts a configuration in place in one step. */
  write(text: string | Buffer): void
  /** Empties the place, for what is no file. */
  replace(make: (path: string) => void): void
  readonly path: string
}

const secretIn = (file: string) => (text: string) =>
  text.replace('SECRET', `{ file: ${JSON.stringify(file)} }`)
const change =
  (from: string | RegExp, to: string) =>
  (text: string): string =>
    text.replace(from, to)
const add =
  (more: string) =>
  (text: string): string =>
    text + more
const laughs = Array.from({ length: 30 }, (_, at) => {
  const before = at === 0 ? 'ha' : `*a${at - 1}`
  return `a${at}: &a${at} [${Array.from({ length: 9 }, () => before).join()}]\n`
}).join('')

/** What is wrong with a file, as a change of a good one; and what must be told. */
const texts: Readonly<Record<string, [(good: string) => string | Buffer, RegExp]>> = {
  'an empty file': [() => '', /must be a mapping that begins/],
  'spaces only': [() => ' \n \n', /must be a mapping/],
  'comments only': [() => '# nothing\n', /must be a mapping/],
  'a list': [() => '- a\n', /must be a mapping/],
  'a word': [() => 'scopegate\n', /must be a mapping/],
  'JSON that is cut': [() => '{"version": 1, "inbound": {', /not YAML/],
  'a page of HTML': [() => '<html><body>502 Bad Gateway</body></html>', /must be a mapping/],
  'a file that was cut': [(good) => good.slice(0, good.indexOf('upstream')), /upstream|routes/],
  'a NUL byte in a value': [change('/open', '/op\0en'), /control characters|not YAML/],
  'NUL bytes in place of the file': [(good) => '\0'.repeat(good.length), /must be a mapping/],
  'bytes that are no UTF-8': [(good) => Buffer.from(`${good}# \xff`, 'latin1'), /not UTF-8/],
  'UTF-16': [(good) => Buffer.from(`\uFEFF${good}`, 'utf16le'), /not UTF-8/],
  'a byte-order mark in the middle': [change('outbound:', '\uFEFFoutbound:'), /not known here/],
  'more than 1 MiB': [add(`# ${'x'.repeat(1024 * 1024)}\n`), /larger than 1 MiB/],
  'thousands of unknown keys': [
    add(Array.from({ length: 3000 }, (_, at) => `k${at}: 1\n`).join('')),
    /"count":3000,.*not known here/,
  ],
  'aliases that expand without end': [add(laughs), /anchors \(&name\)/],
  'an alias': [add('shutdown: *nothing\n'), /aliases|not YAML/],
  'a merge key': [add('<<: { log: { level: info } }\n'), /not known here/],
  'nesting without end': [add(`log: ${'['.repeat(5000)}\n`), /nested too deeply/],
  'a key that stands twice': [add('version: 1\n'), /stands here twice/],
  'tabs for spaces': [change('  listen', '\tlisten'), /not with tabs/],
  'wrong indentation': [change('  upstream', '   upstream'), /indentation/],
  'two documents': [(good) => `${good}---\n${good}`, /one document only/],
  'a tag': [change('version: 1', 'version: !!int 1'), /tags/],
  'a directive': [(good) => `%YAML 1.1\n---\n${good}`, /directive/],
  'a key that changes prototypes': [add('__proto__: { admin: {} }\n'), /cannot be a key/],
  'an unquoted brace': [change('/open/**', '/open/{id}'), /needs quotes/],
  'a string without end': [add('log: "\n'), /not YAML/],
  'no version': [change('version: 1\n', ''), /version.*is missing/],
  'another version': [change('version: 1', 'version: 2'), /version/],
  'an unknown key': [change('upstream:', 'upstreem:'), /did you mean .*upstream/],
  'no section': [() => 'version: 1\n', /at least one of inbound and outbound/],
  'a missing variable': [
    change('level: info', 'level: "${NO_SUCH_NAME}"'),
    /NO_SUCH_NAME is missing/,
  ],
  'a variable in a path': [change('/open/**', '"/${HOME}"'), /cannot come from the environment/],
  'a path without a slash': [change('/open/**', 'open'), /begins with \//],
  'a path twice': [change(/(.*\/open.*\n)/, '$1$1'), /stands already/],
  'paths that cross': [
    change(
      /(.*)\{ path: \/open.*\n/,
      '$1{ path: "/a/{x}", methods: [GET], public: true }\n$1{ path: "/{y}/b", authenticated: true }\n',
    ),
    /crosses/,
  ],
  'a dot segment': [change('/open/**', '/open/../x'), /no request with a segment/],
  'a route that says not who': [change('public: true', 'mode: report'), /does not say who/],
  'an empty list': [change('[GET]', '[]'), /methods/],
  'an unknown method': [change('[GET]', '[GETT]'), /no method/],
  'an issuer that is not there': [change('public: true', 'scopes: a, issuers: [b]'), /issuers/],
  'a size that is none': [change('level: info', 'level: 12'), /log\.level/],
  'two listeners in one place': [
    (good) => good.replaceAll('127.0.0.1:0', '127.0.0.1:7'),
    /is taken by/,
  ],
  'an upstream that is ourselves': [
    change(
      /inbound:\n {2}listen: .*\n {2}upstream: .*/,
      'inbound:\n  listen: 127.0.0.1:7\n  upstream: http://127.0.0.1:7',
    ),
    /our own listener/,
  ],
  'a secret that is missing': [secretIn('no-such-file'), /does not exist/],
  'a secret that is a folder': [secretIn('folder'), /is a directory/],
  'a secret that is empty': [secretIn('empty'), /is empty/],
  'a secret that is huge': [secretIn('huge'), /larger than 1 MiB/],
  'a secret that is a pipe': [secretIn('pipe'), /is a pipe that gave nothing/],
  'a secret that has no end': [secretIn('/dev/zero'), /larger than 1 MiB/],
  'a secret that is a link in a circle': [secretIn('round'), /ELOOP/],
  'a secret that is binary': [secretIn('binary'), /not UTF-8/],
}

const places: Readonly<Record<string, [(path: string) => void, RegExp]>> = {
  'no file': [() => undefined, /does not exist/],
  'a folder': [mkdirSync, /is a directory/],
  'a pipe': [(path) => execFileSync('mkfifo', [path]), /is a pipe that gave nothing/],
  'a device without end': [(path) => symlinkSync('/dev/zero', path), /larger than 1 MiB/],
  'a device that is empty': [(path) => symlinkSync('/dev/null', path), /must be a mapping/],
  'a link in a circle': [(path) => symlinkSync(path, path), /ELOOP/],
  'a link to nowhere': [(path) => symlinkSync('/no/such', path), /does not exist/],
}

t.test('fifty kinds of wrong files are refused, and change nothing', async (t) => {
  const upstream = await startRawUpstream(t)
  const goodFor = (version: number): string => `version: 1
inbound:
  listen: 127.0.0.1:0
  upstream: http://127.0.0.1:${upstream.port}
  routes:
    - { path: /open/**, methods: [GET], public: true }
    - { path: /version${version}, methods: [GET], public: true }
clients:
  w: { tokenEndpoint: "http://127.0.0.1:1", clientId: a, clientSecret: SECRET, prefetch: false }
outbound:
  listen: 127.0.0.1:0
  routes: [{ path: /, upstream: "http://127.0.0.1:${upstream.port}" }]
admin: { listen: 127.0.0.1:0 }
log: { level: info }
`
  const folder = folderWith(t, {
    ...{ 'c.yaml': goodFor(0), empty: '\n', huge: 'x'.repeat(1024 * 1024 + 1) },
  })
  const path = join(folder, 'c.yaml')
  writeFileSync(join(folder, 'binary'), Buffer.from([0xff, 0xfe, 0xfd]))
  mkdirSync(join(folder, 'folder'))
  symlinkSync('round', join(folder, 'round'))
  execFileSync('mkfifo', [join(folder, 'pipe')])
  const place: Folder = {
    path,
    write(text) {
      rmSync(path, { recursive: true, force: true })
      writeFileSync(`${path}.new`, text)
      renameSync(`${path}.new`, path)
    },
    replace(make) {
      rmSync(path, { recursive: true, force: true })
      make(path)
    },
  }
  const running = await served(start(t, built, ['-c', path]))
  const ask = (port: number, line: string) =>
    exchangeRaw(port, `${line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)

  let version = 0
  async function refused(name: string, told: RegExp): Promise<void> {
    const answer = await ask(running.admin, 'POST /reload')
    t.equal(answer.status, 422, `${name} is refused`)
    const { problems } = JSON.parse(answer.body) as { problems: Record<string, unknown>[] }
    t.match(JSON.stringify({ count: problems.length, problems }), told, name)
    for (const { line, column, message } of problems.slice(0, 9))
      t.ok(Number(line) > 0 && Number(column) > 0 && String(message) !== '', 'with line and column')
    const served = await ask(running.inbound, `GET /version${version}`)
    t.equal(served.status, 200, 'the last good one keeps serving')
    version += 1
    place.write(goodFor(version))
    t.equal((await ask(running.admin, 'POST /reload')).status, 200, 'the next good one is taken')
    t.equal((await ask(running.inbound, `GET /version${version}`)).status, 200)
    t.equal((await ask(running.inbound, `GET /version${version - 1}`)).status, 401)
  }

  for (const [name, [make, told]] of Object.entries(texts)) {
    place.write(make(goodFor(version)))
    await refused(name, told)
  }
  for (const [name, [make, told]] of Object.entries(places)) {
    place.replace(make)
    await refused(name, told)
  }
  t.ok(version >= 50, `${version} kinds`)
  // by signal: nobody waits for an answer, the log tells
  place.write('version: 1\n')
  running.child.kill('SIGHUP')
  await running.said(/configuration refused[^]*at least one of inbound and outbound/)
  running.child.kill('SIGTERM')
  t.match(await running.ended, { code: 0, err: '' })
})
