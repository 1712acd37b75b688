import t from 'tap'
import { maxTokenLength, readBearer } from '../../src/proxy/bearer.ts'

t.test('one Bearer token is read, in any case of the scheme', (t) => {
  for (const value of ['Bearer abc', 'bearer abc', 'BEARER abc', 'Bearer   abc'])
    t.same(readBearer(value, false), { ok: true, value: 'abc' }, value)
  // RFC 6750 §2.1
  t.same(readBearer('Bearer mF_9.B5f-4.1JqM', false), { ok: true, value: 'mF_9.B5f-4.1JqM' })
  t.same(readBearer('Bearer a-._~+/==', false), { ok: true, value: 'a-._~+/==' })
  t.end()
})

t.test('no token at all is missing_token', (t) => {
  for (const value of [
    undefined,
    '',
    'Bearer',
    'Bearer ',
    'bearer   ',
    'Basic YTpi',
    'Bearerabc',
    'DPoP abc',
    'abc',
  ])
    t.same(
      readBearer(value, false),
      { ok: false, problem: { code: 'missing_token' } },
      String(value),
    )
  for (const value of [undefined, '', 'Bearer', 'Bearer '])
    t.same(
      readBearer(value, true),
      { ok: false, problem: { code: 'missing_token' } },
      String(value),
    )
  t.end()
})

t.test('what no token holds is invalid_token', (t) => {
  for (const value of [
    'Bearer a b',
    'Bearer a,Bearer b',
    'Bearer a=b',
    'Bearer =',
    'Bearer a"',
    'Bearer \xe4',
    'Bearer\tabc a',
    'Bearer a\t',
  ])
    t.not(readBearer(value, false).ok, true, value)
  t.match(readBearer('Bearer a b', false), { problem: { code: 'invalid_token' } })
  t.match(readBearer('a b', true), { problem: { code: 'invalid_token' } })
  t.end()
})

t.test('12 KiB is the end', (t) => {
  t.ok(readBearer(`Bearer ${'a'.repeat(maxTokenLength)}`, false).ok)
  t.match(readBearer(`Bearer ${'a'.repeat(maxTokenLength + 1)}`, false), {
    problem: { code: 'invalid_token', because: /12 KiB/ },
  })
  t.end()
})

t.test('another header may carry it bare', (t) => {
  t.same(readBearer('abc', true), { ok: true, value: 'abc' })
  t.same(readBearer('Bearer abc', true), { ok: true, value: 'abc' })
  t.end()
})
