/** The head of an upstream's response (RFC 9112 §4, §5, §6.3): what it says, and what is no head. */
import t from 'tap'
import { parseResponseHead } from '../../src/proxy/response-head.ts'

const read = (lines: readonly string[], method = 'GET') =>
  parseResponseHead(lines.join('\r\n'), method)

const ok = 'HTTP/1.1 200 OK'

t.test('status, headers and framing are read as they stand', (t) => {
  const head = read([
    'HTTP/1.1 201 Created',
    'A:b',
    'a: \t c d\t ',
    'X-Umlaut: \xe4',
    'Empty:',
    'Accept-Charset: u',
    'X-Seventeen-Chars: v',
    'User-Agent: w',
  ])
  t.strictSame(head, {
    ok: true,
    value: {
      status: 201,
      headers: [
        'A',
        'b',
        'a',
        'c d',
        'X-Umlaut',
        '\xe4',
        'Empty',
        '',
        'Accept-Charset',
        'u',
        'X-Seventeen-Chars',
        'v',
        'User-Agent',
        'w',
      ],
      framing: { kind: 'close' },
      keepsAlive: false,
      promised: undefined,
    },
  })
  t.end()
})

t.test('a status line may lack its reason', (t) => {
  for (const line of [ok, 'HTTP/1.1 200 ', 'HTTP/1.1 200', 'HTTP/1.0 200 \xe9'])
    t.match(read([line]), { ok: true, value: { status: 200 } }, line)
  t.end()
})

const framings: readonly (readonly [method: string, lines: readonly string[], kind: string])[] = [
  ['GET', [ok, 'Content-Length: 5'], 'length'],
  ['GET', [ok, 'content-length: 0'], 'none'],
  ['GET', [ok, 'Transfer-Encoding: Chunked'], 'chunked'],
  ['GET', [ok], 'close'],
  ['GET', ['HTTP/1.0 200 OK'], 'close'],
  ['HEAD', [ok, 'Content-Length: 5'], 'none'],
  ['HEAD', [ok, 'Transfer-Encoding: chunked'], 'none'],
  ['GET', ['HTTP/1.1 204 No Content', 'Content-Length: 5'], 'none'],
  ['GET', ['HTTP/1.1 304 Not Modified', 'Content-Length: 5'], 'none'],
  ['GET', ['HTTP/1.1 103 Early Hints', 'Link: </a>'], 'none'],
]

t.test('the body is framed by rule, and by nothing else', (t) => {
  for (const [method, lines, kind] of framings)
    t.match(read(lines, method), { value: { framing: { kind } } }, `${method} ${lines.join()}`)
  t.match(read([ok, 'Content-Length: 42']), { value: { framing: { length: 42 } } })
  t.end()
})

t.test('a connection is kept only when nothing speaks against it', (t) => {
  const cases: readonly (readonly [keeps: boolean, ...lines: string[]])[] = [
    [true, ok, 'Content-Length: 2'],
    [true, ok, 'Content-Length: 2', 'Connection: keep-alive'],
    [true, ok, 'Content-Length: 2', 'Connection: closed'],
    [true, 'HTTP/1.1 304 Not Modified'],
    [false, ok, 'Content-Length: 2', 'Connection: Close'],
    [false, ok, 'Content-Length: 2', 'Connection: x', 'connection: y , close'],
    [false, 'HTTP/1.0 200 OK', 'Content-Length: 2', 'Connection: keep-alive'],
    [false, 'HTTP/1.1 204 No Content', 'Transfer-Encoding: chunked'],
    [false, ok],
  ]
  for (const [keeps, ...lines] of cases)
    t.match(read(lines), { value: { keepsAlive: keeps } }, lines.join())
  t.end()
})

t.test('Keep-Alive promises seconds', (t) => {
  for (const [value, promised] of [
    ['timeout=5', 5],
    ['max=100, timeout=5', 5],
    ['Timeout=5;max=1', 5],
    ['timeout=', undefined],
    ['xtimeout=5', undefined],
    ['timeout=5x', undefined],
  ] as const) {
    const head = read([ok, `Keep-Alive: ${value}`])
    t.equal(head.ok && head.value.promised, promised, value)
  }
  t.end()
})

const refusals: readonly (readonly [why: string, ...lines: string[]])[] = [
  ['status line', ''],
  ['status line', 'HTTP/1.1 20 OK'],
  ['status line', 'HTTP/1.1 2000 OK'],
  ['status line', 'HTTP/1.1 099 OK'],
  ['status line', 'HTTP/1.1  200 OK'],
  ['status line', 'HTTP/1.1 200OK'],
  ['status line', 'HTTP/1.2 200 OK'],
  ['status line', 'HTTP/2 200 OK'],
  ['status line', 'http/1.1 200 OK'],
  ['status line', ' HTTP/1.1 200 OK'],
  ['status line', 'ICY 200 OK'],
  ['forbidden', ok, 'A: b\nC: d'],
  ['forbidden', ok, 'A: b\rC: d'],
  ['forbidden', ok, 'A: b\0'],
  ['forbidden', ok, 'A: \x7f'],
  ['forbidden', 'HTTP/1.1 200 O\x01K'],
  ['without a name', ok, 'A'],
  ['without a name', ok, '', 'A: b'],
  ['no token', ok, ': b'],
  ['no token', ok, 'A : b'],
  ['no token', ok, ' A: b'],
  ['no token', ok, 'A: b', '\tfolded: c'],
  ['no token', ok, 'A(: b'],
  ['no token', ok, 'Caf\xe9: b'],
  ['several Content-Length', ok, 'Content-Length: 2', 'content-length: 2'],
  ['no number', ok, 'Content-Length: +2'],
  ['no number', ok, 'Content-Length: -2'],
  ['no number', ok, 'Content-Length: 0x2'],
  ['no number', ok, 'Content-Length: 2, 2'],
  ['no number', ok, 'Content-Length: 2 2'],
  ['no number', ok, 'Content-Length:'],
  ['no number', ok, 'Content-Length: 9999999999999999'],
  ['other than chunked', ok, 'Transfer-Encoding: gzip, chunked'],
  ['other than chunked', ok, 'Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'],
  ['other than chunked', ok, 'Transfer-Encoding:'],
  ['other than chunked', 'HTTP/1.1 204 No Content', 'Transfer-Encoding: gzip'],
  ['both', ok, 'Transfer-Encoding: chunked', 'Content-Length: 2'],
  ['both', ok, 'Content-Length: 2', 'Transfer-Encoding: chunked'],
  ['HTTP/1.0', 'HTTP/1.0 200 OK', 'Transfer-Encoding: chunked'],
]

t.test('what is not strictly a head is refused', (t) => {
  for (const [why, ...lines] of refusals) {
    const head = read(lines)
    t.match(head.ok ? 'accepted' : head.problem, why, JSON.stringify(lines))
  }
  t.end()
})
