/** Requests framed in every way that two parsers ever read differently; see smuggling.test.ts. */

const head = 'POST /open/1 HTTP/1.1\r\nHost: a\r\n'
/** What must never be served on its own, whatever stands before it. */
export const smuggled = 'GET /open/smuggled HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'
const chunked = (bytes: string): string => `${head}Transfer-Encoding: chunked\r\n\r\n${bytes}`
const framed = (...lines: readonly string[]): string =>
  `${head}${lines.map((line) => `${line}\r\n`).join('')}\r\n`

const lengths = [
  ...['Content-Length: +1', 'Content-Length: -1', 'Content-Length: 0x1', 'Content-Length: 1e1'],
  ...['Content-Length: 1 1', 'Content-Length: 1,1', 'Content-Length: 1, 1', 'Content-Length: ,1'],
  ...[
    'Content-Length: 1.0',
    'Content-Length: "1"',
    'Content-Length: 1;',
    'Content-Length:',
    'Content-Length: a',
  ],
  ...['Content-Length: 99999999999999999999', 'Content-Length: 18446744073709551617'],
  ...['Content-Length : 1', 'Content-Length\t: 1', ' Content-Length: 1', '\tContent-Length: 1'],
  ...[
    'Content-Length: \x0b1',
    'Content-Length: 1\x0b',
    'Content-Length: \x001',
    'Content-Length: \xa01',
  ],
  ...[
    'Content-Length: 1\rX: 1',
    'Content-Length: 1\nX: 1',
    'X: 1\nContent-Length: 1',
    'X: 1\r\r\nY: 1',
  ],
  ...[
    'Content-Length\0: 1',
    'Content-\r\n Length: 1',
    'Content-Length:\r\n 1',
    'Content-Length: 1\r\n 0',
  ],
]
const codings = [
  ...[
    'chunked, chunked',
    'identity',
    'identity, chunked',
    'chunked, identity',
    'gzip, chunked',
    'x chunked',
  ],
  ...[
    'xchunked',
    'chunkedx',
    'chunked;q=1',
    '"chunked"',
    "'chunked'",
    'chunk',
    '\x0bchunked',
    'chunked\x0b',
  ],
  ...['chunked,', ',chunked', 'chunked, ', '\x0cchunked', 'chunked\0', '\0chunked', '\xa0chunked'],
  ...[
    '',
    'cow',
    'chunked\r\n x',
    '\r\n chunked',
    'chunked\rX: 1',
    'chunked\nX: 1',
    'CHUNKED, CHUNKED',
  ],
]
const both = [
  ['Content-Length: 5', 'Transfer-Encoding: chunked'],
  ['Transfer-Encoding: chunked', 'Content-Length: 5'],
  ['Content-Length: 0', 'Transfer-Encoding: chunked'],
  ['Transfer-Encoding: chunked', 'content-length: 5', 'Content-Length: 5'],
  ['Content-Length: 5', 'Transfer-Encoding: identity'],
  ['Content-Length: 5', 'Transfer-Encoding:'],
  ['Transfer-Encoding: chunked', 'Transfer-Encoding: identity'],
  ['Transfer-Encoding: identity', 'Transfer-Encoding: chunked'],
  ['Transfer-Encoding: chunked', 'transfer-encoding: chunked'],
  ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked', 'Content-Length: 5'],
  ['Content-Length: 5', 'Content-Length: 5'],
  ['Content-Length: 5', 'content-length: 6'],
  ['Content-Length: 0', 'CONTENT-LENGTH: 5'],
  ['Content-Length: 5', 'Content-Length: 5, 5'],
  ['Transfer-Encoding : chunked'],
  ['Transfer-Encoding\t: chunked'],
  [' Transfer-Encoding: chunked'],
  ['Transfer-Encoding\0: chunked'],
  ['X: 1\rTransfer-Encoding: chunked'],
  ['X: 1\nTransfer-Encoding: chunked'],
  ['X: 1\0', 'Content-Length: 5'],
]
const badChunks = [
  ...[
    '-1\r\nx\r\n0\r\n\r\n',
    '+1\r\nx\r\n0\r\n\r\n',
    '0x1\r\nx\r\n0\r\n\r\n',
    'g\r\nx\r\n0\r\n\r\n',
  ],
  ...[
    ' 1\r\nx\r\n0\r\n\r\n',
    '1 \r\nx\r\n0\r\n\r\n',
    '1\t\r\nx\r\n0\r\n\r\n',
    '1 1\r\nx\r\n0\r\n\r\n',
  ],
  ...[
    '1\nx\r\n0\r\n\r\n',
    '1\r\nx\n0\r\n\r\n',
    '1\rx\r\n0\r\n\r\n',
    '1\r\nx0\r\n\r\n',
    '1\r\nxx\r\n0\r\n\r\n',
  ],
  ...[
    '1\r\nx\r\r\n0\r\n\r\n',
    '1\r\nx\r0\r\n\r\n',
    '\r\n1\r\nx\r\n0\r\n\r\n',
    '1;a\nb\r\nx\r\n0\r\n\r\n',
  ],
  ...[
    '1;a\rb\r\nx\r\n0\r\n\r\n',
    '1;\0\r\nx\r\n0\r\n\r\n',
    '1_0\r\nx\r\n0\r\n\r\n',
    '1,1\r\nx\r\n0\r\n\r\n',
  ],
  ...[
    'fffffffffffffffff\r\nx',
    '10000000000000001\r\nx\r\n0\r\n\r\n',
    '1\r\nx\r\n0\n\r\n',
    '1\r\nx\r\n0\r\n\n',
  ],
  ...['1\r\nx\r\n0\r\nX : 1\r\n\r\n', '1\r\nx\r\n0\r\n X: 1\r\n\r\n', '1\r\nx\r\n0\r\nX: 1\n\r\n'],
  ...[
    '1\r\nx\r\n0\r\n\0\r\n\r\n',
    '1\r\nx\r\n0\r\nX: \0\r\n\r\n',
    '0;\n\r\n\r\n',
    '1\r\nx\r\n0;a=b\rc\r\n\r\n',
  ],
]
const badTrailers = [
  'Transfer-Encoding: chunked',
  'Content-Length: 9',
  'Content-Length: 0',
  ' X: 1',
  'X',
].map((line) => `1\r\nx\r\n0\r\n${line}\r\n\r\n`)
const badHeads = [
  `GET /open/1\r\n\r\n`,
  `GET /open/1 \r\n\r\n`,
  `GET /open/1 HTTP/1.1 \r\nHost: a\r\n\r\n`,
  `GET /open/1 HTTP/1.1x\r\nHost: a\r\n\r\n`,
  `GET /open/1 HTTP/11\r\nHost: a\r\n\r\n`,
  `GET /open/1 HTTP/1.1\nHost: a\n\n`,
  `GET /open/1 HTTP/1.1\rHost: a\r\r`,
  `GET /open/1 HTTP/1.1\r\n Host: a\r\n\r\n`,
  `GET /open/1 HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n`,
  `GET /open/1 HTTP/1.1\r\nHost: a\r\nX\r\n\r\n`,
  `GET /open/1 HTTP/1.1\r\nHost: a\r\nX y: 1\r\n\r\n`,
  `GET /open/1 HTTP/1.1\r\nHost: a\r\nX\xe4: 1\r\n\r\n`,
  `GET /open/1 HTTP/1.1\r\nHost: a\r\nX: 1\x7f\r\n\r\n`,
  `GET /open/1 HTTP/1.1\r\nHost: a\r\nX: \x01\r\n\r\n`,
  ` GET /open/1 HTTP/1.1\r\nHost: a\r\n\r\n`,
  `\0GET /open/1 HTTP/1.1\r\nHost: a\r\n\r\n`,
  `GET\t/open/1 HTTP/1.1\r\nHost: a\r\n\r\n`,
  `GET /open/1\tHTTP/1.1\r\nHost: a\r\n\r\n`,
  `Get /open/1 HTTP/1.1\r\nHost: a\r\n\r\n`,
  `GETS /open/1 HTTP/1.1\r\nHost: a\r\n\r\n`,
  `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n`,
  `POST /open/1 HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n`,
  `POST /open/1 HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\nx`,
  `PUT /open/1 HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nConnection: upgrade\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
]

/** Bytes that have no single meaning. */
export const refused: readonly string[] = [
  ...lengths.map((line) => `${framed(line)}x`),
  ...codings.map((coding) => `${framed(`Transfer-Encoding: ${coding}`)}1\r\nx\r\n0\r\n\r\n`),
  ...both.map((lines) => `${framed(...lines)}0\r\n\r\n`),
  ...[...badChunks, ...badTrailers].map(chunked),
  ...badHeads,
]

/** Bytes that are served, and what they mean. */
export const passed: readonly (readonly [bytes: string, body: string])[] = [
  [`${framed('Content-Length: 5')}abcde`, 'abcde'],
  [`${framed('Content-Length:5')}abcde`, 'abcde'],
  [`${framed('Content-Length: \t 5  ')}abcde`, 'abcde'],
  [`${framed('Content-Length: 005')}abcde`, 'abcde'],
  [framed('Content-Length: 0'), ''],
  [framed(), ''],
  [`${framed('Transfer-Encoding: ChunKed')}1\r\nx\r\n0\r\n\r\n`, 'x'],
  [`${framed('Transfer-Encoding:  chunked')}1\r\nx\r\n0\r\n\r\n`, 'x'],
  [`${framed('TRANSFER-ENCODING:chunked')}1\r\nx\r\n0\r\n\r\n`, 'x'],
  [`${framed('Transfer_Encoding: chunked', 'Content-Length: 1')}x`, 'x'],
  [`${framed('Content_Length: 9', 'Content-Length: 1')}x`, 'x'],
  [`${framed('Content.Length: 9', 'Transfer-Encoding: chunked')}0\r\n\r\n`, ''],
  [`${framed('Connection: content-length', 'Content-Length: 1')}x`, 'x'],
  [
    `${framed('Connection: transfer-encoding', 'Transfer-Encoding: chunked')}1\r\nx\r\n0\r\n\r\n`,
    'x',
  ],
  [chunked('0A\r\n0123456789\r\n00\r\n\r\n'), '0123456789'],
  [chunked('00000001\r\nx\r\n0\r\n\r\n'), 'x'],
  [chunked('1;a="b;c"\r\nx\r\n0;d\r\n\r\n'), 'x'],
  [chunked(`${'2\r\nab\r\n'.repeat(500)}0\r\n\r\n`), 'ab'.repeat(500)],
  [chunked(`${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`), smuggled],
  [`${framed(`Content-Length: ${smuggled.length}`)}${smuggled}`, smuggled],
  [chunked('1\r\nx\r\n0\r\nX-Auth-Subject: b\r\nHost: b\r\n\r\n'), 'x'],
  [`\r\n\r\n${framed('Content-Length: 1')}x`, 'x'],
  [`${framed('Upgrade: h2c', 'Connection: upgrade', 'Content-Length: 1')}x`, 'x'],
  [
    `${framed('Upgrade: h2c', 'Connection: upgrade', 'Transfer-Encoding: chunked')}1\r\nx\r\n0\r\n\r\n`,
    'x',
  ],
  [framed('Upgrade: TLS/1.0, h2c', 'HTTP2-Settings: AAMAAABk'), ''],
]
