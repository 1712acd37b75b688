/** The status page as the admin listener serves it: policy, form, events. */
import { once } from 'node:events'
import http from 'node:http'
import net from 'node:net'
import t, { type Test } from 'tap'
import { createAdmin } from '../../src/ops/admin.ts'
import { adminRefusal } from '../../src/ops/admin-guard.ts'
import { createMetrics } from '../../src/ops/metrics.ts'
import type { Parts } from '../../src/ops/page/document.ts'
import { createStreams, mostStreams } from '../../src/ops/page/streams.ts'
import type { Explanation } from '../../src/ops/status.ts'
import { ok } from '../../src/units.ts'
import { exampleStatus } from '../support/status.ts'
import { exchangeRaw } from '../support/wire.ts'

const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; " +
  "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

async function start(t: Test, hasInbound = true) {
  const listen = { kind: 'tcp', host: '127.0.0.1', port: 0 } as const
  const config = { listen, allowRemoteStatus: false, allowShutdown: false, hosts: [] }
  const asked: (readonly [string, string])[] = []
  const admin = createAdmin({
    config: () => ({ ...config, tokenPrices: [] }),
    metrics: createMetrics('1'),
    readiness: () => exampleStatus.readiness,
    status: () => exampleStatus,
    explain(request, scopes): Explanation | undefined {
      asked.push([request, scopes])
      return hasInbound ? { kind: 'unreadable', because: `<${request}>` } : undefined
    },
    reload: () => ok('a'),
    shutdown: () => undefined,
  })
  const started = await admin.start(listen)
  t.teardown(() => admin.stop())
  const port = started.ok ? Number(new URL(started.value).port) : 0
  const get = (path: string, method = 'GET') =>
    exchangeRaw(port, `${method} ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
  return { admin, port, asked, get }
}

t.test(
  'the page and what belongs to it come with a policy that allows nothing inline',
  async (t) => {
    const { get } = await start(t)
    const page = await get('/')
    t.equal(page.status, 200)
    t.match(page.headers, {
      ...{ 'content-type': 'text/html; charset=utf-8', 'content-security-policy': policy },
      ...{ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' },
    })
    t.ok(page.body.startsWith('<!doctype html>'))
    const own = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path = '']) => path)
    t.strictSame(own, ['/assets/icon.svg', '/assets/status.css', '/assets/status.js'])
    for (const [path, type, start] of [
      ['/assets/status.js', 'text/javascript; charset=utf-8', "'use strict'"],
      ['/assets/status.css', 'text/css; charset=utf-8', ':root {'],
      ['/assets/icon.svg', 'image/svg+xml', '<svg '],
    ] as const) {
      const asset = await get(path)
      t.match(asset.headers, { 'content-type': type, 'x-content-type-options': 'nosniff' })
      t.match(asset.headers['content-security-policy'], /^default-src 'none'; frame-ancestors/)
      t.ok(asset.body.startsWith(start), path)
    }
    t.equal((await get('/', 'HEAD')).status, 200)
    t.equal((await get('/assets/other.js')).status, 404)
    t.equal((await get('/', 'POST')).status, 404)
  },
)

t.test('the page is for those who may read /status, and for no other web page', (t) => {
  const local = {
    ...{ method: 'GET', peer: '127.0.0.1', host: 'localhost', origin: undefined },
    fetchSite: undefined,
  }
  const strict = { allowRemoteStatus: false, hosts: [] }
  for (const target of [
    '/',
    '/?request=/a',
    '/explain?request=/a',
    '/events',
    '/assets/status.js',
  ]) {
    t.equal(adminRefusal({ ...local, target }, strict), undefined)
    t.match(adminRefusal({ ...local, target, peer: '10.1.2.3' }, strict), /other machines/)
    t.match(adminRefusal({ ...local, target, host: 'evil.example' }, strict), /Host/)
    t.match(adminRefusal({ ...local, target, fetchSite: 'cross-site' }, strict), /web pages/)
  }
  t.end()
})

t.test('the form works without the script, and shows what was asked as text', async (t) => {
  const { get, asked } = await start(t)
  const page = await get('/?request=GET+%2Fexport%2F%3Cb%3E&scopes=a%20b')
  t.strictSame(asked, [['GET /export/<b>', 'a b']])
  t.match(page.body, 'value="GET /export/&#60;b&#62;"')
  t.match(page.body, 'value="a b"')
  t.match(page.body, '<p class="verdict warn">&#60;GET /export/&#60;b&#62;&#62;</p>')
  // nothing asked, or nonsense
  for (const query of ['', '?', '?request=', '?scopes=a', '?%', '?request'])
    t.match((await get(`/${query}`)).body, '<div id="answer" role="status"></div>', query)
})

t.test('the answer comes alone too, for the script', async (t) => {
  const { get } = await start(t)
  const answer = await get('/explain?request=GET+/a')
  t.equal(answer.status, 200)
  t.equal(answer.headers['content-type'], 'text/html; charset=utf-8')
  t.equal(answer.body, '<p class="verdict warn">&#60;GET /a&#62;</p>')
  t.equal((await get('/explain')).status, 404)
  const without = await start(t, false)
  t.equal((await without.get('/explain?request=GET+/a')).status, 404)
})

/** A connection that asked for events, once it has the first. */
async function listenTo(port: number): Promise<{ socket: net.Socket; text: string }> {
  const socket = net.connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  let text = ''
  socket.on('data', (piece) => {
    text += String(piece)
    if (text.includes('\n\n\r\n')) socket.emit('told')
  })
  socket.write('GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await once(socket, 'told')
  return { socket, text }
}

t.test('events begin with everything, and have the guards of every answer', async (t) => {
  const { port, get } = await start(t)
  const { socket, text } = await listenTo(port)
  t.match(text, /^HTTP\/1\.1 200 OK\r\n/)
  for (const header of ['content-type: text/event-stream', 'cache-control: no-store'])
    t.match(text, header)
  t.match(text, "content-security-policy: default-src 'none'")
  const [, data = ''] = /^data: (.*)$/m.exec(text) ?? []
  const { version, parts } = JSON.parse(data) as { version: string; parts: Parts }
  t.equal(version, '0.1.0')
  t.match(parts['inbound'], 'GET /export/**')
  socket.destroy()
  t.equal((await get('/events', 'HEAD')).status, 404)
})

t.test('so many may look at a time, and the end waits for none of them', async (t) => {
  const { admin, port, get } = await start(t)
  const all = await Promise.all(Array.from({ length: mostStreams }, () => listenTo(port)))
  const refused = await get('/events')
  t.equal(refused.status, 503)
  t.equal(refused.headers['retry-after'], '10')
  t.match(refused.headers['content-type'], /^application\/problem\+json/)
  const closed = all.map(({ socket }) => once(socket, 'close'))
  await Promise.all([admin.stop(), ...closed])
})

/** Streams whose time passes when the test says so. */
async function startStreams(t: Test) {
  let parts: Parts = { a: '1', b: '1' }
  const ticks = new Set<() => void>()
  const permission = { given: true }
  const streams = createStreams({
    version: '1',
    render: () => parts,
    repeat(run) {
      ticks.add(run)
      return () => ticks.delete(run)
    },
  })
  const responses: http.ServerResponse[] = []
  const server = http.createServer((_req, res) => {
    responses.push(res)
    if (!streams.open(res, { 'x-kept': 'yes' }, () => permission.given)) res.writeHead(503).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as net.AddressInfo
  return {
    permission,
    ...{ streams, responses, ticks },
    tick: (next: Parts): void => {
      parts = next
      for (const run of ticks) run()
    },
    open: async () => {
      const req = http.get({ port, host: '127.0.0.1', agent: false })
      req.on('error', () => undefined)
      const [res] = (await once(req, 'response')) as [http.IncomingMessage]
      res.on('error', () => undefined)
      return { req, res, event: reader(res) }
    },
  }
}

/** The next event, parsed. */
function reader(res: http.IncomingMessage): () => Promise<unknown> {
  let text = ''
  res.on('data', (piece: Buffer) => {
    text += String(piece)
    res.emit('told')
  })
  return async () => {
    while (!text.includes('\n\n')) await once(res, 'told')
    const end = text.indexOf('\n\n')
    const event = text.slice('data: '.length, end)
    text = text.slice(end + 2)
    return JSON.parse(event) as unknown
  }
}

t.test('each is told everything first, then what has changed', async (t) => {
  const { tick, open } = await startStreams(t)
  const { res, event } = await open()
  t.equal(res.headers['x-kept'], 'yes')
  t.strictSame(await event(), { version: '1', parts: { a: '1', b: '1' } })
  tick({ a: '1', b: '2' })
  t.strictSame(await event(), { version: '1', parts: { b: '2' } })
  tick({ a: '1', b: '2' })
  t.strictSame(await event(), { version: '1', parts: {} })
  const other = await open()
  t.strictSame(await other.event(), { version: '1', parts: { a: '1', b: '2' } })
  tick({ a: '3', b: '2', c: '1' })
  for (const told of [event, other.event])
    t.strictSame(await told(), { version: '1', parts: { a: '3', c: '1' } })
})

t.test('there is no clock when nobody looks', async (t) => {
  const { ticks, open, responses } = await startStreams(t)
  t.equal(ticks.size, 0)
  const one = await open()
  const two = await open()
  t.equal(ticks.size, 1)
  for (const [at, { req }] of [one, two].entries()) {
    req.destroy()
    await once(responses[at] ?? req, 'close')
    t.equal(ticks.size, at === 0 ? 1 : 0)
  }
  await (await open()).event()
  t.equal(ticks.size, 1)
})

t.test('for a reader that is slow nothing piles up, and later it gets what is new', async (t) => {
  const { tick, open, responses } = await startStreams(t)
  const { res, event } = await open()
  await event()
  res.pause()
  const [response] = responses
  const piece = 'x'.repeat(1024 * 1024)
  let count = 0
  while (response?.writableNeedDrain !== true) tick({ a: `${(count += 1)}${piece}` })
  const waiting = response.writableLength
  t.ok(waiting > 0)
  for (let more = 0; more < 50; more += 1) tick({ a: `${(count += 1)}${piece}` })
  t.equal(response.writableLength, waiting)
  const drained = once(response, 'drain')
  res.resume()
  let last: unknown
  const read = (async () => {
    while (JSON.stringify(last) !== '{"version":"1","parts":{"a":"new"}}') last = await event()
  })()
  await drained
  tick({ a: 'new' })
  await read
  t.strictSame(last, { version: '1', parts: { a: 'new' } })
})

t.test('after the end there are no events, and no streams begin', async (t) => {
  const { streams, tick, ticks, open } = await startStreams(t)
  const { res, event } = await open()
  await event()
  const ended = once(res.resume(), 'end')
  streams.close()
  t.equal(ticks.size, 0)
  tick({})
  await ended
  t.equal((await open()).res.statusCode, 503)
})

t.test('a permission that is taken back ends the stream', async (t) => {
  const { tick, ticks, open, permission } = await startStreams(t)
  const { res, event } = await open()
  await event()
  const ended = once(res.resume(), 'end')
  permission.given = false
  tick({})
  await ended
  t.equal(ticks.size, 0)
})

t.test('whoever went away before the stream began is not kept', (t) => {
  let repeats = 0
  const streams = createStreams({
    ...{ version: '1', render: () => ({}) },
    repeat: () => {
      repeats += 1
      return () => undefined
    },
  })
  const response = new http.ServerResponse(new http.IncomingMessage(new net.Socket()))
  response.destroy()
  for (let count = 0; count < 20; count += 1) t.ok(streams.open(response, {}, () => true))
  t.equal(repeats, 0)
  t.end()
})

t.test('the clock keeps no process alive', (t) => {
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
  const before = timers()
  const streams = createStreams({ version: '1', render: () => ({}) })
  const response = new http.ServerResponse(new http.IncomingMessage(new net.Socket()))
  t.ok(streams.open(response, {}, () => true))
  t.equal(timers(), before)
  response.emit('close')
  streams.close()
  t.end()
})
