/**
 * One token, one spelling. HAZARDS J2 (`crit`, `b64: false`; fast-jwt CVE-2026-35042), J3 (padding and spare
 * bits of base64url), J5 (payloads that are not UTF-8) were accepted by the library; Go x/oauth2/jws
 * CVE-2025-22868: many dots cost memory. Everything here is signed rightly, so that nothing but the reading of
 * it can refuse. R6. Wycheproof's JWS vectors have the missing and additional parts and the odd characters.
 */
import { sign } from 'node:crypto'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t, { type Test } from 'tap'
import { parseCompact } from '../../src/tokens/compact.ts'
import { jwksOf, makeKey, mint, mintRaw } from '../support/issuer.ts'
import { issuerWithFile, read, refusesAll, startTarget } from './support.ts'

const iss = 'https://issuer.example'
const key = makeKey('k')
const now = Math.floor(Date.now() / 1000)
const claims = { iss, client_id: 'c', scope: read, iat: now, exp: now + 600 }
const head = { alg: 'ES256', kid: 'k' }
const text = JSON.stringify(claims)
const headText = JSON.stringify(head)

const start = (t: Test) =>
  startTarget(t, issuerWithFile(iss, join(t.testdir({ 'k.json': jwksOf(key) }), 'k.json')))

t.test('a critical extension is never understood, and b64 changes nothing', async (t) => {
  const target = await start(t)
  const crits: unknown[] = [
    ['b64'],
    ['exp'],
    ['alg'],
    [],
    null,
    'b64',
    {},
    0,
    ['http://x.example/UNDEFINED'],
  ]
  const forged = crits.flatMap((crit) =>
    [{}, { b64: false }, { b64: true }, { exp: now + 600 }].map((more) => {
      const header = JSON.stringify({ ...head, ...more, crit })
      return [header, mintRaw(key, header, text)] as const
    }),
  )
  await refusesAll(t, target, forged)
  const unencoded = JSON.stringify({ ...head, b64: false })
  await refusesAll(t, target, [
    [
      'RFC 7797: the payload as it is',
      mintRaw(key, unencoded, text).replace(/\.[^.]+\./, '.eyJ9.'),
    ],
  ])
  t.equal(
    (await target.withToken(mintRaw(key, unencoded, text))).status,
    200,
    'b64 alone is a word',
  )
})

t.test('base64url has one spelling', async (t) => {
  const target = await start(t)
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  // signed over the very characters that are sent, as an issuer with such a habit would
  const spelled = (change: (part: string) => string, at: 0 | 1 | 2): string => {
    const [one = '', two = ''] = mintRaw(key, headText, text).split('.')
    const input =
      at === 0 ? `${change(one)}.${two}` : at === 1 ? `${one}.${change(two)}` : `${one}.${two}`
    const signing = { key: key.privateKey, dsaEncoding: 'ieee-p1363' } as const
    const signature = sign('sha256', Buffer.from(input), signing).toString('base64url')
    return `${input}.${at === 2 ? change(signature) : signature}`
  }
  const spare = (part: string) => {
    const last = alphabet.indexOf(part.at(-1) ?? '')
    return part.slice(0, -1) + (alphabet[last + 1] ?? '')
  }
  const changes: Readonly<Record<string, (part: string) => string>> = {
    padding: (part) => `${part}=`,
    'two of it': (part) => `${part}==`,
    'padding before': (part) => `=${part}`,
    'a character more': (part) => `${part}A`,
    'a space within': (part) => `${part.slice(0, 4)} ${part.slice(4)}`,
    'a tab within': (part) => `${part.slice(0, 4)}\t${part.slice(4)}`,
    percent: (part) => `${part.slice(0, 4)}%41${part.slice(4)}`,
    'a tilde': (part) => `${part}~`,
    plus: (part) => `${part}+`,
    slash: (part) => `${part}/`,
    'not ASCII': (part) => `${part}\u00e9`,
    twice: (part) => part + part,
    empty: () => '',
  }
  const forged = ([0, 1, 2] as const).flatMap((at) =>
    Object.entries(changes).map(
      ([what, change]) => [`${what}, part ${at}`, spelled(change, at)] as const,
    ),
  )
  await refusesAll(t, target, forged)
  const good = mintRaw(key, headText, text)
  // 64 bytes leave four spare bits in the last character; set one of them
  const twin = spelled(spare, 2)
  t.same(
    Buffer.from(twin.split('.')[2] ?? '', 'base64url').length,
    Buffer.from(good.split('.')[2] ?? '', 'base64url').length,
  )
  await refusesAll(t, target, [['spare bits', twin]])
  const std = mintRaw(key, headText, JSON.stringify({ ...claims, x: '\u00ff\u00fe>>>???' }))
  const swapped = std.replaceAll('-', '+').replaceAll('_', '/')
  t.not(swapped, std)
  await refusesAll(t, target, [['the other alphabet', swapped]])
  for (const token of [good, std]) t.equal((await target.withToken(token)).status, 200)
})

t.test('header and payload are one strict JSON object each', async (t) => {
  const target = await start(t)
  const twice = (name: string, value: unknown) =>
    text.replace('{', `{"${name}":${JSON.stringify(value)},`)
  const payloads: readonly (readonly [string, string | Buffer])[] = [
    ['scope twice, the good one last', twice('scope', 'other')],
    ['exp twice', twice('exp', 1)],
    ['iss twice', twice('iss', 'https://evil.example')],
    ['a name escaped', twice('\\u0065xp', 1)],
    ['deep down', text.replace('{', '{"a":[{"b":1,"b":1}],')],
    ['latin1', Buffer.from(text.replace('"c"', '"\u00e9"'), 'latin1')],
    [
      'an overlong escape of /',
      Buffer.concat([
        Buffer.from('{"a":"'),
        Buffer.from('c0af', 'hex'),
        Buffer.from(`",${text.slice(1)}`),
      ]),
    ],
    [
      'a lone surrogate in UTF-8',
      Buffer.concat([
        Buffer.from('{"a":"'),
        Buffer.from('eda080', 'hex'),
        Buffer.from(`",${text.slice(1)}`),
      ]),
    ],
    ['UTF-16', Buffer.from(text, 'utf16le')],
    ['a byte order mark', `\uFEFF${text}`],
    ['NUL behind', `${text}\u0000`],
    ['a second object', `${text}{}`],
    ['a comma too many', text.replace('}', ',}')],
    ['a comment', text.replace('{', '{/* */')],
    ['NaN', text.replace(`${now + 600}`, 'NaN')],
    ['single quotes', text.replaceAll('"', "'")],
    ['a list', `[${text}]`],
    ['a string', JSON.stringify(text)],
    ['null', 'null'],
    ['nothing but a space', ' '],
  ]
  await refusesAll(
    t,
    target,
    payloads.map(([what, body]) => [what, mintRaw(key, headText, body)] as const),
  )
  await refusesAll(t, target, [
    ['alg twice', mintRaw(key, `{"alg":"none",${headText.slice(1)}`, text)],
    ['kid twice', mintRaw(key, `{"kid":"x",${headText.slice(1)}`, text)],
    ['a list for a header', mintRaw(key, `[${headText}]`, text)],
    ['the JSON serialization', JSON.stringify({ payload: 'e30', signatures: [] })],
    ['a token in a token', mintRaw(key, JSON.stringify({ ...head, cty: 'JWT', typ: 'JWE' }), text)],
  ])
  const spaced = mintRaw(key, ` {\n"alg" :\t"ES256", "kid":"k"}\r\n`, ` ${text} `)
  t.equal((await target.withToken(spaced)).status, 200, 'white space is no other meaning')
})

t.test('a token has three parts and at most 12 KiB, and nothing is done for others', async (t) => {
  const target = await start(t)
  const good = await mint(key, claims)
  const [one = '', two = '', three = ''] = good.split('.')
  const filled = (length: number) => {
    // four characters hold three bytes, so that the length is met to within two characters
    const room = length - good.length
    return mintRaw(
      key,
      headText,
      JSON.stringify({ ...claims, x: 'x'.repeat(Math.floor((room * 3) / 4) - 7) }),
    )
  }
  const longest = filled(12 * 1024)
  t.ok(longest.length <= 12 * 1024 && longest.length > 12 * 1024 - 8, String(longest.length))
  const larger = filled(12 * 1024 + 12)
  t.ok(larger.length > 12 * 1024, String(larger.length))
  const miscounted = [
    ['one part', one],
    ['two parts', `${one}.${two}`],
    ['four parts', `${good}.${three}`],
    ['a dot behind', `${good}.`],
    ['a dot before', `.${good}`],
    ['five parts, as JWE has', `${good}.${two}.${three}`],
    ['twelve thousand dots', '.'.repeat(12_000)],
    ['six thousand parts', 'a.'.repeat(6000)],
  ] as const
  await refusesAll(t, target, miscounted, /"the token does not have three parts"/)
  await refusesAll(t, target, [
    ['no header', `.${two}.${three}`],
    ['no payload', `${one}..${three}`],
    ['no signature', `${one}.${two}.`],
    ['only a payload', `.${two}.`],
    ['only dots', '..'],
  ])
  const long = [
    ['more than 12 KiB', larger],
    ['12 KiB of nothing', 'A'.repeat(12 * 1024 + 1)],
    ['all that a head may hold', 'A'.repeat(15_000)],
  ] as const
  await refusesAll(t, target, long, /longer than 12 KiB"/)
  t.equal((await target.withToken(longest)).status, 200, '12 KiB are taken')
  t.equal((await target.withToken('A'.repeat(20_000))).status, 431, 'and more is no head')
  t.equal(target.reached(), 1)
})

t.test('no unsigned token costs a hundred times its size to read', (t) => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const bodies = {
    'nested lists': `{"a":${'['.repeat(4400)}${']'.repeat(4400)}}`,
    'nested objects': `${'{"":'.repeat(1700)}1${'}'.repeat(1700)}`,
    'empty lists': `{"a":[${'[],'.repeat(2900)}0]}`,
    'empty objects': `{"a":[${'{},'.repeat(2900)}0]}`,
  }
  for (const [what, body] of Object.entries(bodies)) {
    const compact = mintRaw(key, headText, body)
    const growth = Array.from({ length: 3 }, () => {
      collect()
      const before = process.memoryUsage().heapUsed
      t.ok(parseCompact(compact).ok)
      return process.memoryUsage().heapUsed - before
    })
    // the least of them: what else runs in the process counts too
    const times = Math.min(...growth) / compact.length
    t.ok(times < 100, `${what}: ${times.toFixed(0)} times`)
  }
  t.end()
})
