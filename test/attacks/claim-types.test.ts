/**
 * Claims of another type than they should have. HAZARDS J1 (a token without `exp` was accepted for ever) and J4
 * (`iat` in the future), and what a comparison by habit makes of strings, lists, floats and huge numbers. Scopes
 * are compared whole and exactly: no prefix, no case, no other white space than the single space. R7.
 */
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { seconds } from '../../src/units.ts'
import { jwksOf, makeKey, mintRaw, noon } from '../support/issuer.ts'
import { issuerWithFile, refusesAll, startTarget } from './support.ts'

const iss = 'https://issuer.example'
const key = makeKey('k')
const claims = { iss, client_id: 'c', scope: 'api/read', iat: noon, exp: noon + 600 }

const start = (t: Test) =>
  startTarget(t, issuerWithFile(iss, join(t.testdir({ 'k.json': jwksOf(key) }), 'k.json')), {
    clock: () => seconds(noon),
  })

const signed = (body: string) => mintRaw(key, JSON.stringify({ alg: 'ES256', kid: 'k' }), body)

/** The claims with a claim's value as JSON text, which may be what no JavaScript value becomes; none = without it. */
function withText(name: string, value: string | undefined): string {
  const others = Object.entries(claims).filter(([other]) => other !== name)
  const members = others.map(([other, its]) => `${JSON.stringify(other)}:${JSON.stringify(its)}`)
  if (value !== undefined) members.push(`${JSON.stringify(name)}:${value}`)
  return `{${members.join(',')}}`
}

const noTime = [
  'null',
  'true',
  'false',
  '""',
  '"soon"',
  `"${noon + 60}"`,
  `"0x7fffffff"`,
  `[${noon + 60}]`,
  '{}',
  '[]',
  '1e400',
  '-1e400',
  '"Infinity"',
  '"NaN"',
]

t.test('exp must be there, be a number and lie ahead, but not too far', async (t) => {
  const target = await start(t)
  const values = [
    undefined,
    ...noTime,
    '0',
    '-0',
    '-1',
    '1',
    String(-noon),
    `${noon - 30}`,
    `${noon - 30.001}`,
    '1e-7',
    '5e-324',
    `${noon}000`,
    '9007199254740993',
    '1e308',
    '-1e308',
    '18446744073709551616',
    '2147483648e3',
    `${noon + 86_401}`,
  ]
  await refusesAll(
    t,
    target,
    values.map((value) => [`exp ${value ?? 'missing'}`, signed(withText('exp', value))] as const),
  )
  for (const value of [`${noon + 0.5}`, `${noon - 29.5}`, '1.8000001e9', `${noon + 86_400}`])
    t.equal((await target.withToken(signed(withText('exp', value)))).status, 200, value)
})

t.test('nbf and iat may be absent, else they are numbers that are past', async (t) => {
  const target = await start(t)
  const ahead = [`${noon + 31}`, `${noon + 30.001}`, '1e308', '9007199254740993', `${noon}000`]
  for (const name of ['nbf', 'iat']) {
    await refusesAll(
      t,
      target,
      [...noTime, ...ahead].map(
        (value) => [`${name} ${value}`, signed(withText(name, value))] as const,
      ),
    )
    t.equal((await target.withToken(signed(withText(name, undefined)))).status, 200)
    t.equal((await target.withToken(signed(withText(name, `${noon + 30}`)))).status, 200)
  }
  await refusesAll(
    t,
    target,
    ['0', '-1', '-1e308'].map((value) => [`iat ${value}`, signed(withText('iat', value))] as const),
  )
  for (const value of ['0', '-1', '-1e308'])
    t.equal((await target.withToken(signed(withText('nbf', value)))).status, 200, `nbf ${value}`)
})

t.test('iss is a string, to the letter', async (t) => {
  const target = await start(t)
  const values = [
    undefined,
    'null',
    '7',
    `["${iss}"]`,
    `{"a":"${iss}"}`,
    '""',
    `"${iss}/"`,
    `" ${iss}"`,
    `"${iss}\\u0000"`,
    `"${iss.toUpperCase()}"`,
    '"https://ISSUER.example"',
    '"https://issuer.example:443"',
    '"https://issuer.example?"',
    '"https://issuer.ex\\u0430mple"',
    '"__proto__"',
    '"toString"',
  ]
  await refusesAll(
    t,
    target,
    values.map((value) => [`iss ${value ?? 'missing'}`, signed(withText('iss', value))] as const),
  )
  t.equal(
    (await target.withToken(signed(withText('iss', `"https:\\/\\/issuer.ex\\u0061mple"`)))).status,
    200,
    'escapes are only a spelling',
  )
})

t.test('a scope is granted by its whole name or not at all', async (t) => {
  const target = await start(t)
  const none = [
    undefined,
    'null',
    'true',
    '1',
    '{}',
    '{"api/read":true}',
    '[]',
    '""',
    '" "',
    '"api/reads"',
    '"api/rea"',
    '"api"',
    '"read"',
    '"API/READ"',
    '"api/Read"',
    '"xapi/read"',
    '"api/read/"',
    '"/api/read"',
    '"api/*"',
    '"*"',
    '"api%2fread"',
    '"api/read,api/write"',
    '"api/write,api/read"',
    '"api/read;x"',
    '"api/write\\tapi/read"',
    '"api/read\\tapi/write"',
    '"api/read\\n"',
    '"\\rapi/read"',
    '"api/read\\u00a0api/write"',
    '"api/read\\u2003x"',
    '"api/read\\u200b"',
    '"\\ufeffapi/read"',
    '"api/read\\u0000"',
    '"\\u0430pi/read"',
    '"api\\u2215read"',
    '["api/read x"]',
    '["api/read", 7]',
    '["api/read", null]',
    '[["api/read"]]',
    '[{"api/read":1}]',
    '["api/read\\t"]',
    '["API/read"]',
    '{"0":"api/read","length":1}',
  ]
  const before = target.reached()
  for (const value of none) {
    const answer = await target.withToken(signed(withText('scope', value)))
    t.match(
      answer,
      {
        status: 403,
        body: /"code":"insufficient_scope"/,
        headers: { 'www-authenticate': /error="insufficient_scope".*scope="api\/read"/ },
      },
      `scope ${value ?? 'missing'}`,
    )
  }
  t.equal(target.reached(), before, 'nothing reached the upstream')
  for (const value of [
    '"api/read"',
    '"x api/read y"',
    '"  x   api/read "',
    '["x","api/read"]',
    '"api\\u002fread"',
  ])
    t.equal((await target.withToken(signed(withText('scope', value)))).status, 200, value)
})

t.test('the first scope claim that is there decides, also one that grants nothing', async (t) => {
  const target = await start(t)
  const both = (scope: unknown) =>
    signed(JSON.stringify({ ...claims, scope, scp: 'api/read', scopes: 'api/read' }))
  for (const scope of ['', 'x', null, 7, {}, []])
    t.equal((await target.withToken(both(scope))).status, 403, JSON.stringify(scope))
  t.equal((await target.withToken(both(undefined))).status, 200)
  const inherited = withText('scope', undefined).replace(
    '{',
    '{"__proto__":{"scope":"api/read"},"constructor":{"scope":"api/read"},',
  )
  t.equal((await target.withToken(signed(inherited))).status, 403, 'nothing is inherited')
})

t.test('typ may be absent, JWT or at+jwt, and an ID token is none of ours', async (t) => {
  const target = await start(t)
  const header = (typ: unknown) => JSON.stringify({ alg: 'ES256', kid: 'k', typ })
  const body = JSON.stringify(claims)
  const types = [
    '',
    'id+jwt',
    'JOSE',
    'dpop+jwt',
    'logout+jwt',
    'secevent+jwt',
    'application/jwt',
    'at+jwt;v=1',
    ' JWT',
    null,
    1,
    ['JWT'],
    {},
  ]
  await refusesAll(
    t,
    target,
    types.map((typ) => [JSON.stringify(typ), mintRaw(key, header(typ), body)] as const),
  )
  const marks = [{ token_use: 'id' }, { at_hash: 'x' }, { c_hash: 'x' }, { at_hash: null }]
  await refusesAll(
    t,
    target,
    marks.map(
      (mark) => [JSON.stringify(mark), signed(JSON.stringify({ ...claims, ...mark }))] as const,
    ),
  )
  for (const typ of ['JWT', 'jwt', 'at+JWT', 'application/at+jwt'])
    t.equal((await target.withToken(mintRaw(key, header(typ), body))).status, 200, typ)
})
