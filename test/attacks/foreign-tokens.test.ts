/**
 * Tokens that are good, elsewhere. get-jwks (before 11.0.2) reused keys that were cached under an issuer that
 * nobody had verified; the same kid, scope or client id in another issuer must help nobody, and an issuer that is
 * not configured is never asked for anything (J7, R8). SPEC 3: the issuer is chosen by exact match of `iss`.
 */
import t from 'tap'
import { jwksOf, makeKey, mint } from '../support/issuer.ts'
import { read, refused, refusesAll, says, startServer, startTarget } from './support.ts'

const ours = makeKey('same-kid')
const theirs = makeKey('same-kid')
const strange = makeKey('same-kid')
const now = Math.floor(Date.now() / 1000)
const claimsOf = (iss: string) => ({ iss, client_id: 'c', scope: read, iat: now, exp: now + 600 })
const main = 'https://main.example'
const other = 'https://other.example'

t.test('a key counts for its own issuer, whoever came first', async (t) => {
  const one = await startServer(t, says(jwksOf(ours)))
  const two = await startServer(t, says(jwksOf(theirs)))
  const evil = await startServer(t, says(jwksOf(strange)))
  const issuer = (name: string, iss: string, url: string) =>
    `  ${name}: { issuer: '${iss}', audience: any, algorithms: [ES256], jwksUri: '${url}' }`
  const target = await startTarget(
    t,
    `${issuer('main', main, one.url)}\n${issuer('other', other, two.url)}`,
  )
  const fetched = (name: string) =>
    target.scene.logged((line) => line['msg'] === 'keys fetched' && line['issuer'] === name)
  await Promise.all([fetched('main'), fetched('other')])

  const notHere = {
    status: 403,
    body: /"code":"issuer_not_allowed"/,
    headers: { 'www-authenticate': /error="insufficient_scope"/ },
  }
  t.match(await target.withToken(await mint(theirs, claimsOf(other))), notHere)
  await refusesAll(t, target, [
    ["ours, signed by the other's key", await mint(theirs, claimsOf(main))],
    ["the other's, signed by our key", await mint(ours, claimsOf(other))],
    ['ours, signed by nobody’s key', await mint(strange, claimsOf(main))],
    ['an issuer that nobody configured', await mint(strange, claimsOf(evil.url))],
    ['with its keys named', await mint(strange, { ...claimsOf(evil.url), jwks_uri: evil.url })],
    ['both issuers at once', await mint(ours, { ...claimsOf(main), iss: [main, other] })],
    ['the name of ours in the configuration', await mint(ours, claimsOf('main'))],
    ['ours with a path', await mint(ours, claimsOf(`${main}/x`))],
    ['ours as user name', await mint(ours, claimsOf(`${main}@evil.example`))],
    ['ours in front', await mint(ours, claimsOf(`${main}.evil.example`))],
  ])
  t.equal(evil.count(), 0, 'an address in a token is never asked')
  t.strictSame([one.count(), two.count()], [1, 1])
  t.equal((await target.withToken(await mint(ours, claimsOf(main)))).status, 200)
  t.match(await target.withToken(await mint(theirs, claimsOf(other))), notHere, 'still')
  t.equal(target.reached(), 1)
})

t.test('a pool: no other pool, region or partition, no ID token, no other client', async (t) => {
  const keys = await startServer(t, says(jwksOf(ours)))
  const target = await startTarget(
    t,
    `  main: { userPoolId: eu-central-1_a1B2c3D4e, endpoint: '${keys.url}', issuer: '${main}', clientIds: [mine], algorithms: [ES256] }`,
  )
  await target.scene.logged(({ msg }) => msg === 'keys fetched')
  const claims = { ...claimsOf(main), client_id: 'mine', token_use: 'access', version: 2 }
  const at = (host: string, pool = 'eu-central-1_a1B2c3D4e') => `https://${host}/${pool}`
  for (const iss of [
    at('cognito-idp.eu-central-1.amazonaws.com'),
    at('cognito-idp.eu-central-1.amazonaws.com', 'eu-central-1_OTHER0000'),
    at('cognito-idp.us-east-1.amazonaws.com'),
    at('cognito-idp.eu-central-1.amazonaws.com.cn'),
    `${keys.url}/eu-central-1_a1B2c3D4e`,
  ])
    t.match(await target.withToken(await mint(ours, { ...claims, iss })), refused, iss)
  for (const over of [
    { client_id: 'another' },
    { client_id: 'Mine' },
    { client_id: ['mine'] },
    { client_id: undefined, aud: 'mine' },
    { client_id: undefined, azp: 'mine' },
    { token_use: 'id', aud: 'mine' },
    { token_use: 'Access' },
    { token_use: ['access'] },
    { token_use: undefined },
  ])
    t.match(
      await target.withToken(await mint(ours, { ...claims, ...over })),
      refused,
      JSON.stringify(over),
    )
  t.equal(target.reached(), 0)
  t.equal((await target.withToken(await mint(ours, claims))).status, 200)
})
