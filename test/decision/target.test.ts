import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { parseTarget, type PathRelaxations } from '../../src/decision/target.ts'
import { lenient, property, strict, target } from './support.ts'

const refusals: readonly (readonly [why: string, ...targets: string[]])[] = [
  ['does not begin with /', '', '*', 'a', '?a', 'http://a/b', 'HTTP://a', 'a.example:443', '%2fa'],
  ['outside visible ASCII', '/a b', '/a\tb', '/a\0', '/é', '/\u{1f600}', '/a\x7f', '/a\x80b'],
  ['outside visible ASCII', '/a?q= b', '/a?é', '/a?\x7f', '/a?\r\nHost: b', '/a#b', '/#', '/a?b#c'],
  ['backslash', '/a\\b', '/\\', '/..\\a', '/a%5cb', '/%5C', '/..%5c..'],
  ['malformed', '/%', '/a%2', '/%zz', '/%u002e', '/%2x', '/a%/b', '/%2/e', '/%-1', '/%2?e'],
  ['not UTF-8', '/%ff', '/%c3', '/%c3/%a9', '/%80', '/%c0%ae', '/%c0%af', '/%e0%80%af', '/%fe'],
  ['not UTF-8', '/%ed%a0%80', '/%ed%a0%bd%ed%b8%80', '/%f4%90%80%80', '/%c3a', '/%C3%28'],
  ['control', '/%00', '/a%00.txt', '/%0d%0aHost', '/%09', '/%1f', '/%7f', '/%7F', '/%c2%80'],
  ['control', '/%C2%85', '/%c2%9f'],
  ['itself escaped', '/%252e%252e', '/%252f', '/%255c', '/%2500', '/%2525', '/a%25ffb', '/%25aB'],
  ['itself escaped', '/%25%32%65', '/%252%65', '/%25%32e', '/%25%32%35', '/%25%36%31', '/%253b'],
  ['. or ..', '/.', '/..', '/./', '/../', '/a/.', '/a/..', '/a/./b', '/a/../b', '/..?a', '/.?../a'],
  ['. or ..', '/%2e', '/%2E%2e', '/.%2e', '/%2e.', '/a/%2e%2e/b', '/a/%2E', '/a/%2e/', '/%2e%2e/a'],
  ['empty', '//', '//a', '/a//', '/a//b', '///', '//evil.example/a', '/a//?b'],
  ['semicolon', '/;', '/a;b', '/a;b=c/d', '/a%3bb', '/a%3Bb', '/..;/a', '/..;x', '/;jsessionid=1'],
  ['slash is escaped', '/%2f', '/a%2fb', '/a%2Fb', '/..%2fa', '/a/..%2f', '/%2F%2f'],
]

t.test('a target that two parsers could read differently is refused', (t) => {
  for (const [why, ...targets] of refusals)
    for (const text of targets) {
      const read = parseTarget(text, strict)
      t.equal(read.ok ? 'accepted' : read.problem.code, 'invalid_path', JSON.stringify(text))
      t.match(!read.ok && read.problem.because, why, JSON.stringify(text))
    }
  t.end()
})

t.test('what SPEC does not name passes, decoded once for matching only', (t) => {
  const readings: Record<string, readonly string[]> = {
    '/': [],
    '/a': ['a'],
    '/a/': ['a'],
    '/export/1': ['export', '1'],
    '/100%25': ['100%'],
    '/100%25/2e': ['100%', '2e'],
    '/%25zz': ['%zz'],
    '/%252': ['%2'],
    '/a..b': ['a..b'],
    '/...': ['...'],
    '/..a/.b': ['..a', '.b'],
    '/file%2etxt': ['file.txt'],
    '/%2e%2e%2e': ['...'],
    '/caf%C3%A9': ['café'],
    '/%F0%9F%98%80': ['\u{1f600}'],
    '/a%20b': ['a b'],
    '/a%3Fb%23c': ['a?b#c'],
    '/a+b': ['a+b'],
    '/~!$&\'()*,=:@"<>^`{|}[]': ['~!$&\'()*,=:@"<>^`{|}[]'],
    '/http:/a.example': ['http:', 'a.example'],
    '/%41': ['A'],
    '/__proto__': ['__proto__'],
  }
  for (const [text, segments] of Object.entries(readings)) {
    t.strictSame(target(text).segments, segments, text)
    t.strictSame(target(text).otherReadings, [], text)
  }
  t.end()
})

t.test('a trailing slash shows as such only', (t) => {
  for (const [text, shows] of [
    ['/', false],
    ['/a', false],
    ['/a/', true],
    ['/%41/', true],
  ] as const)
    t.equal(target(text).trailingSlash, shows, text)
  t.end()
})

t.test('the query is passed through and never looked at', (t) => {
  for (const query of ['', '?', '?a=b', '?/../..//;%2f%00%zz%25%32e\\', '?a?b'])
    t.match(target(`/a/b${query}`), { raw: '/a/b', query, segments: ['a', 'b'] }, query)
  t.match(target('/%41?/../'), { raw: '/%41', query: '?/../', segments: ['A'] })
  t.end()
})

const only = (name: keyof PathRelaxations): PathRelaxations => ({ ...strict, [name]: true })

t.test('a relaxation gives every reading, the strict one first', (t) => {
  const cases: readonly (readonly [PathRelaxations, string, ...(readonly string[])[]])[] = [
    [only('semicolons'), '/a;x/b', ['a;x', 'b'], ['a', 'b']],
    [only('semicolons'), '/a%3Bx', ['a;x'], ['a']],
    [only('semicolons'), '/a%3bx;y', ['a;x;y'], ['a;x'], ['a']],
    [only('semicolons'), '/a/;x', ['a', ';x'], ['a']],
    [only('semicolons'), '/;', [';'], []],
    [only('emptySegments'), '/a//b', ['a', '', 'b'], ['a', 'b']],
    [only('emptySegments'), '//', [''], []],
    [only('emptySegments'), '//x/a', ['', 'x', 'a'], ['x', 'a'], ['a']],
    [only('emptySegments'), '//x//a', ['', 'x', '', 'a'], ['x', 'a'], ['', 'a'], ['a']],
    [only('emptySegments'), '/a//', ['a', ''], ['a']],
    [only('encodedSlashes'), '/a%2fb/c', ['a/b', 'c'], ['a', 'b', 'c']],
    [only('encodedSlashes'), '/a%2F', ['a/'], ['a']],
    [lenient, '/a;x%2Fb', ['a;x/b'], ['a'], ['a;x', 'b'], ['a', 'b']],
    [lenient, '/;x/a', [';x', 'a'], ['', 'a'], ['a'], []],
    [lenient, '/a%2f%2fb', ['a//b'], ['a', '', 'b'], ['a', 'b']],
    [lenient, '/%3b%2f;%2f', [';/;/'], [';/'], [], [';', ';'], [';', ''], [';'], ['', ''], ['']],
    [lenient, '/a/b', ['a', 'b']],
  ]
  for (const [relaxed, text, ...readings] of cases) {
    const { segments, otherReadings } = target(text, relaxed)
    t.strictSame([segments, ...otherReadings], readings, text)
  }
  t.end()
})

t.test('a relaxation opens nothing that it does not name', (t) => {
  const names = ['semicolons', 'emptySegments', 'encodedSlashes'] as const
  const needs = {
    semicolon: 'semicolons',
    empty: 'emptySegments',
    'slash is escaped': 'encodedSlashes',
  }
  for (const [why, ...targets] of refusals)
    for (const name of names)
      for (const text of targets)
        if (needs[why as keyof typeof needs] !== name || text.includes('..'))
          t.notOk(parseTarget(text, only(name)).ok, `${name} ${JSON.stringify(text)}`)
  t.end()
})

t.test('a dot segment stays refused in every reading', (t) => {
  for (const text of ['/..;x', '/.;x/a', '/..;/a', '/%2e%2e;x', '/..%3bx', '/..%2f', '/..%2Fa'])
    t.match(parseTarget(text, lenient), { ok: false, problem: { because: '. or ..' } }, text)
  for (const text of [
    '/a%2f..',
    '/a%2f.%2fb',
    '/a;x%2f..;y',
    '/a%2f%2e%2e;b',
    '//..//',
    '/..;x%2fb',
  ])
    t.match(parseTarget(text, lenient), { ok: false, problem: { because: '. or ..' } }, text)
  t.end()
})

t.test('a segment that another relaxation empties is refused', (t) => {
  for (const [name, ...targets] of [
    ['semicolons', '/;x/a', '/a/;/b', '/a/%3b/'],
    ['encodedSlashes', '/%2fa', '/a%2f/b', '/a%2f%2fb', '/%2f%2f', '/a/%2f'],
  ] as const)
    for (const text of targets)
      t.match(parseTarget(text, only(name)), { problem: { because: 'a segment is empty' } }, text)
  t.end()
})

// What upstreams do to a path before they look at it, each as lenient as they come.
const decode = (text: string): string =>
  text.replace(/(%[0-9a-f]{2})+/gi, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString())
const eachSegment = (change: (text: string) => string) => (path: string) =>
  path.split('/').map(change).join('/')
const decodeSegments = eachSegment((text) => decode(text).replaceAll('/', '\n'))
const cut = eachSegment((text) => text.replace(/;.*/s, ''))
const cutEscaped = eachSegment((text) => text.replace(/(;|%3b).*/is, ''))
const mergeSlashes = (path: string): string => path.replace(/\/+/g, '/')
const turnBackslashes = (path: string): string => path.replaceAll('\\', '/')
function removeDots(path: string): string {
  const left: string[] = []
  for (const segment of path.slice(1).split('/'))
    if (segment === '..') left.pop()
    else if (segment !== '.') left.push(segment)
  return `/${left.join('/')}`
}
const same = (path: string): string => path
const parsers = [same, cut, cutEscaped].flatMap((first) =>
  [decode, decodeSegments, (path: string) => decode(decode(path))].flatMap((decoding) =>
    [same, turnBackslashes].flatMap((turn) =>
      [same, cut].flatMap((cutLater) =>
        [same, removeDots].flatMap((dots) =>
          [same, mergeSlashes].map(
            (merge) => (path: string) => merge(dots(cutLater(turn(decoding(first(path)))))),
          ),
        ),
      ),
    ),
  ),
)
const toReading = (path: string): readonly string[] => {
  const segments = path.slice(1).split('/')
  if (segments.at(-1) === '') segments.pop()
  return segments.map((segment) => segment.replaceAll('\n', '/'))
}

const bits =
  '/ / / a b . .. %2e %2E %2f %2F %5c \\ %25 2 e f 5 c %32 %65 ; %3b % %41 %c3%a9 %00 %ff ?'
const targets = fc
  .array(fc.constantFrom(...bits.split(' ')), { maxLength: 9 })
  .map((parts) => `/${parts.join('')}`)

t.test('every target is refused or has exactly one reading, whoever reads it', (t) => {
  let accepted = 0
  let refused = 0
  property(t, 20_000, targets, (text) => {
    const read = parseTarget(text, strict)
    if (read.ok) accepted += 1
    else refused += 1
    if (!read.ok) return
    assert.deepEqual(read.value.otherReadings, [])
    for (const parse of parsers)
      assert.deepEqual(toReading(parse(read.value.raw)), read.value.segments)
  })
  t.ok(accepted > 100 && refused > 100, `${accepted} accepted, ${refused} refused`)
  t.end()
})

t.test('under every relaxation each parser finds its reading among those given', (t) => {
  const relaxations = fc.record({
    semicolons: fc.boolean(),
    emptySegments: fc.boolean(),
    encodedSlashes: fc.boolean(),
  })
  let relaxedReadings = 0
  property(t, 10_000, fc.tuple(targets, relaxations), ([text, relaxed]) => {
    const read = parseTarget(text, relaxed)
    if (!read.ok) return
    const { raw, segments, otherReadings } = read.value
    const known = new Set([segments, ...otherReadings].map((reading) => JSON.stringify(reading)))
    if (known.size > 1) relaxedReadings += 1
    assert.equal(known.size, otherReadings.length + 1)
    for (const parse of parsers) assert.ok(known.has(JSON.stringify(toReading(parse(raw)))))
  })
  t.ok(relaxedReadings > 100, `${relaxedReadings} targets with several readings`)
  t.end()
})

t.test('the bytes that were matched are the bytes received', (t) => {
  const any = fc.oneof(
    targets,
    fc.webPath(),
    fc.string().map((text) => `/${text}`),
  )
  property(t, 10_000, any, (text) => {
    const read = parseTarget(text, lenient)
    if (read.ok) assert.equal(read.value.raw + read.value.query, text)
  })
  t.end()
})
