/**
 * RSA signatures whose padding is not the one right one (Bleichenbacher 2006, CVE-2006-4339, and the many after
 * it). Wycheproof's JWS vectors have some 250 of them under `ModifiedPadding`; these are their classes, made
 * here with a key of our own: what the signature opens to is changed, and signed without padding. R6.
 */
import { constants, createHash, privateEncrypt, sign } from 'node:crypto'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { jwksOf, makeKey, mint } from '../support/issuer.ts'
import { issuerWithFile, read, refusesAll, startTarget } from './support.ts'

const iss = 'https://issuer.example'
const key = makeKey('k', 'RS256')
const size = 256
const now = Math.floor(Date.now() / 1000)
const claims = { iss, client_id: 'c', scope: read, iat: now, exp: now + 600 }
const compact = await mint(key, claims)
const [head = '', body = '', good = ''] = compact.split('.')
const input = `${head}.${body}`
const digest = createHash('sha256').update(input).digest()

const token = (raw: Buffer) => `${input}.${raw.toString('base64url')}`
const opensTo = (block: Buffer) =>
  token(privateEncrypt({ key: key.privateKey, padding: constants.RSA_NO_PADDING }, block))

/** 00 01 FF … FF 00 `info`, as PKCS #1 v1.5 has it (RFC 8017 §9.2). */
function padded(info: Buffer, fill = 255, start = [0, 1]): Buffer {
  const block = Buffer.alloc(size, fill)
  Buffer.from(start).copy(block)
  block[size - info.length - 1] = 0
  info.copy(block, size - info.length)
  return block
}

/** One element of DER; `length` replaces the length's bytes. */
function element(
  tag: number,
  content: Buffer,
  length: Buffer = Buffer.from([content.length]),
): Buffer {
  return Buffer.concat([Buffer.from([tag]), length, content])
}

const hex = (text: string) => Buffer.from(text, 'hex')
const sha256 = hex('0609608648016503040201')
const none = hex('0500')
const algorithm = element(0x30, Buffer.concat([sha256, none]))
const octets = element(0x04, digest)
const join2 = (...parts: Buffer[]) => Buffer.concat(parts)
const info = element(0x30, join2(algorithm, octets))

async function startRsa(t: Test) {
  const folder = t.testdir({ 'keys.json': jwksOf(key) })
  return startTarget(t, issuerWithFile(iss, join(folder, 'keys.json')))
}

t.test('what the signature opens to has no byte that may differ', async (t) => {
  const target = await startRsa(t)
  t.equal(opensTo(padded(info)), compact, 'this is how the right one is made')
  const block = padded(info)
  // the first byte must stay 0: a number above the modulus cannot be signed
  const forged = Array.from({ length: size - 1 }, (_, at): [string, string] => {
    const changed = Buffer.from(block)
    changed[at + 1] = (changed[at + 1] as number) ^ 1
    return [`byte ${at + 1}`, opensTo(changed)]
  })
  await refusesAll(t, target, forged)
  t.equal((await target.withToken(compact)).status, 200)
})

t.test('no other way to write the hash counts', async (t) => {
  const target = await startRsa(t)
  const lengths: readonly (readonly [string, (content: Buffer) => Buffer])[] = [
    ['long form', ({ length }) => Buffer.from([0x81, length])],
    ['leading zero', ({ length }) => Buffer.from([0x82, 0, length])],
    ['one more', ({ length }) => Buffer.from([length + 1])],
    ['one less', ({ length }) => Buffer.from([length - 1])],
    ['indefinite', () => Buffer.from([0x80])],
    ['2^32 more', ({ length }) => join2(hex('8501000000'), Buffer.from([length]))],
    [
      '2^64 more',
      ({ length }) => join2(hex('89010000000000000000').subarray(0, 9), Buffer.from([length])),
    ],
    ['2^31', () => hex('8480000000')],
    ['2^64 - 1', () => hex('88ffffffffffffffff')],
    ['255', () => hex('ff')],
    ['none', () => Buffer.alloc(0)],
  ]
  const infos: [string, Buffer][] = lengths.flatMap(([what, length]) => {
    const inner = join2(sha256, none)
    const outer = join2(algorithm, octets)
    return [
      [`length of all: ${what}`, element(0x30, outer, length(outer))],
      [
        `of the algorithm: ${what}`,
        element(0x30, join2(element(0x30, inner, length(inner)), octets)),
      ],
      [
        `of the hash: ${what}`,
        element(0x30, join2(algorithm, element(0x04, digest, length(digest)))),
      ],
      [
        `of NULL: ${what}`,
        element(
          0x30,
          join2(
            element(0x30, join2(sha256, element(5, Buffer.alloc(0), length(Buffer.alloc(2))))),
            octets,
          ),
        ),
      ],
    ] as [string, Buffer][]
  })
  const withAlgorithm = (...parts: Buffer[]) =>
    element(0x30, join2(element(0x30, join2(...parts)), octets))
  infos.push(
    ['no NULL', withAlgorithm(sha256)],
    ['two NULLs', withAlgorithm(sha256, none, none)],
    ['NULL with content', withAlgorithm(sha256, hex('050100'))],
    ['garbage for NULL', withAlgorithm(sha256, hex('0402aaaa'))],
    ['an element more', element(0x30, join2(algorithm, octets, none))],
    ['an element before', element(0x30, join2(none, algorithm, octets))],
    ['a sequence around', element(0x30, info)],
    ['the hash twice', element(0x30, join2(algorithm, octets, octets))],
    ['no hash', element(0x30, algorithm)],
    ['an empty hash', element(0x30, join2(algorithm, element(4, Buffer.alloc(0))))],
    ['half a hash', element(0x30, join2(algorithm, element(4, digest.subarray(0, 16))))],
    ['a constructed hash', element(0x30, join2(algorithm, element(0x24, octets)))],
    [
      'the hash as a bit string',
      element(0x30, join2(algorithm, element(3, join2(Buffer.alloc(1), digest)))),
    ],
    ['SHA-1 by name', withAlgorithm(hex('06052b0e03021a'), none)],
    ['SHA-512 by name', withAlgorithm(hex('0609608648016503040203'), none)],
    ['a name beyond SHA-256', withAlgorithm(hex('060a60864801650304020100'), none)],
    ['the bare hash', digest],
    ['nothing', Buffer.alloc(0)],
  )
  await refusesAll(
    t,
    target,
    infos.map(([what, value]) => [what, opensTo(padded(value))] as const),
  )
})

t.test('no other padding counts', async (t) => {
  const target = await startRsa(t)
  const early = (fill: number, rest: number) => {
    const block = Buffer.alloc(size, rest)
    padded(info).copy(block, 0, 0, 2 + fill)
    join2(Buffer.alloc(1), info).copy(block, 2 + fill)
    return block
  }
  const noZero = padded(info)
  noZero[size - info.length - 1] = 255
  await refusesAll(t, target, [
    ...[0, 1, 7, 8, 100].flatMap((fill) =>
      [0, 255].map(
        (rest) => [`${fill} bytes of padding, then ${rest}`, opensTo(early(fill, rest))] as const,
      ),
    ),
    ['for encryption', opensTo(padded(info, 255, [0, 2]))],
    ['block type 0', opensTo(padded(info, 0, [0, 0]))],
    ['padded with zeros', opensTo(padded(info, 0))],
    ['padded with 7f', opensTo(padded(info, 0x7f))],
    ['no zero before the hash', opensTo(noZero)],
  ])
})

t.test('no other number, and no other scheme', async (t) => {
  const target = await startRsa(t)
  const signature = Buffer.from(good, 'base64url')
  const modulus = BigInt(`0x${Buffer.from(key.jwk['n'] as string, 'base64url').toString('hex')}`)
  const asNumber = BigInt(`0x${signature.toString('hex')}`)
  const number = (value: bigint, length: number = size) =>
    token(Buffer.from(value.toString(16).padStart(length * 2, '0'), 'hex'))
  const pss = { key: key.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING }
  await refusesAll(t, target, [
    ...[0n, 1n, 2n, modulus - 1n, modulus].map((value) => [`${value}`, number(value)] as const),
    ['s + n', number(asNumber + modulus, size + 1)],
    ['n - s', number(modulus - asNumber)],
    ['a zero before it', number(asNumber, size + 1)],
    ['a zero behind it', token(join2(signature, Buffer.alloc(1)))],
    ['a byte short', token(signature.subarray(0, -1))],
    ['twice', token(join2(signature, signature))],
    ['none', `${input}.`],
    ['PSS', token(sign('sha256', Buffer.from(input), pss))],
    ...['sha1', 'md5', 'sha384', 'sha512'].map(
      (hash) => [hash, token(sign(hash, Buffer.from(input), key.privateKey))] as const,
    ),
    ['over the payload alone', token(sign('sha256', Buffer.from(body), key.privateKey))],
    [
      'over the decoded parts',
      token(
        sign(
          'sha256',
          Buffer.from(
            input
              .split('.')
              .map((part) => Buffer.from(part, 'base64url').toString())
              .join('.'),
          ),
          key.privateKey,
        ),
      ),
    ],
  ])
  t.equal((await target.withToken(compact)).status, 200)
})
