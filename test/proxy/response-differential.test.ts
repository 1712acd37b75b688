/**
 * Our client and llhttp (undici) on the same bytes: what ours takes for an answer, undici takes for the same one.
 *
 * 50,000 responses a run, made of good and bad pieces, in one write or in several. Ours may refuse more; where
 * it accepts, status, headers, body and end are the same. Known differences, in which undici refuses what
 * RFC 9110 §8.6, §15.2 allow: a length on 204 and 304, and a `100 Continue` that nobody asked for.
 */
import { once } from 'node:events'
import net from 'node:net'
import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import t from 'tap'
import type { UpstreamConfig } from '../../src/config/config.ts'
import { openHttp1Line } from '../../src/proxy/http1-line.ts'
import { openUndiciLine } from '../../src/proxy/undici.ts'
import { createPool } from '../../src/proxy/upstream-pool.ts'
import type { Upstream } from '../../src/proxy/upstream.ts'
import { configOf } from '../support/scene.ts'
import { seed } from '../support/seed.ts'

type Seen = {
  readonly status: number
  readonly headers: readonly string[]
  readonly body: string
  readonly isWhole: boolean
}

/** What a client makes of the answer with this number; undefined: no answer at all. */
function ask(upstream: Upstream, method: string, index: number): Promise<Seen | undefined> {
  return new Promise((resolve) => {
    let head: Pick<Seen, 'status' | 'headers'> | undefined
    let body = ''
    const finish = (isWhole: boolean) => () => {
      resolve(head && { ...head, body, isWhole })
    }
    upstream.send(
      { method, target: `/${index}`, headers: ['Host', 'a'], body: undefined, fresh: true },
      {
        sending: () => undefined,
        interim: () => undefined,
        head(status, headers) {
          head = { status, headers: [...headers] }
          return true
        },
        isTaken: () => true,
        data(piece) {
          body += piece.toString('latin1')
          return true
        },
        end: finish(true),
        failed: finish(false),
      },
    )
  })
}

const statusLine = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom('HTTP/1.1 200 OK', 'HTTP/1.1 404 Not Found') },
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      ...[
        'HTTP/1.1 204 No Content',
        'HTTP/1.1 304 Not Modified',
        'HTTP/1.0 200 OK',
        'HTTP/1.1 200',
      ],
      ...['HTTP/1.1 200 ', 'HTTP/1.1 103 Early Hints', 'HTTP/1.1 599 \xe4'],
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      ...['HTTP/1.2 200 OK', 'HTTP/2 200', 'HTTP/1.1 20 OK', 'HTTP/1.1 2000 OK', 'http/1.1 200 OK'],
      ...[
        'HTTP/1.1  200 OK',
        'HTTP/1.1 200OK',
        'HTTP/1.1\t200 OK',
        ' HTTP/1.1 200 OK',
        'ICY 200 OK',
      ],
      ...[
        'HTTP/1.1 200 O\0K',
        'HTTP/1.1 099 X',
        'HTTP/1.1 101 Switching',
        '',
        '\r\nHTTP/1.1 200 OK',
      ],
    ),
  },
)
const headerLine = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.constantFrom(
      ...['X-A: b', 'x-a:c', 'X-B: \t d e \t', 'X-U: \xe4', 'Connection: close', 'Set-Cookie: a=1'],
      ...['Connection: keep-alive', 'Keep-Alive: timeout=5', 'Empty:', 'Trailer: X-T'],
    ),
  },
  {
    weight: 6,
    arbitrary: fc.constantFrom(
      ...[
        'Content-Length: 5',
        'Content-Length: 0',
        'Transfer-Encoding: chunked',
        'content-length:5',
      ],
      ...['transfer-encoding: Chunked', 'Content-Length: 12'],
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      ...[
        'Content-Length: +5',
        'Content-Length: 5, 5',
        'Content-Length: 0x5',
        'Content-Length: -5',
      ],
      ...[
        'Content-Length : 5',
        'Content-Length:',
        'Transfer-Encoding: gzip',
        ' folded',
        '\tfolded: x',
      ],
      ...[
        'Transfer-Encoding: gzip, chunked',
        'Transfer-Encoding: chunked, chunked',
        'no colon',
        ': x',
      ],
      ...['Transfer-Encoding: identity', 'Bad Name: x', 'N\xe4me: x', 'X-C: a\0b', 'X-D: a\x7fb'],
      ...['X-E: a\rb', 'X-F: a\nContent-Length: 5', 'Transfer-Encoding:', 'Content-Length: 5 '],
    ),
  },
)
const lineEnd = fc.oneof(
  { weight: 60, arbitrary: fc.constant('\r\n') },
  { weight: 1, arbitrary: fc.constantFrom('\n', '\r', '\r\r\n', '\n\r') },
)
const bodyPart = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.constantFrom(
      ...[
        'hello',
        '5\r\nhello\r\n0\r\n\r\n',
        '0\r\n\r\n',
        '',
        '2\r\nhi\r\n',
        'A;x=y\r\n0123456789\r\n',
      ],
      ...['0\r\nX-T: 1\r\n\r\n', 'hello world!'],
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      ...[
        '5\nhello\n0\n\n',
        'zz\r\n',
        '-1\r\n',
        ' 5\r\nhello\r\n',
        '5 \r\nhello\r\n',
        '0x5\r\nhello\r\n',
      ],
      ...[
        '5\r\nhelloX\r\n',
        '5;a\rb\r\nhello\r\n',
        '0\r\nbad trailer\r\n\r\n',
        'ffffffffffffffffff\r\n',
      ],
      ...[
        'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno',
        '\0',
        '5;\x01\r\nhello\r\n',
        '0\r\n\r\nextra',
      ],
    ),
  },
)
const response = fc
  .tuple(
    statusLine,
    fc.array(fc.tuple(lineEnd, headerLine), { maxLength: 4 }),
    fc.tuple(lineEnd, lineEnd),
    fc.array(bodyPart, { maxLength: 3 }),
  )
  .map(
    ([first, lines, ends, parts]) => first + lines.flat().join('') + ends.join('') + parts.join(''),
  )
const mutated = fc
  .tuple(response, fc.option(fc.tuple(fc.nat(), fc.constantFrom('', '\r', '\n', ' ', '\0', ':'))))
  .map(([text, change]) => {
    if (change === null) return text
    const at = change[0] % (text.length + 1)
    return text.slice(0, at) + change[1] + text.slice(at + 1)
  })
const answers = fc.tuple(
  fc.oneof(
    { weight: 9, arbitrary: fc.constant('GET') },
    { weight: 1, arbitrary: fc.constant('HEAD') },
  ),
  fc.oneof({ weight: 5, arbitrary: response }, { weight: 1, arbitrary: mutated }),
  fc.option(fc.nat(), { freq: 4 }),
)

/** Finds of earlier runs, kept. */
const finds: readonly (readonly [string, string])[] = [
  ['GET', 'HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['HEAD', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'],
  ['GET', 'HTTP/1.1 200\r\nContent-Length: 5\r\n\r\nhello'],
]

const batch = 250
const runs = 50_000

t.test('what ours accepts, llhttp accepts in the same sense', async (t) => {
  const texts: { text: string; cut: number | null }[] = []
  const server = net.createServer((socket) => {
    socket.on('error', () => undefined)
    socket.once('data', (request: Buffer) => {
      const { text, cut } = texts[Number(/\/(\d+) /.exec(request.toString('latin1'))?.[1])]!
      const at = cut === null ? text.length : cut % (text.length + 1)
      socket.write(text.slice(0, at), 'latin1', () => {
        socket.end(text.slice(at), 'latin1')
      })
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  const config = upstreamAt(port)
  const ours = createPool(config, openHttp1Line)
  const theirs = createPool(config, openUndiciLine)
  const cases = [
    ...finds.map(([method, text]) => [method, text, null] as const),
    ...fc.sample(answers, { numRuns: runs, seed }),
  ]
  let accepted = 0
  const differing: unknown[] = []
  for (let at = 0; at < cases.length && differing.length < 5; at += batch)
    await Promise.all(
      cases.slice(at, at + batch).map(async ([method, text, cut], offset) => {
        texts[at + offset] = { text, cut }
        const one = await ask(ours, method, at + offset)
        if (one === undefined) return
        accepted += 1
        const other = await ask(theirs, method, at + offset)
        if (!isSame(one, other)) differing.push({ method, text, cut, ours: one, llhttp: other })
      }),
    )
  t.comment(`FAST_CHECK_SEED=${seed}`)
  t.strictSame(differing, [])
  t.ok(accepted > runs / 4 && accepted < runs, `${accepted} of ${cases.length} were accepted`)
})

function isSame(ours: Seen, llhttp: Seen | undefined): boolean {
  if (llhttp === undefined) return false
  // llhttp leaves tabs behind a value
  const headers = llhttp.headers.map((text) => text.replace(/[ \t]+$/, '')).join('\n')
  if (ours.status !== llhttp.status || ours.headers.join('\n') !== headers) return false
  // of an answer that is cut, the one may have passed on more than the other
  if (!ours.isWhole)
    return (
      !llhttp.isWhole && (ours.body.startsWith(llhttp.body) || llhttp.body.startsWith(ours.body))
    )
  return llhttp.isWhole && ours.body === llhttp.body
}

function upstreamAt(port: number): UpstreamConfig {
  const yaml = `version: 1
issuers: { app: { userPoolId: eu-central-1_a1B2c3D4e } }
inbound:
  listen: 127.0.0.1:0
  upstream: { url: "http://127.0.0.1:${port}" }
  routes: [{ path: /a, authenticated: true }]
`
  return configOf(yaml).inbound!.upstream
}
