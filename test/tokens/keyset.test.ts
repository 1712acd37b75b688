import t from 'tap'
import { generateKeyPairSync } from 'node:crypto'
import { decodeUtf8, parseJsonObject } from '../../src/tokens/json.ts'
import { readKeySet } from '../../src/tokens/keyset.ts'
import { algorithms } from '../../src/tokens/settings.ts'
import { visible } from '../../src/tokens/visible.ts'
import { jwksOf, makeKey } from '../support/issuer.ts'

const setOf = (...entries: readonly unknown[]) => JSON.stringify({ keys: entries })
const good = makeKey('good')
const rsa = makeKey('rsa', 'RS256')

t.test('JSON with a member twice, at any depth and in any spelling, is refused', (t) => {
  const duplicate = { ok: false, problem: 'JSON with a duplicate member' }
  for (const text of [
    '{"a":1,"a":1}',
    '{"a":1,"\\u0061":2}',
    '{"b":{"a":1 , "a"\n:2}}',
    '{"b":[{},{"a":1,"c":[1],"a":2}]}',
    '{"a\\"":1,"a\\"":2}',
    '{"__proto__":1,"__proto__":2}',
  ])
    t.strictSame(parseJsonObject(text), duplicate, text)
  for (const text of [
    '{"a":{"a":1},"b":{"a":1}}',
    '{"a":"a","b":["a","a","a"]}',
    '{"a":"\\"a\\":","b":"{\\"a\\":1,\\"a\\":2}"}',
    '{"a":"[{","A":"]"}',
    '{}',
  ])
    t.strictSame(parseJsonObject(text), { ok: true, value: JSON.parse(text) as unknown }, text)
  t.end()
})

t.test('what is no JSON object in UTF-8 is refused', (t) => {
  for (const text of ['', '{', '{"a":01}', "{'a':1}", '\uFEFF{}', '{"a":NaN}', '{} {}'])
    t.strictSame(parseJsonObject(text), { ok: false, problem: 'not JSON' }, text)
  for (const text of ['null', '1', '"a"', '[{}]'])
    t.strictSame(parseJsonObject(text), { ok: false, problem: 'not a JSON object' }, text)
  t.equal(decodeUtf8(Buffer.from('e29c93', 'hex')), '✓')
  for (const hex of ['ff', 'c0af', 'eda080', 'e29c'])
    t.equal(decodeUtf8(Buffer.from(hex, 'hex')), undefined, hex)
  t.equal(decodeUtf8(Buffer.from('efbbbf7b7d', 'hex')), '\uFEFF{}', 'a mark is not dropped')
  t.end()
})

t.test('text from outside is cut to 64 visible characters', (t) => {
  t.equal(visible('a\r\nb\u0000\u202e\ud800 c✓'), 'ab c✓')
  t.equal(visible('😀'.repeat(70)), '😀'.repeat(64))
  t.equal(visible('x'.repeat(9000)).length, 64)
  t.end()
})

t.test('what is no key set, or has entries and none that can be used, is a failure', (t) => {
  const weak = setOf({ ...good.jwk, use: 'enc' })
  for (const [text, because] of [
    ['<html>', 'the key set is not JSON'],
    ['[]', 'the key set is not a JSON object'],
    ['{"keys":[],"keys":[]}', 'the key set is JSON with a duplicate member'],
    ['{}', 'the answer is not a key set'],
    ['{"keys":{}}', 'the answer is not a key set'],
    [setOf(null), 'no key of the set can be used: an entry is not an object'],
    [weak, 'no key of the set can be used: key good: its use is not sig'],
  ] as const)
    t.strictSame(readKeySet(text, algorithms), { ok: false, problem: because })
  const empty = readKeySet('{"keys":[]}', algorithms)
  t.match(empty, { ok: true, value: { skipped: [], fingerprint: '' } })
  t.end()
})

t.test('an entry that cannot be used is passed over, with its reason', (t) => {
  const weakRsa = generateKeyPairSync('rsa', { modulusLength: 1024 })
  const exponentOne = { ...rsa.jwk, e: 'AQ' }
  const exponentTwo = { ...rsa.jwk, e: 'Ag' }
  const weak = 'RSA below 2048 bits or with an exponent below 3'
  const { jwk } = good
  const noKid = { ...jwk, kid: undefined }
  for (const [entry, because] of [
    ['key', 'an entry is not an object'],
    [null, 'an entry is not an object'],
    [[jwk], 'an entry is not an object'],
    [noKid, 'a key has no kid'],
    [{ ...jwk, kid: 7 }, 'a key has no kid'],
    [{ ...jwk, use: 'enc' }, 'key good: its use is not sig'],
    [{ ...jwk, use: ['sig'] }, 'key good: its use is not sig'],
    [{ ...jwk, key_ops: ['sign'] }, 'key good: its key_ops lack verify'],
    [{ ...jwk, key_ops: 'verify' }, 'key good: its key_ops lack verify'],
    [
      { ...good.privateKey.export({ format: 'jwk' }), kid: 'good' },
      'key good: it is a private or symmetric key',
    ],
    [{ kty: 'oct', k: 'c2VjcmV0', kid: 'k' }, 'key k: it is a private or symmetric key'],
    [{ kty: 'oct', kid: 'k' }, 'key k: its kty or crv is not supported'],
    [{ ...jwk, kty: 'AKP' }, 'key good: its kty or crv is not supported'],
    [{ ...jwk, crv: 'secp256k1' }, 'key good: its kty or crv is not supported'],
    [{ kty: 'OKP', crv: 'X25519', x: 'AA', kid: 'x' }, 'key x: its kty or crv is not supported'],
    [{ ...jwk, alg: 'RS256' }, 'key good: its alg does not fit its kty or is not supported'],
    [{ ...jwk, alg: 'ES384' }, 'key good: its alg does not fit its kty or is not supported'],
    [{ ...jwk, alg: 'HS256' }, 'key good: its alg does not fit its kty or is not supported'],
    [{ ...jwk, alg: 'none' }, 'key good: its alg does not fit its kty or is not supported'],
    [{ ...rsa.jwk, alg: 'PS256' }, 'key rsa: its alg does not fit its kty or is not supported'],
    [{ ...rsa.jwk, alg: 'RS512' }, 'key rsa: its alg is not among the accepted algorithms'],
    [{ ...jwk, x: jwk.y, y: jwk.x }, 'key good: it is malformed'],
    [{ ...jwk, x: undefined }, 'key good: it is malformed'],
    [{ ...weakRsa.publicKey.export({ format: 'jwk' }), kid: 'w' }, `key w: ${weak}`],
    [exponentOne, `key rsa: ${weak}`],
    [exponentTwo, `key rsa: ${weak}`],
  ] as const) {
    const other = makeKey('other')
    const read = readKeySet(setOf(entry, other.jwk), ['RS256', 'ES256', 'ES384'])
    if (!read.ok) throw new Error(read.problem)
    t.strictSame([...read.value.keys.keys()], ['other'])
    t.strictSame(read.value.skipped, [because])
  }
  t.end()
})

t.test('two usable keys with one kid are both passed over', (t) => {
  const twins = readKeySet(jwksOf(good, makeKey('good'), makeKey('good'), rsa), algorithms)
  if (!twins.ok) throw new Error(twins.problem)
  t.strictSame([...twins.value.keys.keys()], ['rsa'])
  t.strictSame(twins.value.skipped, ['key good: several keys have this kid'])
  t.end()
})

t.test('a key is for its alg, else for what fits it, and never beyond the configuration', (t) => {
  const bare = (key: typeof good) => ({ ...key.jwk, alg: undefined, key_ops: ['verify'] })
  const kinds = ['RS256', 'ES256', 'ES384', 'ES512', 'EdDSA'] as const
  const keys = kinds.map((algorithm) => makeKey(algorithm, algorithm))
  const ed448 = generateKeyPairSync('ed448').publicKey.export({ format: 'jwk' })
  const text = setOf(...keys.map(bare), { ...ed448, kid: 'Ed448' }, rsa.jwk)
  const read = readKeySet(text, algorithms)
  if (!read.ok) throw new Error(read.problem)
  const fitting = [...read.value.keys.values()].map(({ kid, algorithms: list }) => [kid, list])
  t.strictSame(Object.fromEntries(fitting), {
    RS256: ['RS256', 'RS384', 'RS512'],
    ES256: ['ES256'],
    ES384: ['ES384'],
    ES512: ['ES512'],
    EdDSA: ['EdDSA'],
    Ed448: ['EdDSA'],
    rsa: ['RS256'],
  })
  const narrow = readKeySet(setOf(bare(rsa)), ['RS512', 'ES256'])
  t.strictSame(narrow.ok && narrow.value.keys.get('rsa')?.algorithms, ['RS512'])
  t.end()
})

t.test('two sets are the same when their usable keys are', (t) => {
  const print = (text: string) => {
    const read = readKeySet(text, algorithms)
    return read.ok ? read.value.fingerprint : read.problem
  }
  const one = print(jwksOf(good, rsa))
  t.equal(print(setOf({ ...rsa.jwk, x5t: 'other' }, good.jwk, {})), one)
  t.not(print(jwksOf(good)), one)
  t.not(print(jwksOf(makeKey('good'), rsa)), one, 'another key under the same kid')
  t.end()
})
