/** Listeners with TLS (SPEC 2): who may connect, what is told of the caller, how certificates are replaced. */
import { once } from 'node:events'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import tls from 'node:tls'
import t, { type Test } from 'tap'
import WebSocket, { WebSocketServer } from 'ws'
import { type Clock, seconds } from '../../src/units.ts'
import { type Certificates, makeCertificates } from '../support/certificates.ts'
import { startScene } from '../support/scene.ts'
import { answerOk, headsOf, parseAnswer, readAll, startRawUpstream } from '../support/wire.ts'
import { closed, eventually } from './support.ts'

const request = 'GET /open/a HTTP/1.1\r\nHost: api.example\r\n\r\n'
const last = request.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n')

type Options = {
  readonly asks?: boolean
  readonly more?: string
  readonly caller?: string | null
  readonly port?: number
  readonly clock?: Clock
  readonly answer?: (socket: net.Socket) => void
}

async function start(t: Test, options: Options = {}) {
  const { asks = false, more = '', caller, answer = answerOk() } = options
  const folder = mkdtempSync(join(tmpdir(), 'scopegate-'))
  t.teardown(() => {
    rmSync(folder, { recursive: true })
  })
  const certificates = makeCertificates(caller)
  const raw = await startRawUpstream(t, answer)
  const write = ({ ca, cert, key }: Certificates): void => {
    for (const [name, text] of Object.entries({ ca, cert, key })) {
      writeFileSync(join(folder, `${name}.next`), text)
      renameSync(join(folder, `${name}.next`), join(folder, `${name}.pem`))
    }
  }
  write(certificates)
  const files = asks ? ['cert', 'key', 'clientCa'] : ['cert', 'key']
  const yaml = (listenerTls: string): string => `version: 1
inbound:
  listen: { host: 127.0.0.1, port: 0${listenerTls} }
  upstream: http://127.0.0.1:${options.port ?? raw.port}
  routes:
    - { path: /open/**, methods: [GET, POST], public: true, websocket: true }
${more}
admin: { listen: 127.0.0.1:0 }
`
  const fileOf = (name: string): string => join(folder, `${name === 'clientCa' ? 'ca' : name}.pem`)
  const named = (names: readonly string[]): string =>
    `, tls: { ${names.map((name) => `${name}: ${fileOf(name)}`).join(', ')} }`
  const text = yaml(named(files))
  const scene = await startScene(t, text, options.clock && { clock: options.clock })
  scene.leaks.forbid(certificates.key)
  return { ...scene, raw, certificates, write, text, yaml, named, folder }
}

type Running = Awaited<ReturnType<typeof start>>

function dial({ inbound, certificates }: Running, options: tls.ConnectionOptions = {}) {
  const socket = tls.connect({
    ...{ host: '127.0.0.1', port: inbound, ca: certificates.ca, servername: 'localhost' },
    ...options,
  })
  socket.on('error', () => undefined)
  return socket
}

async function ask(running: Running, options?: tls.ConnectionOptions) {
  const socket = dial(running, options)
  socket.write(last)
  return parseAnswer(await readAll(socket))
}

const headers = ({ raw }: Running) => headsOf(raw.received).flatMap(({ headers }) => headers)

t.test('requests over TLS are served, and the upstream is told so', async (t) => {
  const running = await start(t)
  t.equal((await ask(running)).status, 200)
  t.ok(headers(running).includes('X-Forwarded-Proto: https'))
  t.match(running.proxy.status(), {}, 'the status can be told')
  const line = await running.logged(({ msg }) => msg === 'request')
  t.equal(line['clientCertificate'], undefined, 'nobody was asked')
})

t.test('TLS 1.2 and later, HTTP/1.1 and nothing else', async (t) => {
  const running = await start(t)
  const old = dial(running, {
    maxVersion: 'TLSv1.1',
    minVersion: 'TLSv1',
    ciphers: 'ALL@SECLEVEL=0',
  })
  const [refused] = (await once(old, 'error')) as [NodeJS.ErrnoException]
  t.match(refused.code, /PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL/)
  const modern = dial(running, { ALPNProtocols: ['h2', 'http/1.1'], maxVersion: 'TLSv1.2' })
  await once(modern, 'secureConnect')
  t.equal(modern.alpnProtocol, 'http/1.1')
  t.equal(modern.getProtocol(), 'TLSv1.2')
  modern.destroy()
  const other = dial(running, { ALPNProtocols: ['h2'] })
  await closed(other)
  t.equal((await ask(running)).status, 200, 'the listener goes on')
})

t.test('a plain request is no handshake: nothing is served, the log has a code', async (t) => {
  const running = await start(t)
  const socket = net.connect(running.inbound, '127.0.0.1')
  socket.write(request)
  const text = await readAll(socket)
  t.notMatch(text, /HTTP/)
  const line = await running.logged(({ msg }) => msg === 'TLS handshake failed')
  t.match(line, { level: 'warn', direction: 'inbound', errorCode: /^ERR_SSL|^EPROTO/ })
  t.equal((await ask(running)).status, 200)
  t.equal(running.raw.received.length, 1)
})

t.test('with clientCa only callers with a certificate of it are served', async (t) => {
  const running = await start(t, { asks: true, more: '  certificateHeader: x-caller' })
  for (const [what, identity] of Object.entries({
    'no certificate': {},
    'a certificate of somebody else': makeCertificates().caller,
    'one that signed itself': running.certificates.selfSigned,
  })) {
    const socket = dial(running, identity)
    socket.write(last)
    t.equal(await readAll(socket), '', what)
  }
  t.same(running.raw.received, [])
  const socket = dial(running, running.certificates.caller)
  socket.write(request)
  await once(socket, 'data')
  socket.write(last)
  await closed(socket)
  t.equal(
    running.log.filter(({ clientCertificate }) => clientCertificate === 'CN=caller').length,
    2,
  )
  t.ok(headers(running).includes('x-caller: CN=caller'))
  const line = await running.logged(({ msg }) => msg === 'request')
  t.equal(line['clientCertificate'], 'CN=caller')
})

t.test('nobody says in a header whose certificate it was', async (t) => {
  const running = await start(t, { asks: true, more: '  certificateHeader: x-caller' })
  const socket = dial(running, running.certificates.caller)
  socket.write(last.replace('Host', 'X_Caller: CN=admin\r\nx-caller: CN=admin\r\nHost'))
  t.equal(parseAnswer(await readAll(socket)).status, 200)
  t.same(
    headers(running).filter((line) => /caller/i.test(line)),
    ['x-caller: CN=caller'],
  )
})

t.test('a subject of any letters is one line of visible ASCII', async (t) => {
  const running = await start(t, {
    ...{ asks: true, more: '  certificateHeader: x-caller', caller: 'Jürgen, "α"\r\nx: y' },
  })
  t.equal((await ask(running, running.certificates.caller)).status, 200)
  t.ok(
    headers(running).includes('x-caller: CN=J\\C3\\BCrgen\\, \\"\\CE\\B1\\"\\0D\\0Ax: y'),
    headers(running).join('\n'),
  )
})

t.test('a certificate without a subject is named by its alternative names', async (t) => {
  const running = await start(t, {
    ...{ asks: true, more: '  certificateHeader: x-caller', caller: '' },
  })
  t.equal((await ask(running, running.certificates.caller)).status, 200)
  t.ok(headers(running).includes('x-caller: URI:spiffe://example/worker'))
  const line = await running.logged(({ msg }) => msg === 'request')
  t.equal(line['clientCertificate'], 'URI:spiffe://example/worker')
})

t.test('a verified certificate that names nobody is told as such', async (t) => {
  const running = await start(t, {
    ...{ asks: true, more: '  certificateHeader: x-caller', caller: null },
  })
  t.equal((await ask(running, running.certificates.caller)).status, 200)
  t.ok(headers(running).includes('x-caller: no name'))
})

t.test('replaced files serve the next connection, those that stand go on', async (t) => {
  const running = await start(t)
  const standing = dial(running)
  standing.write(request)
  await once(standing, 'data')
  const before = standing.getPeerX509Certificate()?.fingerprint256

  const next = makeCertificates()
  running.leaks.forbid(next.key)
  running.write(next)
  t.ok(running.reload(running.text).ok)
  const fresh = dial(running, { ca: next.ca })
  await once(fresh, 'secureConnect')
  t.not(fresh.getPeerX509Certificate()?.fingerprint256, before)
  fresh.destroy()
  standing.write(last)
  t.match(await readAll(standing), /^HTTP\/1.1 200/)
  t.equal((await ask({ ...running, certificates: next })).status, 200)
})

t.test('authorities that were replaced end the right to resume, too', async (t) => {
  const running = await start(t, { asks: true })
  const { caller } = running.certificates
  const first = dial(running, { ...caller, maxVersion: 'TLSv1.2' })
  first.write(request)
  await once(first, 'data')
  const session = first.getSession()
  first.destroy()
  const again = dial(running, { ...caller, maxVersion: 'TLSv1.2', session })
  await once(again, 'secureConnect')
  t.ok(again.isSessionReused(), 'sessions are resumed')
  again.destroy()

  const next = makeCertificates()
  running.write(next)
  t.ok(running.reload(running.text).ok)
  const late = dial(running, { ...caller, ca: next.ca, maxVersion: 'TLSv1.2', session })
  late.write(last)
  t.equal(await readAll(late), '')
})

t.test('files that do not fit one another change nothing', async (t) => {
  const running = await start(t)
  const next = makeCertificates()
  running.write({ ...running.certificates, cert: next.cert })
  t.match(running.reload(running.text), {
    ok: false,
    problem: [{ key: 'inbound.listen.tls.key', message: /is not the key of `cert`/ }],
  })
  t.equal((await ask(running)).status, 200)
})

t.test('TLS comes and goes with a restart', async (t) => {
  const running = await start(t)
  t.ok(running.reload(running.yaml('')).ok)
  await running.logged(({ msg }) => /inbound.listen changed/.test(String(msg)))
  t.equal((await ask(running)).status, 200, 'still TLS')
  t.ok(running.reload(running.yaml(running.named(['cert', 'key', 'clientCa']))).ok)
  t.equal((await ask(running)).status, 200, 'and nobody is asked for a certificate')
})

t.test(
  'a reload that has to wait for a restart keeps the newest files, not the first',
  async (t) => {
    const running = await start(t, { asks: true })
    const { caller } = running.certificates
    const next = makeCertificates()
    running.write(next)
    t.ok(running.reload(running.text).ok)
    const renewed = { ...running, certificates: next }
    t.equal((await ask(renewed, next.caller)).status, 200)
    t.ok(running.reload(running.yaml(running.named(['cert', 'key']))).ok)
    await running.logged(({ msg }) => /inbound.listen changed/.test(String(msg)))
    t.equal((await ask(renewed, next.caller)).status, 200)
    const withdrawn = dial(renewed, caller)
    withdrawn.write(last)
    t.equal(await readAll(withdrawn), '', 'what was withdrawn stays out')
  },
)

t.test('an offer of h2c over TLS is ignored: the request is served', async (t) => {
  const running = await start(t)
  const socket = dial(running)
  socket.write(request.replace('\r\n\r\n', '\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n'))
  const [head] = (await once(socket, 'data')) as [Buffer]
  t.match(head.toString(), /^HTTP\/1.1 200/)
  socket.write(last)
  t.match(await readAll(socket), /^HTTP\/1.1 200/)
})

t.test('connections without a handshake are counted', async (t) => {
  const running = await start(t)
  const silent = net.connect(running.inbound, '127.0.0.1')
  await once(silent, 'connect')
  const shown = /scopegate_connections\{direction="inbound"\} (\d+)/
  let count: string | undefined
  while (count !== '1') count = shown.exec((await running.metrics.render(undefined)).text)?.[1]
  t.equal(count, '1')
  silent.destroy()
})

t.test('the end of a certificate is a metric, and a line of the log when it is near', async (t) => {
  const running = await start(t)
  const { text } = await running.metrics.render(undefined)
  const [, at] =
    /scopegate_tls_certificate_expiry_timestamp_seconds\{listener="inbound"\} (\d+)/.exec(text) ??
    []
  t.ok(Math.abs(Number(at) - Date.now() / 1000 - 2 * 86_400) < 3600)
  await running.logged(({ msg }) => msg === 'the certificate of a listener ends soon')

  const late = await start(t, { clock: () => seconds(Date.now() / 1000 + 3 * 86_400) })
  const line = await late.logged(({ msg }) => msg === 'the certificate of a listener has ended')
  t.match(line, { level: 'error', direction: 'inbound' })
  const early = await start(t, { clock: () => seconds(Date.now() / 1000 - 30 * 86_400) })
  t.notOk(
    early.log.some(({ msg }) => /certificate/.test(String(msg))),
    'nor long before',
  )
})

t.test('the end does not wait for connections without a handshake', async (t) => {
  const running = await start(t)
  const silent = net.connect(running.inbound, '127.0.0.1')
  await once(silent, 'connect')
  const idle = dial(running)
  idle.write(request)
  await once(idle, 'data')
  await Promise.all([running.proxy.stop(), closed(silent), closed(idle)])
})

t.test('an answer that is cut has no proper end, not even for HTTP/1.0', async (t) => {
  const running = await start(t, {
    answer: (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n')
      setTimeout(() => socket.destroy(), 20)
    },
  })
  const socket = dial(running)
  const events: string[] = []
  for (const event of ['end', 'error', 'close']) socket.on(event, () => events.push(event))
  socket.write('GET /open/a HTTP/1.0\r\nHost: a\r\n\r\n')
  t.match(await readAll(socket), /^HTTP\/1.1 200[^]*ok$/)
  t.same(events, ['error', 'close'])
})

t.test('a reader that takes nothing is cut', async (t) => {
  const running = await start(t, {
    more: '  limits: { bodyIdleTimeout: 300ms }',
    answer: (socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${2 ** 26}\r\n\r\n`)
      socket.write(Buffer.alloc(2 ** 26))
    },
  })
  const socket = dial(running)
  socket.write(request)
  socket.pause()
  t.match(await running.logged(({ msg }) => msg === 'request'), { reason: 'request_timeout' })
})

t.test('WebSockets run over TLS', async (t) => {
  const echo = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  await once(echo, 'listening')
  t.teardown(() => {
    for (const socket of echo.clients) socket.terminate()
    echo.close()
  })
  echo.on('connection', (socket) => {
    socket.send('hi')
  })
  const running = await start(t, { port: (echo.address() as net.AddressInfo).port })
  const socket = new WebSocket(`wss://localhost:${running.inbound}/open/a`, {
    ca: running.certificates.ca,
  })
  const [message] = (await once(socket, 'message')) as [Buffer]
  t.equal(message.toString(), 'hi')
  socket.terminate()
})

t.test('what is in flight outlives the connections without a handshake', async (t) => {
  let finish: (() => void) | undefined
  const running = await start(t, {
    answer: (socket) => {
      finish = () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
    },
  })
  const silent = net.connect(running.inbound, '127.0.0.1')
  const socket = dial(running)
  socket.write(request)
  const answer = readAll(socket)
  await eventually(() => finish !== undefined)
  const stopped = running.proxy.stop()
  await closed(silent)
  finish?.()
  t.match(await answer, /ok$/)
  await stopped
})
