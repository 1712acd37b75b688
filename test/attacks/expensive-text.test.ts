/**
 * No text from outside costs more than its length (SPEC: Envoy's rule, 100 times the CPU; R27). A regular expression
 * that looks for an end from each place where one might begin costs the square of its input, and one request stops
 * all others meanwhile. Found so: `Sec-WebSocket-Protocol` with a run of spaces (0.3 s), a quoted string without an
 * end in `WWW-Authenticate` (3 s), and a `Link` of 103 Early Hints, which node:http itself reads so (14 s).
 * The same was wrong in Go's x/oauth2 jws (CVE-2025-22868: dots of a token).
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import ts from 'typescript'
import { saysInvalidToken } from '../../src/proxy/challenges.ts'
import { parseJsonObject } from '../../src/tokens/json.ts'
import { repository } from '../support/command.ts'
import { answerOk, startRawUpstream } from '../support/wire.ts'
import { startInbound } from '../wire/support.ts'

/** Milliseconds of CPU; the best of five where the first was bad, since what else the machine does only adds. */
function cost(run: () => unknown): number {
  let best = Infinity
  for (let i = 0; i < 5 && best > tooMuch; i += 1) {
    const before = performance.now()
    run()
    best = Math.min(best, performance.now() - before)
  }
  return best
}

/** What the process spent on it, in milliseconds. */
async function spent(run: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage()
  await run()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

/** A head's worth of text. To look at it once takes 0.1 ms, from each place 30 or more. */
const length = 8 * 1024
const tooMuch = 8

/** Every regular expression that stands in a file. */
function expressionsIn(file: string): readonly RegExp[] {
  const found: RegExp[] = []
  const look = (node: ts.Node): void => {
    if (ts.isRegularExpressionLiteral(node)) {
      const end = node.text.lastIndexOf('/')
      const flags = new Set(`${node.text.slice(end + 1)}g`)
      found.push(new RegExp(node.text.slice(1, end), [...flags].join('')))
    }
    node.forEachChild(look)
  }
  look(ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest))
  return found
}

/** Characters that an expression names, and two that stand for all others. */
function alphabetOf({ source }: RegExp): readonly string[] {
  const plain = source.replace(/\\[pP]\{\w+\}|\\[a-zA-Z0-9]{1,3}|\(\?[:!=<]/g, '')
  const escaped = [...plain.matchAll(/\\(\W)/g)].map(([, character = '']) => character)
  const named = plain.replace(/\\\W|[[\](){}?*+^$|\\]/g, '')
  return [...new Set([...escaped, ...named.split(''), ' ', '"', 'a'])].slice(0, 9)
}

/** The text on which an expression takes too long, if one of these does. */
function worstFor(expression: RegExp): string | undefined {
  const alphabet = alphabetOf(expression)
  const escaped = alphabet.map((character) => `\\${character}`)
  const pairs = alphabet.flatMap((one) => alphabet.map((other) => one + other))
  for (const pump of [...new Set([...pairs, ...escaped])])
    for (const before of ['', ...alphabet]) {
      const text = `${before}${pump.repeat(length / 2)}\0`
      if (cost(() => text.replace(expression, '')) > tooMuch)
        return `${JSON.stringify(before)}, then ${JSON.stringify(pump)} many times`
    }
  return undefined
}

/** Where what comes over the wire is read, and variables are: what they hold need not be the operator's own. */
const folders = ['proxy', 'tokens', 'decision', 'ops']
const places = [
  ...folders.flatMap((folder) =>
    readdirSync(join(repository, 'src', folder))
      .filter((name) => name.endsWith('.ts'))
      .map((name) => `${folder}/${name}`),
  ),
  'config/interpolate.ts',
]

t.test('this test finds what it looks for', (t) => {
  t.match(worstFor(/^[ \t]+|[ \t]+$/g), 'many times')
  t.match(worstFor(/"(?:[^"\\]|\\.)*"/g), 'many times')
  t.equal(worstFor(/^[a-z]+=*$/g), undefined)
  t.end()
})

/** What it meets is known to be JSON, in which every string has an end. */
const readsJson = 'tokens/json.ts'

t.test('every regular expression that meets input is linear', (t) => {
  let count = 0
  for (const file of places)
    for (const expression of expressionsIn(join(repository, 'src', file))) {
      count += 1
      if (file !== readsJson)
        t.equal(worstFor(expression), undefined, `${file}: ${String(expression)}`)
    }
  t.ok(count > 40, `${count} expressions`)
  t.end()
})

t.test('members of a token are told apart in one go, whatever their names and depth', (t) => {
  const escapes = '\\"'.repeat(length / 2)
  const deep = `{"a":${'['.repeat(length / 2)}${']'.repeat(length / 2)}}`
  for (const text of [`{"${escapes}":1,"${escapes} ":1}`, deep, `{"a"${' '.repeat(length)}:1}`]) {
    t.ok(cost(() => parseJsonObject(text)) <= tooMuch)
    t.match(parseJsonObject(text), { ok: true })
    t.ok(cost(() => parseJsonObject(text.slice(0, -1))) <= tooMuch)
  }
  t.end()
})

t.test('a challenge of an upstream is read in one go, whatever its quotes', (t) => {
  const evil = `Bearer realm="${'\\"'.repeat(16_000)}`
  t.ok(cost(() => saysInvalidToken(['WWW-Authenticate', evil])) < 10 * tooMuch)
  t.equal(saysInvalidToken(['WWW-Authenticate', `${evil}", error="invalid_token"`]), true)
  t.equal(saysInvalidToken(['WWW-Authenticate', `${evil}, error="invalid_token"`]), false)
  t.equal(saysInvalidToken(['WWW-Authenticate', 'Bearer error="invalid_token\\']), false)
  t.end()
})

t.test('subprotocols are read in one go, whatever the spaces', async (t) => {
  const upstream = await startRawUpstream(t)
  const scene = await startInbound(
    t,
    upstream.port,
    `  limits: { bodyIdleTimeout: 50ms }
  routes: [{ path: /ws, methods: [GET], public: true, websocket: true }]\n`,
  )
  const handshake =
    'GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: upgrade\r\n' +
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n' +
    `Sec-WebSocket-Protocol: a${' '.repeat(15_000)}b\r\n\r\n`
  const milliseconds = await spent(async () => {
    for (let i = 0; i < 20; i += 1)
      t.match(await scene.send(handshake), {
        status: 400,
        headers: { 'content-type': 'application/problem+json' },
      })
  })
  t.ok(milliseconds < 3000, `${milliseconds} ms, where one took 300`)
  t.same(upstream.received, [])
})

t.test('early hints pass byte for byte, and cost what they weigh', async (t) => {
  const link = `<a>; ${'a='.repeat(15_000)}"caf\xe9"`
  const upstream = await startRawUpstream(
    t,
    answerOk(
      `HTTP/1.1 103 Early Hints\r\nLink: ${link}\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok`,
    ),
  )
  const scene = await startInbound(t, upstream.port)
  const milliseconds = await spent(async () => {
    const { text, body } = await scene.send(
      'GET /open/1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
    )
    const bytes = Buffer.from(link).toString('latin1')
    t.ok(text.startsWith(`HTTP/1.1 103 Early Hints\r\nLink: ${bytes}\r\n\r\nHTTP/1.1 200 OK`))
    t.equal(body, 'ok')
  })
  t.ok(milliseconds < 2000, `${milliseconds} ms, where node:http takes 14,000`)
})
