/**
 * Request smuggling: two parsers that disagree about where a body ends (Node CVE-2022-32213, CVE-2024-27982,
 * CVE-2020-8287, CVE-2024-22019; undici CVE-2026-1525, GHSA-2mjp-6q6p-2qxm: two Content-Length lines in two
 * cases). Each form is refused and its connection closed, or goes on with one meaning, by a strict reading of the
 * upstream's bytes (R16, R19). Behind each stands a request that must never be taken for one of its own.
 */
import t from 'tap'
import { startStrictUpstream } from '../support/strict.ts'
import { startInbound } from '../wire/support.ts'
import { passed, refused, smuggled } from './smuggling-forms.ts'

t.test('what has no single meaning is refused, and nothing behind it is served', async (t) => {
  const upstream = await startStrictUpstream(t)
  const scene = await startInbound(t, upstream.port)
  for (const bytes of refused) {
    const shown = JSON.stringify(bytes.slice(0, 200))
    const { text } = await scene.send(bytes + smuggled)
    t.match(text, /^HTTP\/1\.1 [45]\d\d [^]*\r\nconnection: close\r\n/i, shown)
    t.equal(text.match(/HTTP\/1\.1 \d/g)?.length, 1, 'one answer')
  }
  t.same(upstream.requests, [], 'no request is whole')
  t.same(upstream.faults, [])
  t.notMatch(upstream.received.join(''), 'smuggled')
})

t.test('what is served means upstream what it meant here', async (t) => {
  const upstream = await startStrictUpstream(t)
  const scene = await startInbound(t, upstream.port)
  for (const [bytes, body] of passed) {
    const before = upstream.requests.length
    const { text } = await scene.send(bytes + smuggled.replace('smuggled', 'next'))
    const shown = JSON.stringify(bytes.slice(0, 120))
    t.same(text.match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 200', 'HTTP/1.1 200'], shown)
    t.same(
      upstream.requests.slice(before).map((request) => [request.what, request.body]),
      [
        ['POST /open/1', body],
        ['GET /open/next', ''],
      ],
      'two requests, each whole',
    )
  }
  t.same(upstream.faults, [])
})

t.test('HTTP/1.0 has a length or no body, and ends its connection', async (t) => {
  const upstream = await startStrictUpstream(t)
  const scene = await startInbound(t, upstream.port)
  const { text } = await scene.send(
    `POST /open/1 HTTP/1.0\r\nContent-Length: 1\r\n\r\nx${smuggled}`,
  )
  t.equal(text.match(/HTTP\/1\.1 \d/g)?.length, 1)
  t.match(upstream.requests, [{ what: 'POST /open/1', body: 'x' }])
  t.equal((await scene.send('GET /open/1 HTTP/1.0\r\n\r\nbody?')).status, 200)
  t.match(upstream.requests[1], { what: 'GET /open/1', body: '' })
  t.same([upstream.requests.length, upstream.faults], [2, []])
})
