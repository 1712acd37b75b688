import { execFileSync } from 'node:child_process'
import { constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { LogConfig } from '../../src/config/config.ts'
import type { AccessRecord } from '../../src/ops/access.ts'
import { createLog } from '../../src/ops/log.ts'
import { logConfig } from '../support/log.ts'

const record: AccessRecord = {
  direction: 'inbound',
  requestId: 'r1',
  traceId: '0af7651916cd43dd8448eb211c80319c',
  method: 'GET',
  path: '/export/1',
  status: 200,
  route: 'GET /export/**',
  routeLine: 9,
  decision: 'allow',
  reason: undefined,
  enforced: true,
  clientId: 'client',
  issuer: 'https://issuer.example',
  scopes: undefined,
  clientCertificate: undefined,
  claimed: undefined,
  durationMs: 12.3456,
  upstreamMs: 5.01,
  upstreamError: undefined,
  bytesIn: 1,
  bytesOut: 2,
  configHash: 'abc',
}

type Line = Record<string, unknown>

function start(t: Test, over: Partial<LogConfig> = {}, chance = 0.5) {
  const lines: Line[] = []
  const log = createLog({
    config: logConfig(over),
    random: () => chance,
    destination: { write: (line) => lines.push(JSON.parse(line) as Line) },
  })
  t.teardown(() => log.close())
  return { log, lines }
}

t.test('a request is one line with exactly the fields of SPEC 5', (t) => {
  const { log, lines } = start(t)
  log.access(record)
  const [line] = lines
  t.match(line?.['time'], /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  t.strictSame(
    { ...line, time: 0 },
    {
      time: 0,
      level: 'info',
      msg: 'request',
      direction: 'inbound',
      requestId: 'r1',
      traceId: '0af7651916cd43dd8448eb211c80319c',
      method: 'GET',
      path: '/export/1',
      status: 200,
      durationMs: 12.3,
      route: 'GET /export/**',
      routeLine: 9,
      decision: 'allow',
      enforced: true,
      clientId: 'client',
      issuer: 'https://issuer.example',
      upstreamMs: 5,
      bytesIn: 1,
      bytesOut: 2,
      configHash: 'abc',
    },
  )
  t.end()
})

t.test('each direction has its own least level', (t) => {
  const { log, lines } = start(t, { requests: { inbound: 'warn', outbound: 'silent' } })
  log.access(record)
  log.access({ ...record, reason: 'no_route', requestId: 'denied' })
  log.access({ ...record, direction: 'outbound', reason: 'no_route' })
  log.event('info', 'an event')
  t.strictSame(
    lines.map(({ requestId, msg }) => requestId ?? msg),
    ['denied', 'an event'],
  )
  t.end()
})

t.test('a denial says why and is a warning; what is not known is left out', (t) => {
  const { log, lines } = start(t)
  log.access({
    ...record,
    status: 401,
    decision: 'deny',
    reason: 'missing_token',
    clientId: undefined,
    issuer: undefined,
    upstreamMs: undefined,
  })
  t.match(lines[0], { level: 'warn', decision: 'deny', reason: 'missing_token' })
  for (const key of ['clientId', 'issuer', 'upstreamMs', 'claimed', 'upstreamError'])
    t.notOk(key in (lines[0] ?? {}), key)
  t.end()
})

t.test('what an unverified token claims is cut to 64 visible characters', (t) => {
  const { log, lines } = start(t)
  const claimed = {
    iss: `https://evil.example/\u001b[31m\n\u202e${'a'.repeat(100)}`,
    clientId: 'ü b',
    kid: 'x'.repeat(64),
    exp: 1_800_000_000,
  }
  log.access({ ...record, decision: 'deny', reason: 'invalid_token', claimed })
  log.access({ ...record, decision: 'deny', reason: 'invalid_token', claimed: { kid: 'k' } })
  t.strictSame(lines[0]?.['claimed'], {
    iss: `https://evil.example/?[31m??${'a'.repeat(36)}`,
    clientId: '??b',
    kid: 'x'.repeat(64),
    exp: 1_800_000_000,
  })
  t.equal((lines[0]?.['claimed'] as { iss: string }).iss.length, 64)
  t.strictSame(lines[1]?.['claimed'], { kid: 'k' })
  t.end()
})

t.test('scopes are divided by spaces, each whole, and those that are none are left out', (t) => {
  const { log, lines } = start(t)
  const long = Array.from({ length: 100 }, (_, at) => `app-api/scope-${at}`)
  log.access({ ...record, enforced: false, scopes: new Set(['a/b', 'c d', 'e"f', '', 'g']) })
  log.access({ ...record, enforced: false, scopes: new Set() })
  log.access({ ...record, enforced: false, scopes: new Set(long) })
  t.equal(lines[0]?.['scopes'], 'a/b g')
  t.equal(lines[1]?.['scopes'], '')
  const logged = String(lines[2]?.['scopes'])
  t.ok(logged.length <= 1024 && logged.length > 1000)
  t.strictSame(logged.split(' '), long.slice(0, logged.split(' ').length))
  t.end()
})

t.test('allowed requests are sampled, denials never', (t) => {
  const { log, lines } = start(t, { sampleAllowed: 0.5 }, 0.5)
  log.access(record)
  t.equal(lines.length, 0)
  log.access({ ...record, decision: 'deny', reason: 'no_route' })
  // allowed, but it went wrong
  log.access({ ...record, reason: 'upstream_timeout', upstreamError: 'UND_ERR_HEADERS_TIMEOUT' })
  t.match(lines, [{ reason: 'no_route' }, { upstreamError: 'UND_ERR_HEADERS_TIMEOUT' }])
  const lucky = start(t, { sampleAllowed: 0.5 }, 0.49)
  lucky.log.access(record)
  t.equal(lucky.lines.length, 1)
  const none = start(t, { sampleAllowed: 0 }, 0)
  none.log.access(record)
  t.equal(none.lines.length, 0)
  t.end()
})

t.test('a reloaded configuration changes level and share', (t) => {
  const { log, lines } = start(t)
  log.event('debug', 'quiet')
  log.event('info', 'told', { client: 'worker' })
  t.match(lines, [{ level: 'info', msg: 'told', client: 'worker' }])
  log.configure(logConfig({ level: 'debug', sampleAllowed: 0 }))
  log.event('debug', 'loud')
  log.access(record)
  t.equal(lines.at(-1)?.['msg'], 'loud')
  log.configure(logConfig({ level: 'error' }))
  log.event('warn', 'no more')
  log.access(record)
  t.equal(lines.at(-1)?.['msg'], 'loud')
  t.end()
})

t.test('after its end the log takes lines and writes none', async (t) => {
  const { log, lines } = start(t)
  await log.close()
  log.event('error', 'late')
  log.access(record)
  t.equal(lines.length, 0)
})

t.test('the end does not wait for a log that cannot be written', async (t) => {
  // every write fails there, as with a full disk or a reader that is gone
  const stdout = openSync('/dev/full', 'w')
  const log = createLog({ config: logConfig(), random: () => 0, stdout })
  log.event('info', 'lost')
  await log.close()
  log.event('info', 'lost too')
  t.pass('it ended: trying again would have kept it')
})

t.test('the end does not wait for ever for a reader that has stopped reading', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'scopegate-'))
  t.teardown(() => {
    rmSync(folder, { recursive: true })
  })
  const file = join(folder, 'stdout')
  execFileSync('mkfifo', [file])
  const stdout = openSync(file, constants.O_RDWR | constants.O_NONBLOCK)
  const reader = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK)
  const log = createLog({ config: logConfig(), random: () => 0, stdout })
  // more than a pipe holds
  const lines = 200
  for (let count = 0; count < lines; count++) log.event('info', 'x'.repeat(10_000))
  await log.close()
  const room = Buffer.alloc(lines * 10_000)
  const arrived = readSync(reader, room)
  t.match(
    room.toString('latin1', 0, arrived),
    /^\{"level":"info"/,
    'what it would take has arrived',
  )
  t.ok(arrived < lines * 10_000)
})
