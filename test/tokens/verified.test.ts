/** What is remembered of verified tokens, and for how long (R9). */
import t from 'tap'
import type { VerifiedToken } from '../../src/decision/decide.ts'
import type { KeySet } from '../../src/tokens/keyset.ts'
import { createVerifiedTokens, digestOf, type VerifiedEntry } from '../../src/tokens/verified.ts'
import { ok, seconds } from '../../src/units.ts'

const keys: KeySet = { keys: new Map(), fingerprint: '', skipped: [] }
const result = ok({ issuer: 'i' } as VerifiedToken)
const entry = (over: Partial<VerifiedEntry> = {}): VerifiedEntry => ({
  result,
  keys,
  basis: { keysAt: () => keys, isLive: () => true },
  notBefore: seconds(100),
  notAfter: seconds(200),
  ...over,
})

t.test('a verdict counts between the times of its token', (t) => {
  const verified = createVerifiedTokens()
  verified.remember('d', entry())
  t.equal(verified.recall('d', seconds(100)), result)
  t.equal(verified.recall('d', seconds(199.9)), result)
  t.equal(verified.recall('other', seconds(150)), undefined)
  for (const at of [99.9, 200, 1e9]) {
    verified.remember('d', entry())
    t.equal(verified.recall('d', seconds(at)), undefined, String(at))
    t.equal(verified.size(), 0, 'and is forgotten')
  }
  t.end()
})

t.test('it ends with its settings, its keys, and their age', (t) => {
  for (const basis of [
    { keysAt: () => keys, isLive: () => false },
    { keysAt: () => ({ ...keys }), isLive: () => true },
    { keysAt: () => undefined, isLive: () => true },
  ]) {
    const verified = createVerifiedTokens()
    verified.remember('d', entry({ basis }))
    t.equal(verified.recall('d', seconds(150)), undefined)
  }
  t.end()
})

t.test('10,000 are kept, those used last', (t) => {
  const verified = createVerifiedTokens()
  for (let at = 0; at < 10_000; at += 1) verified.remember(`d${at}`, entry())
  t.equal(verified.recall('d0', seconds(150)), result)
  verified.remember('one more', entry())
  t.equal(verified.size(), 10_000)
  t.equal(verified.recall('d1', seconds(150)), undefined)
  t.equal(verified.recall('d0', seconds(150)), result)
  t.end()
})

t.test('each character of a token counts, to the last', (t) => {
  const token = `${'a'.repeat(5000)}.${'b'.repeat(5000)}.${'c'.repeat(342)}`
  const others = [0, 4999, 5000, 5001, 10_001, 10_002, token.length - 1].map(
    (at) => `${token.slice(0, at)}x${token.slice(at + 1)}`,
  )
  t.equal(new Set([token, `${token}a`, ...others].map(digestOf)).size, others.length + 2)
  t.end()
})
