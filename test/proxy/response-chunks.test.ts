/** The chunked transfer coding, read strictly (RFC 9112 §7.1), however it is cut into pieces. */
import fc from 'fast-check'
import t from 'tap'
import { createChunks } from '../../src/proxy/response-chunks.ts'
import '../support/seed.ts'

/** Reads pieces one after the other: the data, and how it ended. */
function readAll(...pieces: readonly string[]): { data: string; end: 'done' | 'more' | 'refused' } {
  const chunks = createChunks()
  let data = ''
  for (const piece of pieces) {
    const buffer = Buffer.from(piece, 'latin1')
    const at = chunks.read(buffer, 0, buffer.length, (from, start, end) => {
      data += from.toString('latin1', start, end)
      return true
    })
    if (at < 0) return { data, end: 'refused' }
    if (chunks.isDone()) return { data: data + piece.slice(at), end: 'done' }
  }
  return { data, end: 'more' }
}

t.test('data comes out, sizes, extensions and trailers do not', (t) => {
  for (const [text, data] of [
    ['0\r\n\r\n', ''],
    ['5\r\nhello\r\n0\r\n\r\n', 'hello'],
    ['A\r\n0123456789\r\n0\r\n\r\n', '0123456789'],
    ['0005\r\nhello\r\n000\r\n\r\n', 'hello'],
    ['2;a=b;c="d e"\r\nhi\r\n0;x\r\n\r\n', 'hi'],
    ['2\r\n\r\n\r\n0\r\n\r\n', '\r\n'],
    ['2\r\nhi\r\n0\r\nX-A: b\r\nC:\r\n\r\n', 'hi'],
  ] as const) {
    t.strictSame(readAll(text), { data, end: 'done' }, JSON.stringify(text))
    t.strictSame(
      readAll(...text.split('')),
      { data, end: 'done' },
      `${JSON.stringify(text)} byte by byte`,
    )
  }
  t.end()
})

t.test('what follows the last chunk is not touched', (t) => {
  t.strictSame(readAll('2\r\nhi\r\n0\r\n\r\nHTTP/1.1'), { data: 'hiHTTP/1.1', end: 'done' })
  t.end()
})

t.test('a missing end is no end', (t) => {
  const text = '5\r\nhello\r\n0\r\nA: b\r\n\r\n'
  for (let cut = 0; cut < text.length; cut += 1)
    t.equal(readAll(text.slice(0, cut)).end, 'more', JSON.stringify(text.slice(0, cut)))
  t.end()
})

t.test('anything else is refused', (t) => {
  const refused = [
    ...[
      '\r\n',
      'zz\r\n',
      '-1\r\n',
      '+1\r\n',
      '0x1\r\n',
      ' 1\r\n',
      '1 1\r\n',
      '1\n',
      'a\r\r\n',
      '1 \r\n',
    ],
    ...['1 ;a\r\n', '1;\r\n', '1;a= b\r\n', '1;a="b\r\n', '1;a;\r\n'],
    ...['1000000000000\r\n', '5,\r\n', '5\r\nhello0\r\n\r\n', '5\r\nhello\n0\r\n\r\n'],
    ...['5\r\nhello!\r\n', '0\r\n\n', '0\r\nA\r\n', '0\r\n A: b\r\n', '0\r\nA: b\n\r\n'],
    ...['2;a\x01\r\nhi', '0\r\nA: \0\r\n', `1;${'a'.repeat(5000)}\r\n`, `1;${'a'.repeat(5000)}`],
    `0\r\n${'X: 0123456789\r\n'.repeat(1300)}\r\n`,
  ]
  for (const text of refused)
    t.equal(readAll(text).end, 'refused', JSON.stringify(text.slice(0, 40)))
  t.end()
})

t.test('whoever takes a piece may stop, and goes on from there', (t) => {
  const chunks = createChunks()
  const buffer = Buffer.from('3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n')
  const taken: string[] = []
  let at = 0
  for (let calls = 0; !chunks.isDone() && calls < 10; calls += 1)
    at = chunks.read(buffer, at, buffer.length, (from, start, end) => {
      taken.push(from.toString('latin1', start, end))
      return false
    })
  t.strictSame([taken, at], [['abc', 'de'], buffer.length])
  t.end()
})

t.test('however a body is cut into chunks and those into pieces, it is the same body', (t) => {
  const parts = fc.array(fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 40 }))
  fc.assert(
    fc.property(parts, fc.array(fc.nat(60), { maxLength: 8 }), (chunked, cuts) => {
      const coded = chunked.map((part) => `${part.length.toString(16)}\r\n${part}\r\n`).join('')
      const text = `${coded}0\r\n\r\n`
      const places = [...cuts.filter((cut) => cut < text.length), text.length].sort((a, b) => a - b)
      const pieces = places.map((place, index) => text.slice(places[index - 1] ?? 0, place))
      const read = readAll(...pieces)
      return read.end === 'done' && read.data === chunked.join('')
    }),
    { numRuns: 2000 },
  )
  t.end()
})
