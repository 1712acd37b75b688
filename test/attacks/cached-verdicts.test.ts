/**
 * Oathkeeper GHSA-4mq7-pvjg-xp2r, GHSA-vfvf-6gx5-mqv6: the verdict on a token was remembered without the server
 * that gave it, or without the scopes that were asked for, so that it also held where it never was given. What is
 * remembered here is what the token says; each request is judged again with all that its route asks (R9).
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { jwksOf, makeKey, mint } from '../support/issuer.ts'
import { startScene } from '../support/scene.ts'
import { exchangeRaw, headsOf, startRawUpstream } from '../support/wire.ts'

t.test('a remembered token opens nothing that it would not open when new', async (t) => {
  const upstream = await startRawUpstream(t)
  const folder = t.testdir({})
  const keys = { one: makeKey('same'), two: makeKey('same') }
  for (const [name, key] of Object.entries(keys))
    writeFileSync(join(folder, `${name}.json`), jwksOf(key))
  const issuer = (name: string): string =>
    `  ${name}: { issuer: 'https://${name}.example', audience: api, algorithms: [ES256], jwks: { file: ${join(folder, `${name}.json`)} } }\n`
  const scene = await startScene(
    t,
    `version: 1
issuers:
${issuer('one')}${issuer('two')}
inbound:
  listen: 127.0.0.1:0
  upstream: http://127.0.0.1:${upstream.port}
  issuers: [one, two]
  routes:
    - { path: /any, authenticated: true }
    - { path: /one, authenticated: true, issuers: [one] }
    - { path: /two, authenticated: true, issuers: [two] }
    - { path: /read, scopes: api/read }
    - { path: /write, scopes: api/write }
    - { path: /tenant, authenticated: true, claims: { tenant: acme } }
    - { path: /client, authenticated: true, clientIds: [other] }
admin: { listen: 127.0.0.1:0 }
`,
  )
  const now = Math.floor(Date.now() / 1000)
  const tokenOf = async (name: keyof typeof keys, claims = {}): Promise<string> => {
    const iss = `https://${name}.example`
    const whole = { iss, aud: 'api', sub: 's', client_id: 'caller', scope: 'api/read', ...claims }
    const token = await mint(keys[name], { ...whole, iat: now, exp: now + 600 })
    scene.leaks.forbid(token)
    return token
  }
  const ask = async (path: string, token: string) => {
    const answer = await exchangeRaw(
      scene.inbound,
      `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Bearer ${token}\r\n\r\n`,
    )
    scene.leaks.saw(answer.text)
    return answer.status
  }
  const one = await tokenOf('one')
  // two rounds: the second one has every token remembered
  for (const round of [1, 2]) {
    t.equal(await ask('/any', one), 200, `round ${round}`)
    t.equal(await ask('/one', one), 200)
    t.equal(await ask('/two', one), 403)
    t.equal(await ask('/read', one), 200)
    t.equal(await ask('/write', one), 403)
    t.equal(await ask('/tenant', one), 403)
    t.equal(await ask('/client', one), 403)
  }
  // the same kid, signed by one, said to be of two: and the other way round
  const lying = await mint(keys.one, {
    ...{ iss: 'https://two.example', aud: 'api', sub: 's', client_id: 'caller' },
    ...{ scope: 'api/write', iat: now, exp: now + 600 },
  })
  for (const path of ['/any', '/two', '/write', '/any']) t.equal(await ask(path, lying), 401, path)
  // one signature under other claims: a verdict is kept for the whole token, not for a part of it
  const wide = (await tokenOf('one', { scope: 'api/write' })).split('.')
  const [header, payload, signature] = one.split('.')
  for (const mixed of [
    `${header}.${wide[1]}.${signature}`,
    `${header}.${payload}.${wide[2]}`,
    one.slice(0, -1),
    `${one}A`,
  ])
    for (const path of ['/any', '/write']) t.equal(await ask(path, mixed), 401)
  t.equal(headsOf(upstream.received).length, 6)
})
