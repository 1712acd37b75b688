import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { contains, crossing, intersection, patternsCross } from '../../src/decision/crossing.ts'
import {
  compareSpecificity,
  foldCase,
  parsePattern,
  samePath,
  writePattern,
} from '../../src/decision/pattern.ts'
import { pattern, property } from './support.ts'

t.test('a path that cannot be one is refused with what would be right', (t) => {
  const problems: Record<string, readonly string[]> = {
    'begins with /': ['', 'a', '*', '**', '{id}', 'http://a', ' /a'],
    'no empty segment': ['//', '//a', '/a//b', '/a//'],
    'only at the end': ['/**/a', '/a/**/b', '/**/**', '/**//'],
    'no wildcard': ['/*', '/a/*', '/a*', '/a/b**', '/***', '/{*}', '/a/*/b'],
    'whole segment': ['/{}', '/a{id}', '/{id}.txt', '/{1a}', '/{a b}', '/{id', '/id}', '/{a}{b}'],
    'stands twice': ['/{a}/{a}', '/{a}/b/{a}/**'],
    'no ? or #': ['/a?b=c', '/a#b', '/?'],
    'gets through': ['/.', '/..', '/a/../b', '/a/.'],
    'use {name}': ['/a;b', '/;', '/a\\b'],
    'control characters': ['/a\0', '/\n', '/a\x7f', '/\x85', '/\ud800', '/\udc00a'],
    'write café': ['/caf%C3%A9'],
    'write a b': ['/x/a%20b'],
    'cannot stand for': ['/a%2Fb', '/%2f', '/a%2e%2e%00', '/%2e', '/%5c', '/%252f', '/a%3bb'],
    'not UTF-8': ['/%ff', '/a%c0%ae'],
  }
  for (const [why, texts] of Object.entries(problems))
    for (const text of texts) {
      const read = parsePattern(text)
      t.match(read.ok ? 'accepted' : read.problem, why, JSON.stringify(text))
    }
  t.end()
})

t.test('a path is literals, {name} and a last **', (t) => {
  const literal = (text: string, folded = text) => ({ kind: 'literal', text, folded })
  const name = (name: string) => ({ kind: 'name', name })
  const patterns: Record<string, { segments: readonly object[]; open?: boolean }> = {
    '/': { segments: [] },
    '/**': { segments: [], open: true },
    '/Status': { segments: [literal('Status', 'status')] },
    '/a/{file-Id_2}/**': { segments: [literal('a'), name('file-Id_2')], open: true },
    '/{_}/100%': { segments: [name('_'), literal('100%')] },
    '/a b/...': { segments: [literal('a b'), literal('...')] },
    '/STRASSE/%zz': { segments: [literal('STRASSE', 'strasse'), literal('%zz')] },
    '/~!$&\'()+,=:@"<>^`|[]': { segments: [literal('~!$&\'()+,=:@"<>^`|[]')] },
  }
  for (const [text, { segments, open = false }] of Object.entries(patterns))
    t.strictSame(parsePattern(text), { ok: true, value: { text, segments, open } }, text)
  t.end()
})

t.test('one trailing slash makes no other path', (t) => {
  for (const text of ['/a', '/{a}', '/**', '/a/**', '/a/b'])
    t.ok(samePath(pattern(`${text}/`), pattern(text)), text)
  t.equal(pattern('/a/').text, '/a/')
  t.end()
})

t.test('letters that are the same in another case fold to the same', (t) => {
  const spellings = [
    'aBc ABC',
    'straße STRASSE STRAẞE straẞe',
    'Σας σΑΣ ΣΑς',
    'k K \u212a',
    'ı I i',
  ]
  for (const same of spellings) t.equal(new Set(same.split(' ').map(foldCase)).size, 1, same)
  t.not(foldCase('a'), foldCase('á'))
  property(t, 2000, fc.string({ unit: 'grapheme' }), (text) => {
    for (const other of [text.toUpperCase(), text.toLowerCase(), foldCase(text)])
      assert.equal(foldCase(other), foldCase(text))
  })
  t.end()
})

t.test('literal before {name} before the end before **, from the left', (t) => {
  const inOrder =
    '/a/b/c /a/b/{x} /a/b /a/b/** /a/{x}/c /a/{x}/** /a/** /b /{x}/a/b /{x} /{x}/** / /**'
  const sorted = inOrder.split(' ')
  const byText = sorted.map(pattern).sort((a, b) => (a.text < b.text ? -1 : 1))
  t.strictSame(
    byText.sort(compareSpecificity).map(({ text }) => text),
    sorted,
  )
  t.equal(compareSpecificity(pattern('/A/{x}/**'), pattern('/a/{y}/**')), 0)
  t.ok(compareSpecificity(pattern('/x/a'), pattern('/x/b')) < 0)
  t.ok(compareSpecificity(pattern('/x/b'), pattern('/x/a')) > 0)
  t.notOk(samePath(pattern('/a'), pattern('/a/**')))
  t.end()
})

t.test('the intersection is the path to write where two paths cross', (t) => {
  for (const [a, b, both] of [
    ['/a/{x}', '/{y}/b', '/a/b'],
    ['/{a}/b', '/{x}/{y}', '/{a}/b'],
    ['/a/**', '/{x}/b', '/a/b'],
    ['/a/**', '/{x}/b/**', '/a/b/**'],
    ['/{id}/x/**', '/{p}/{q}/{id}', '/{id}/x/{id2}'],
    ['/{id}/{id2}/x/**', '/{p}/{q}/{r}/{id}/{id2}', '/{id}/{id2}/x/{id3}/{id22}'],
    ['/A/{x}', '/{y}/b', '/A/b'],
    ['/**', '/', '/'],
    ['/a/**', '/a', '/a'],
    ['/a', '/b', undefined],
    ['/a', '/a/b', undefined],
    ['/a/{x}', '/a/{x}/**', '/a/{x}'],
    ['/{x}', '/', undefined],
  ] as const) {
    t.equal(intersection(pattern(a), pattern(b))?.text, both, `${a} ${b}`)
    t.equal(intersection(pattern(b), pattern(a)) === undefined, both === undefined, `${b} ${a}`)
  }
  t.end()
})

t.test('paths of which one holds the other do not cross', (t) => {
  for (const [a, b] of [
    '/** /a',
    '/a/** /a',
    '/a/{x} /A/b',
    '/a /a',
    '/a /b',
    '/{x}/** /a/b/**',
  ].map((pair) => pair.split(' ').map(pattern)))
    t.notOk(patternsCross(a!, b!), `${a!.text} ${b!.text}`)
  for (const [a, b] of ['/a/{x} /{y}/b', '/a/** /{x}/b', '/a/{x} /{y}/b/**'].map((pair) =>
    pair.split(' ').map(pattern),
  ))
    t.ok(patternsCross(a!, b!) && patternsCross(b!, a!), `${a!.text} ${b!.text}`)
  t.end()
})

// The oracle: patterns of at most three segments, tried on every path of at most four.
const texts = fc
  .tuple(fc.array(fc.constantFrom('a', 'B', '{}'), { maxLength: 3 }), fc.boolean())
  .map(([parts, open]) => {
    const named = parts.map((part, at) => (part === '{}' ? `{n${at}}` : part))
    return `/${[...named, ...(open ? ['**'] : [])].join('/')}`
  })
const paths: string[][] = [[]]
for (const path of paths)
  if (path.length < 4) for (const segment of ['a', 'b', 'z']) paths.push([...path, segment])

function matches(text: string, path: readonly string[]): boolean {
  const parts = text.toLowerCase().split('/').slice(1).filter(Boolean)
  const open = parts.at(-1) === '**'
  if (open) parts.pop()
  if (open ? path.length < parts.length : path.length !== parts.length) return false
  return parts.every((part, at) => part.startsWith('{') || part === path[at])
}

t.test('crossing, holding and sharing are what trying every path says', (t) => {
  const seen = { crossing: 0, apart: 0 }
  property(t, 3000, fc.tuple(texts, texts), ([one, other]) => {
    const [a, b] = [pattern(one), pattern(other)]
    const inA = paths.filter((path) => matches(one, path))
    const inB = paths.filter((path) => matches(other, path))
    const inBoth = inA.filter((path) => inB.includes(path))
    const cross = inBoth.length > 0 && inBoth.length < inA.length && inBoth.length < inB.length
    seen[cross ? 'crossing' : 'apart'] += 1
    assert.equal(patternsCross(a, b), cross)
    assert.equal(contains(a, b), inBoth.length === inB.length)
    assert.equal(samePath(a, b), inBoth.length === inA.length && inBoth.length === inB.length)
    const both = intersection(a, b)
    const shared = both === undefined ? [] : paths.filter((path) => matches(both.text, path))
    assert.deepEqual(shared, inBoth)
    assert.equal(crossing(a, b)?.text, cross ? both?.text : undefined)
  })
  t.ok(seen.crossing > 50 && seen.apart > 50, JSON.stringify(seen))
  t.end()
})

t.test('a pattern that is written can be read again', (t) => {
  property(t, 500, texts, (text) => {
    const { segments, open } = pattern(text)
    assert.equal(writePattern(segments, open), text)
  })
  t.end()
})
