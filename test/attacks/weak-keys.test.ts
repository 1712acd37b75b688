/**
 * Keys of a set that anybody could have made, or that were made for something else. HAZARDS J6 (RSA of 1024 bits
 * and e = 1 were accepted, key_ops ignored) and J9 (one bad entry spoilt the set); Hono CVE-2026-22817; the classes
 * of Wycheproof's JWK vectors: exponent one, keys too small, ROCA (CVE-2017-15361), wrong use, key_ops, alg, kty
 * and crv, a point that is not on its curve, keys that are symmetric or private, one kid twice. R10.
 */
import { createHash, createHmac, generateKeyPairSync, sign } from 'node:crypto'
import t, { type Test } from 'tap'
import { isRoca } from '../../src/tokens/roca.ts'
import { makeKey, mint, type SigningKey } from '../support/issuer.ts'
import { read, refused, refusesAll, says, startServer, startTarget } from './support.ts'

const iss = 'https://issuer.example'
const now = Math.floor(Date.now() / 1000)
const claims = { iss, client_id: 'c', scope: read, iat: now, exp: now + 600 }
const good = makeKey('good')
const ec = makeKey('k')
const rsa = makeKey('k', 'RS256')

/** Inbound with a set of a good key and these entries, and why it skipped them, in its own words. */
async function startWith(t: Test, entries: readonly unknown[]) {
  const issuer = await startServer(t, says(JSON.stringify({ keys: [...entries, good.jwk] })))
  const target = await startTarget(
    t,
    `  main: { issuer: '${iss}', audience: any, algorithms: [ES256, RS256, EdDSA], jwksUri: '${issuer.url}' }`,
  )
  await target.scene.logged(({ msg }) => msg === 'keys fetched')
  const lines = target.scene.log.filter(({ msg }) => msg === 'a key is not usable')
  return { ...target, skipped: lines.map(({ because }) => String(because)) }
}

function sizedRsa(modulusLength: number, publicExponent = 65537): SigningKey {
  const pair = generateKeyPairSync('rsa', { modulusLength, publicExponent })
  const jwk = { ...pair.publicKey.export({ format: 'jwk' }), kid: 'k', alg: 'RS256', use: 'sig' }
  return { kid: 'k', algorithm: 'RS256', privateKey: pair.privateKey, jwk }
}

t.test(
  'an entry that is too weak or for another purpose verifies nothing, and spoils nothing',
  async (t) => {
    const small = sizedRsa(1024)
    const p256k = generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey.export({
      format: 'jwk',
    })
    const x25519 = generateKeyPairSync('x25519').publicKey.export({ format: 'jwk' })
    const y = Buffer.from(ec.jwk['y'] as string, 'base64url')
    y[31] = (y[31] as number) ^ 1
    const byEc = await mint(ec, claims)
    const byRsa = await mint(rsa, claims)
    const cases: readonly (readonly [string, unknown, string, RegExp])[] = [
      ['RSA of 1024 bits', small.jwk, signRsa(small), /below 2048/],
      ['e = 1', { ...rsa.jwk, e: 'AQ' }, opened(), /exponent/],
      ['e = 2', { ...rsa.jwk, e: 'Ag' }, byRsa, /exponent/],
      ['use: enc', { ...ec.jwk, use: 'enc' }, byEc, /its use/],
      ['use: Sig', { ...ec.jwk, use: 'Sig' }, byEc, /its use/],
      ['key_ops: encrypt', { ...ec.jwk, use: undefined, key_ops: ['encrypt'] }, byEc, /key_ops/],
      ['key_ops: none', { ...ec.jwk, key_ops: [] }, byEc, /key_ops/],
      ['key_ops: sign', { ...ec.jwk, key_ops: ['sign'] }, byEc, /key_ops/],
      ['alg of another kind', { ...ec.jwk, alg: 'RS256' }, byEc, /alg/],
      ['alg of another curve', { ...ec.jwk, alg: 'ES512' }, byEc, /alg/],
      ['alg: ES224', { ...ec.jwk, alg: 'ES224' }, byEc, /alg/],
      ['alg: RSA1_5', { ...rsa.jwk, alg: 'RSA1_5' }, byRsa, /alg/],
      ['alg: HS256', { ...rsa.jwk, alg: 'HS256' }, byRsa, /alg/],
      ['alg: none', { ...rsa.jwk, alg: 'none' }, byRsa, /alg/],
      ['an algorithm that is not configured', { ...rsa.jwk, alg: 'RS512' }, byRsa, /alg/],
      [
        'another curve than its point',
        { ...ec.jwk, alg: undefined, crv: 'P-384' },
        byEc,
        /malformed|alg/,
      ],
      ['a curve that is not supported', { ...p256k, kid: 'k' }, byEc, /crv/],
      ['a curve for key agreement', { ...x25519, kid: 'k' }, byEc, /crv/],
      ['another kty', { ...ec.jwk, kty: 'RSA', alg: undefined }, byEc, /malformed/],
      ['kty: ec', { ...ec.jwk, kty: 'ec' }, byEc, /kty/],
      ['no kty', { ...ec.jwk, kty: undefined }, byEc, /kty/],
      ['a point beside the curve', { ...ec.jwk, y: y.toString('base64url') }, byEc, /malformed/],
      ['the point at infinity', { ...ec.jwk, x: '', y: '' }, byEc, /malformed/],
      ['the origin', { ...ec.jwk, x: 'A'.repeat(43), y: 'A'.repeat(43) }, byEc, /malformed/],
      ['a private key', { ...ec.privateKey.export({ format: 'jwk' }), kid: 'k' }, byEc, /private/],
      [
        'a private RSA key',
        { ...rsa.privateKey.export({ format: 'jwk' }), kid: 'k' },
        byRsa,
        /private/,
      ],
      ['kid as a number', { ...ec.jwk, kid: 1 }, byEc, /no kid/],
      ['no kid', { ...ec.jwk, kid: undefined }, byEc, /no kid/],
      ['a list', [ec.jwk], byEc, /not an object/],
      ['text', JSON.stringify(ec.jwk), byEc, /not an object/],
    ]
    for (const [what, entry, compact, because] of cases) {
      const target = await startWith(t, [entry])
      t.match(await target.withToken(compact), refused, what)
      t.equal(target.reached(), 0)
      t.equal((await target.withToken(await mint(good, claims))).status, 200, 'the good key counts')
      t.match(target.skipped.join(), because, what)
      await target.scene.proxy.stop()
    }
  },
)

/** RS256 as jose would not do it with such a key. */
function signRsa(key: SigningKey): string {
  const input = parts({ alg: 'RS256', kid: 'k' })
  return `${input}.${sign('sha256', Buffer.from(input), key.privateKey).toString('base64url')}`
}

/** With e = 1 the signature is what it opens to, and anybody can write that. */
function opened(): string {
  const input = parts({ alg: 'RS256', kid: 'k' })
  const prefix = Buffer.from('3031300d060960864801650304020105000420', 'hex')
  const info = Buffer.concat([prefix, createHash('sha256').update(input).digest()])
  const block = Buffer.alloc(256, 255)
  Buffer.from([0, 1]).copy(block)
  block[255 - info.length] = 0
  info.copy(block, 256 - info.length)
  return `${input}.${block.toString('base64url')}`
}

function parts(header: object): string {
  return [header, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
}

t.test('a symmetric key in the set is no key: what it signs is refused', async (t) => {
  const secret = Buffer.alloc(32, 7)
  const oct = { kty: 'oct', k: secret.toString('base64url'), kid: 'oct', use: 'sig' }
  const target = await startWith(t, [
    oct,
    { ...oct, kid: 'named', alg: 'HS256' },
    { kty: 'oct', kid: 'empty', k: '' },
  ])
  const forged = ['oct', 'named', 'empty', 'good'].flatMap((kid) =>
    ['HS256', 'HS384', 'ES256', 'RS256'].map((alg) => {
      const input = parts({ alg, kid })
      const mac = createHmac(alg === 'HS384' ? 'sha384' : 'sha256', kid === 'empty' ? '' : secret)
      return [`${alg} ${kid}`, `${input}.${mac.update(input).digest('base64url')}`] as const
    }),
  )
  await refusesAll(t, target, forged)
  t.equal(target.skipped.length, 3)
  t.equal((await target.withToken(await mint(good, claims))).status, 200)
})

t.test('two usable keys with one kid: neither counts; one of them usable: that one', async (t) => {
  const twin = makeKey('k')
  const both = await startWith(t, [ec.jwk, twin.jwk])
  for (const key of [ec, twin]) t.match(await both.withToken(await mint(key, claims)), refused)
  t.equal(both.reached(), 0)
  t.match(both.skipped, ['key k: several keys have this kid'])
  const one = await startWith(t, [{ ...twin.jwk, use: 'enc' }, ec.jwk])
  t.equal((await one.withToken(await mint(ec, claims))).status, 200)
  t.match(await one.withToken(await mint(twin, claims)), refused)
})

t.test('2048 bits and e = 3 are the least that counts', async (t) => {
  const least = sizedRsa(2048, 3)
  const target = await startWith(t, [least.jwk])
  t.equal((await target.withToken(await mint(least, claims))).status, 200)
  t.strictSame(target.skipped, [])
  // e = 3 forgives a verifier nothing: the cube root of a padding with garbage behind it (CVE-2006-4339)
  const input = parts({ alg: 'RS256', kid: 'k' })
  const block = Buffer.alloc(256)
  Buffer.from(`0001ffffffffffffffff003031300d060960864801650304020105000420`, 'hex').copy(block)
  createHash('sha256').update(input).digest().copy(block, 30)
  const root = cubeRoot(BigInt(`0x${block.toString('hex')}`)) + 1n
  const forged = Buffer.from(root.toString(16).padStart(512, '0'), 'hex').toString('base64url')
  await refusesAll(t, target, [['a cube root', `${input}.${forged}`]])
})

function cubeRoot(value: bigint): bigint {
  let low = 0n
  let high = 1n << 700n
  while (low < high) {
    const middle = (low + high + 1n) / 2n
    if (middle ** 3n <= value) low = middle
    else high = middle - 1n
  }
  return low
}

t.test('a modulus with the mark of ROCA is refused, and others are not', async (t) => {
  // as those cards made their primes: a power of 65537 modulo the product of small primes
  const small = Array.from({ length: 166 }, (_, at) => BigInt(at + 2)).filter((one, _, all) =>
    all.every((other) => other >= one || one % other !== 0n),
  )
  const product = small.reduce((so, prime) => so * prime, 1n)
  let power = 1n
  for (let index = 0; index < 4321; index += 1) power = (power * 65537n) % product
  const marked = (product << 1828n) + power
  const encode = (value: bigint) =>
    Buffer.from(value.toString(16).padStart(512, '0'), 'hex').toString('base64url')
  const jwk = { ...rsa.jwk, n: encode(marked) }
  t.ok(isRoca(jwk.n))
  t.notOk(isRoca(encode(marked + 6n)))
  const target = await startWith(t, [jwk, { ...makeKey('other', 'RS256').jwk }])
  t.match(target.skipped, [/ROCA/])
  await refusesAll(t, target, [['its token', await mint(rsa, claims)]])
  for (let index = 0; index < 3; index += 1)
    t.notOk(isRoca(makeKey('x', 'RS256').jwk['n'] as string))
})
