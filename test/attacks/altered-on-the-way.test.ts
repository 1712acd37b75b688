/**
 * A proxy that knows better changes what it carries, and the two ends then speak of different things: everything
 * that SPEC 3 does not take away arrives byte for byte, in both directions (R18). Generated headers in Latin-1, in any
 * case and number, bodies of any bytes, cookies, content codings, queries.
 */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { seed } from '../support/seed.ts'
import { startRawUpstream } from '../support/wire.ts'
import { startInbound } from '../wire/support.ts'

const text = (signs: string, size: { minLength?: number; maxLength: number }) =>
  fc.array(fc.constantFrom(...Array.from(signs)), size).map((all) => all.join(''))
const range = (from: number, to: number): string =>
  Array.from({ length: to - from + 1 }, (_, at) => String.fromCharCode(from + at)).join('')

const letters = range(0x61, 0x7a) + range(0x41, 0x5a)
const name = text(`${letters}${range(0x30, 0x39)}!#$%&'*+-.^_\`|~`, { maxLength: 12 }).map(
  (end) => `Z-${end}`,
)
const value = fc
  .tuple(
    text(range(0x21, 0x7e) + range(0x80, 0xff), { maxLength: 1 }),
    text(`\t ,;="${range(0x21, 0xff).replace('\x7f', '')}`, { maxLength: 20 }),
  )
  .map((parts) => parts.join('').replace(/^[\t ]+|[\t ]+$/g, ''))
const lines = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.tuple(name, value) },
    {
      weight: 1,
      arbitrary: fc.tuple(fc.constantFrom('Set-Cookie', 'set-cookie', 'SET-COOKIE'), value),
    },
    {
      weight: 1,
      arbitrary: fc.tuple(
        fc.constantFrom('Cookie', 'Vary', 'Via', 'Warning', 'Link', 'ETag'),
        value,
      ),
    },
    { weight: 1, arbitrary: fc.tuple(fc.constantFrom('Content-Encoding', 'content-type'), value) },
  ),
  { maxLength: 12 },
)
const body = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString('latin1'))
const query = text(`${letters}0123456789-._~!$&'()*+,;=:@/?%[]{}|\\^\`<>"`, { maxLength: 30 })

const written = (all: readonly (readonly string[])[]): string =>
  all.map(([header, said]) => `${header}: ${said}\r\n`).join('')
const linesOf = (message: string): string[] =>
  message.slice(0, message.indexOf('\r\n\r\n')).split('\r\n').slice(1)
const bodyOf = (message: string): string => message.slice(message.indexOf('\r\n\r\n') + 4)

/** What we say ourselves; the rest must be what was said. */
const ours =
  /^(?:host|connection|content-length|x-forwarded-\w+|x-request-id|date|keep-alive): |^[^:]*$/i
const theirs = (message: string): string[] => linesOf(message).filter((line) => !ours.test(line))

t.test('what goes through arrives byte for byte', async (t) => {
  let reply = ''
  let request = ''
  const upstream = await startRawUpstream(t, (socket, sofar) => {
    const length = Number(/\r\ncontent-length: (\d+)\r\n/i.exec(sofar)?.[1] ?? 0)
    if (!sofar.includes('\r\n\r\n') || bodyOf(sofar).length < length) return
    request = sofar
    socket.end(Buffer.from(reply, 'latin1'))
  })
  const scene = await startInbound(t, upstream.port)
  t.comment(`FAST_CHECK_SEED=${seed}`)
  const whole = fc.record({ query, sent: lines, up: body, answered: lines, down: body })
  await fc.assert(
    fc.asyncProperty(whole, async ({ query, sent, up, answered, down }) => {
      reply = `HTTP/1.1 200 OK\r\nConnection: close\r\n${written(answered)}Content-Length: ${down.length}\r\n\r\n${down}`
      const target = `/open/1?${query}`
      const answer = await scene.send(
        `POST ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${written(sent)}Content-Length: ${up.length}\r\n\r\n${up}`,
      )
      assert.equal(request.slice(0, request.indexOf('\r\n')), `POST ${target} HTTP/1.1`)
      const asLines = (all: typeof sent) => all.map(([header, said]) => `${header}: ${said}`)
      assert.deepEqual(theirs(request), asLines(sent))
      assert.equal(bodyOf(request), up)
      assert.deepEqual(theirs(answer.text), asLines(answered))
      assert.equal(bodyOf(answer.text), down)
    }),
    { numRuns: 150, seed },
  )
  t.ok(upstream.sockets.length >= 150)
})
