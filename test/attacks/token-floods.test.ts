/**
 * Thousands of tokens that count for nothing. HAZARDS J7: key objects were cached under issuers that nobody had
 * verified, so that refused tokens filled the memory; J9 and J10: unknown kids made the proxy fetch, or shut new
 * keys out; J3 and CVE-2025-22868: what cannot be a token costs no work. The command as a process of its own: its
 * resident size, its fetches, and a good caller in between. R6, R8, R9, R11; figures of HAZARDS 5.
 */
import { randomBytes } from 'node:crypto'
import net from 'node:net'
import t from 'tap'
import { buildCommand, startCommand } from '../support/command.ts'
import { jwksOf, makeKey, mint } from '../support/issuer.ts'
import { exchangeRaw, headsOf, readAll, startRawUpstream } from '../support/wire.ts'
import { read, says, startServer } from './support.ts'

const iss = 'https://issuer.example'
const key = makeKey('k')
const now = Math.floor(Date.now() / 1000)
const claims = { iss, client_id: 'c', scope: read, iat: now, exp: now + 3600 }
const encode = (part: unknown) => Buffer.from(JSON.stringify(part)).toString('base64url')
const unsigned = (head: object, body: unknown) =>
  `${encode(head)}.${encode(body)}.${randomBytes(64).toString('base64url')}`
const known = { alg: 'ES256', kid: 'k' }
const long = 'x'.repeat(3000)

/** No two tokens are the same. */
const hostile: readonly ((at: number) => string)[] = [
  (at) => unsigned(known, { ...claims, iss: `https://${at}.example/${long}` }),
  (at) => unsigned({ ...known, kid: `unknown-${at}-${long}` }, claims),
  (at) => unsigned({ ...known, kid: 'k' }, { ...claims, jti: `${at}${long}` }),
  (at) => unsigned(known, { ...claims, at, deep: nested(3500) }),
  (at) => unsigned({ alg: 'none', kid: `${at}` }, { ...claims, client_id: long }),
  (at) => `${'.'.repeat(9000)}${at}`,
  (at) => `${'A'.repeat(9000)}${at}`,
]

function nested(depth: number): unknown {
  let value: unknown = 0
  for (let index = 0; index < depth; index += 1) value = [value]
  return value
}

/** So many tokens on one connection, each its own request, answered in turn; the statuses in order. */
async function flood(port: number, tokens: readonly string[]): Promise<readonly string[]> {
  const socket = net.connect(port, '127.0.0.1')
  for (const [at, token] of tokens.entries()) {
    const end = at === tokens.length - 1 ? 'Connection: close\r\n' : ''
    socket.write(
      `GET /read/1 HTTP/1.1\r\nHost: api\r\n${end}Authorization: Bearer ${token}\r\n\r\n`,
    )
  }
  const text = await readAll(socket)
  return [...text.matchAll(/HTTP\/1\.1 (\d+) /g)].map(([, status = '']) => status)
}

t.test(
  '2,500 hostile tokens: all 401, flat memory, few fetches, and good callers served',
  async (t) => {
    const main = buildCommand(t)
    const issuer = await startServer(t, says(jwksOf(key)))
    const upstream = await startRawUpstream(t)
    const command = await startCommand(
      t,
      main,
      `version: 1
issuers:
  main: { issuer: '${iss}', audience: any, algorithms: [ES256], jwksUri: '${issuer.url}' }
inbound:
  listen: 127.0.0.1:0
  upstream: http://127.0.0.1:${upstream.port}
  routes: [{ path: /read/**, methods: [GET], scopes: ${read} }]
admin: { listen: 127.0.0.1:0 }
`,
    )
    await command.said(/keys fetched/)
    const good = await mint(key, claims)
    const served = async () =>
      (
        await exchangeRaw(
          command.inbound,
          `GET /read/1 HTTP/1.1\r\nHost: api\r\nConnection: close\r\nAuthorization: Bearer ${good}\r\n\r\n`,
        )
      ).status
    let sent = 0
    let goods = 0
    const batch = async () => {
      const tokens = Array.from({ length: 50 }, () => {
        sent += 1
        return (hostile[sent % hostile.length] as (at: number) => string)(sent)
      })
      const [statuses, mine] = await Promise.all([flood(command.inbound, tokens), served()])
      goods += 1
      if (mine !== 200) t.fail(`a good token was answered ${mine}`)
      return statuses
    }
    // what runs for the first time allocates for good
    for (let index = 0; index < 12; index += 1) await batch()
    const before = command.resident()
    const answers: string[] = []
    for (let index = 0; index < 50; index += 1) answers.push(...(await batch()))
    const growth = (command.resident() - before) / 1024
    t.equal(answers.length, 2500)
    t.strictSame(new Set(answers), new Set(['401']))
    t.ok(growth < 25, `${growth.toFixed(1)} MiB`)
    t.comment(`grew by ${growth.toFixed(1)} MiB`)
    t.ok(issuer.count() <= 6, `${issuer.count()} fetches`)
    t.equal(headsOf(upstream.received).length, goods, 'the good ones, and no other')
    t.notMatch(command.printed(), long.slice(0, 100), 'the log holds little of what they claim')
    t.notOk(command.printed().includes(good))
  },
)
