/**
 * A verdict that is remembered must depend on nothing that has changed. fast-jwt CVE-2026-35039
 * (GHSA-rp9m-7r4c-75qg): colliding cache keys gave one caller another's claims; Oathkeeper GHSA-4mq7-pvjg-xp2r
 * and GHSA-vfvf-6gx5-mqv6: the cache did not key on the server, nor on the scope; HAZARDS J8: a withdrawn or
 * replaced key was trusted for ever. R9, R11, R24. What was found forged is remembered too, so that the same bad
 * token again and again costs no signature check each (NUMBERS §5): no answer may be another for it.
 */
import { join } from 'node:path'
import t from 'tap'
import { createIssuers } from '../../src/tokens/issuers.ts'
import { seconds, systemClock } from '../../src/units.ts'
import { issuerSettings, jwksOf, makeDeps, makeKey, mint, poolClaims } from '../support/issuer.ts'
import { issuerWithFile, read, refused, says, startServer, startTarget } from './support.ts'

const iss = 'https://issuer.example'
const key = makeKey('k')
const other = makeKey('k')
const now = Math.floor(Date.now() / 1000)
const claims = { iss, client_id: 'c', scope: read, iat: now, exp: now + 600 }

t.test('only the whole token is known: what differs by one character is another', async (t) => {
  const target = await startTarget(
    t,
    issuerWithFile(iss, join(t.testdir({ 'k.json': jwksOf(key) }), 'k.json')),
  )
  const compact = await mint(key, { ...claims, sub: 'alice' })
  const [head = '', body = '', signature = ''] = compact.split('.')
  const bob = await mint(key, { ...claims, sub: 'bob', scope: 'x' })
  const [, bobsBody = '', bobsSignature = ''] = bob.split('.')
  t.equal((await target.withToken(compact)).status, 200)
  t.equal((await target.withToken(bob)).status, 403)
  for (const [what, forged] of [
    ["bob's claims by alice's signature", `${head}.${bobsBody}.${signature}`],
    ["alice's claims by bob's signature", `${head}.${body}.${bobsSignature}`],
    ['a character less', compact.slice(0, -1)],
    ['a character more', `${compact}A`],
    ['padded', `${compact}==`],
  ] as const) {
    // twice: the second one meets the memory
    t.match(await target.withToken(forged), refused, what)
    t.match(await target.withToken(forged), refused, what)
  }
  t.equal((await target.withToken(compact)).status, 200)
  t.equal(target.reached(), 2)
  t.match(target.upstream.received.join(''), /x-auth-subject: alice/i)
  t.notMatch(target.upstream.received.join(''), /bob/)
})

t.test('a verdict ends with the token', async (t) => {
  let moved = 0
  const file = join(t.testdir({ 'k.json': jwksOf(key) }), 'k.json')
  const target = await startTarget(t, issuerWithFile(iss, file, ', clockTolerance: 0s'), {
    clock: () => seconds(systemClock() + moved),
  })
  const compact = await mint(key, claims)
  t.equal((await target.withToken(compact)).status, 200)
  moved = 601
  const late = await target.withToken(compact)
  t.match(late, refused)
  t.match(late.headers['www-authenticate'], /expired/)
  moved = -120
  t.match(await target.withToken(compact), refused, 'nor does it hold before its time')
  t.equal(target.reached(), 1)
})

t.test('a verdict ends with the settings of its issuer, and with the issuer', async (t) => {
  const folder = t.testdir({ 'k.json': jwksOf(key), 'other.json': jwksOf(other) })
  const file = join(folder, 'k.json')
  const target = await startTarget(t, issuerWithFile(iss, file))
  const compact = await mint(key, claims)
  const forged = await mint(other, claims)
  const settings = [
    issuerWithFile(iss, file, ', clientIds: [d]'),
    issuerWithFile(iss, file).replace('audience: any', 'audience: me'),
    issuerWithFile(iss, file, ', claims: { tenant: acme }'),
    issuerWithFile(iss, file, ', maxTokenLifetime: 60s'),
    issuerWithFile(iss, file).replace('[ES256, RS256, EdDSA]', '[RS256, ES256]'),
    issuerWithFile(iss, file).replace('[ES256, RS256, EdDSA]', '[ES384, ES256]'),
    issuerWithFile(iss, file, ', scopeClaims: [scp]'),
    issuerWithFile('https://other.example', file),
    issuerWithFile(iss, join(folder, 'other.json')),
  ]
  const expected = [401, 401, 401, 401, 200, 200, 403, 401, 401]
  for (const [index, next] of settings.entries()) {
    t.ok(target.scene.reload(target.yaml(issuerWithFile(iss, file))).ok)
    t.equal((await target.withToken(compact)).status, 200)
    t.equal((await target.withToken(forged)).status, 401)
    t.ok(target.scene.reload(target.yaml(next)).ok, next)
    t.equal((await target.withToken(compact)).status, expected[index], next)
  }
  t.equal((await target.withToken(forged)).status, 200, 'its key is the one that counts now')
})

t.test('a verdict ends when the key is withdrawn or replaced', async (t) => {
  let moved = 0
  const issuer = await startServer(t, says(jwksOf(key)))
  const target = await startTarget(
    t,
    `  main: { issuer: '${iss}', audience: any, algorithms: [ES256], jwksUri: '${issuer.url}' }`,
    { clock: () => seconds(systemClock() + moved) },
  )
  /** A kid that nobody knows makes the proxy look, once the cool-down is over. */
  const lookAgain = async () => {
    moved += 10
    t.match(await target.withToken(await mint(makeKey('unknown'), claims)), refused)
  }
  const compact = await mint(key, claims)
  const successor = await mint(other, claims)
  await target.scene.logged(({ msg }) => msg === 'keys fetched')
  t.equal((await target.withToken(compact)).status, 200)
  t.match(await target.withToken(successor), refused)
  issuer.play = says(jwksOf(other))
  await lookAgain()
  t.match(await target.withToken(compact), refused)
  t.equal((await target.withToken(successor)).status, 200, 'what was forged is not any more')
  issuer.play = says('{"keys":[]}')
  await lookAgain()
  for (const token of [compact, successor]) t.match(await target.withToken(token), refused)
  t.equal(target.reached(), 2)
  t.equal(issuer.count(), 3)
})

t.test(
  'what was forged is remembered: boundedly, and for as long as it would be judged so',
  async (t) => {
    const own = makeDeps()
    const name = 'https://issuer.example/pool'
    const settings = (signer: typeof key) =>
      issuerSettings({ keys: { kind: 'file', text: jwksOf(signer) } })
    const issuers = createIssuers([settings(key)], own.deps)
    const forged = await mint(other, poolClaims(name))
    const first = issuers.verify(forged)
    t.match(first, { problem: { because: 'the signature is not valid', claimed: { kid: 'k' } } })
    t.equal(issuers.verify(forged), first, 'the very same answer: nothing was checked again')
    t.equal(issuers.remembered(), 0, 'among the good ones it is not')
    const good = await mint(key, poolClaims(name))
    const known = issuers.verify(good)
    t.match(known, { ok: true })

    own.wait(3630)
    t.match(issuers.verify(forged), { problem: { because: 'the token has expired' } })
    own.wait(-3630)
    const again = issuers.verify(forged)
    t.not(again, first)
    const [head = '', body = ''] = forged.split('.')
    for (let index = 0; index < 1000; index += 1) {
      const signature = Buffer.alloc(64, 1)
      signature.writeUInt16BE(index + 1)
      void issuers.verify(`${head}.${body}.${signature.toString('base64url')}`)
    }
    t.not(issuers.verify(forged), again, 'a thousand others drove it out')
    t.equal(issuers.verify(good), known, 'and no good one')

    issuers.reload([settings(other)])
    t.match(issuers.verify(forged), { ok: true })
    t.match(issuers.verify(good), { ok: false })
    await issuers.close()
  },
)
