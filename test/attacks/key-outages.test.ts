/**
 * An issuer whose key set cannot be had. HAZARDS J9: every request fetched again (60 for 60), there was no limit
 * on size, a redirect was trusted, one bad entry spoilt the set, and callers heard 401 for our own trouble; J10: a
 * penalty box shut out legitimate new keys. Cold: 503 and one fetch. Warm: everybody is served. R5, R11.
 */
import t, { type Test } from 'tap'
import { fetchJsonText } from '../../src/tokens/fetch.ts'
import { bytes, milliseconds, seconds, systemClock } from '../../src/units.ts'
import { jwksOf, makeKey, mint } from '../support/issuer.ts'
import { type Play, read, refused, says, startServer, startTarget } from './support.ts'

const iss = 'https://issuer.example'
const key = makeKey('k')
const now = Math.floor(Date.now() / 1000)
const claims = { iss, client_id: 'c', scope: read, iat: now - 60, exp: now + 7200 }
const good = await mint(key, claims)
const set = jwksOf(key)

/** What an issuer may do instead of answering with its keys. */
const faults: Readonly<Record<string, Play>> = {
  'hangs up': (response) => response.destroy(),
  'answers 500': (response) => response.writeHead(500).end(set),
  'answers 404': (response) => response.writeHead(404).end(set),
  'answers 203': (response) => response.writeHead(203).end(set),
  'answers 204': (response) => response.writeHead(204).end(),
  'never answers': () => undefined,
  'never ends its head': (response) => {
    response.socket?.write('HTTP/1.1 200 OK\r\nX-A: ')
  },
  'never ends': (response) => void response.write(set),
  'drips for ever': (response) => {
    const timer = setInterval(() => response.write(' '), 20)
    response.on('close', () => {
      clearInterval(timer)
    })
  },
  'sends without end': (response) => {
    const more = (): void => {
      while (response.writable && response.write(' '.repeat(16_384)));
    }
    response.on('drain', more)
    more()
  },
  'sends more than 256 KiB': (response) => response.end(set + ' '.repeat(256 * 1024)),
  'promises a gigabyte': (response) =>
    void response.writeHead(200, { 'content-length': 2 ** 30 }).write(set),
  'cuts its answer': (response) => {
    response.writeHead(200, { 'content-length': set.length })
    response.write(set.slice(0, 100), () => response.destroy())
  },
  'compresses it': (response) =>
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(Buffer.from('1f8b08', 'hex')),
  'is not UTF-8': (response) => response.end(Buffer.from(set.replace('"k"', '"\u00e9"'), 'latin1')),
  'is HTML': says('<!doctype html>'),
  'is empty': says(''),
  'is cut JSON': says(set.slice(0, -2)),
  'is a list': says(`[${set}]`),
  'has no keys': says('{}'),
  'has keys of another type': says('{"keys":{"0":{}}}'),
  'names keys twice': says(`{"keys":[],${set.slice(1)}`),
  'has none that can be used': says(
    JSON.stringify({ keys: [{ ...key.jwk, use: 'enc' }, null, 7] }),
  ),
}

async function start(t: Test, play: Play, jwksTimeout = '400ms') {
  let moved = 0
  const issuer = await startServer(t, play)
  const target = await startTarget(
    t,
    `  main: { issuer: '${iss}', audience: any, algorithms: [ES256], jwksUri: '${issuer.url}', jwksTimeout: ${jwksTimeout} }`,
    { clock: () => seconds(systemClock() + moved) },
  )
  return { ...target, issuer, move: (bySeconds: number) => (moved += bySeconds) }
}

const unavailable = {
  status: 503,
  headers: {
    'retry-after': /^(?:[1-9]|1[01])$/,
    'cache-control': 'no-store',
    'content-type': 'application/problem+json',
  },
  body: /"code":"issuer_unavailable"/,
}

// what Node loads with the first fetch shall not count against a limit
await fetchJsonText('http://127.0.0.1:9/', {
  ...{ timeout: milliseconds(10_000), maxBytes: bytes(1), tls: undefined },
})

for (const [what, play] of Object.entries(faults))
  t.test(
    `a key set that ${what}: one fetch, 503 when cold, nobody notices when warm`,
    async (t) => {
      const cold = await start(t, play)
      const answers = await Promise.all(Array.from({ length: 10 }, () => cold.withToken(good)))
      for (const answer of answers) {
        t.match(answer, unavailable)
        t.equal(answer.headers['www-authenticate'], undefined, 'the token may be a good one')
        t.notMatch(answer.text, /127\.0\.0\.1|ECONN|issuer\.example/)
      }
      t.match(await cold.withToken(good), unavailable)
      t.equal(cold.issuer.count(), 1)
      t.equal(cold.reached(), 0)
      t.notOk(cold.scene.proxy.readiness().ready)
      t.match(
        await cold.withToken(`${good.slice(0, -8)}AAAAAAAA`),
        unavailable,
        'a forged one cannot be told from it',
      )
      t.match(
        await cold.withToken(await mint(key, { ...claims, iss: 'x' })),
        refused,
        'this needs no key',
      )
      // its cool-down over, the next caller has the keys, new ones too
      cold.issuer.play = says(set)
      cold.move(10)
      t.equal((await cold.withToken(good)).status, 200)
      t.equal(cold.issuer.count(), 2)

      cold.issuer.play = play
      cold.move(3600)
      const before = cold.scene.log.length
      const served = await Promise.all(Array.from({ length: 20 }, () => cold.withToken(good)))
      t.strictSame(new Set(served.map(({ status }) => status)), new Set([200]))
      await cold.scene.logged(
        (line) =>
          line['msg'] === 'keys could not be fetched' && cold.scene.log.indexOf(line) >= before,
      )
      t.match(
        await cold.withToken(await mint(makeKey('new'), claims)),
        unavailable,
        'it may be a new key',
      )
      t.equal(cold.issuer.count(), 3, 'aged keys were asked for once')
      t.equal((await cold.withToken(good)).status, 200)
      t.ok(cold.scene.proxy.readiness().ready)
    },
  )

t.test('a redirect is not followed, to wherever it leads', async (t) => {
  const elsewhere = await startServer(t, says(set))
  for (const status of [301, 302, 303, 307, 308]) {
    const cold = await start(t, (response) => {
      response.writeHead(status, { location: `${elsewhere.url}/keys` }).end(set)
    })
    t.match(await cold.withToken(good), unavailable)
    t.equal(cold.issuer.count(), 1)
  }
  t.equal(elsewhere.count(), 0)
})

t.test('while keys are fetched for some callers, all others are served', async (t) => {
  const target = await start(t, says(set), '60s')
  await target.scene.logged(({ msg }) => msg === 'keys fetched')
  let answerKeys = (): void => undefined
  const asked = new Promise<void>((resolve) => {
    target.issuer.play = (response) => {
      answerKeys = () => response.end(jwksOf(key, late))
      resolve()
    }
  })
  const late = makeKey('late')
  target.move(10)
  const strangers = Array.from({ length: 20 }, async (_, at) =>
    target.withToken(await mint(makeKey(`x${at}`), claims)),
  )
  await asked
  const waits = target.withToken(await mint(late, claims))
  for (let index = 0; index < 20; index += 1) t.equal((await target.withToken(good)).status, 200)
  answerKeys()
  for (const answer of await Promise.all(strangers)) t.match(answer, refused)
  t.equal(
    (await waits).status,
    200,
    'and a new key is not shut out by those that do not exist (J10)',
  )
  t.equal(target.issuer.count(), 2, 'one fetch for all of them')
})
