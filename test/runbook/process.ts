/** Starts, reloads and ends that do not go as somebody expected. */
import { writeFileSync } from 'node:fs'
import net from 'node:net'
import { join } from 'node:path'
import type { Test } from 'tap'
import { check } from '../../src/commands/check.ts'
import { run } from '../../src/commands/run.ts'
import { seconds, systemClock } from '../../src/units.ts'
import { type FakeIo, fakeIo } from '../commands/support.ts'
import { makeCertificates } from '../support/certificates.ts'
import { folderWith } from '../support/command.ts'
import { startScene } from '../support/scene.ts'
import { exchangeRaw, parseAnswer, readAll, startRawUpstream } from '../support/wire.ts'
import { dial, eventually } from '../wire/support.ts'
import { type Failures, quoteOf } from './happened.ts'
import { ask, metricsOf, pool, saying, startApi } from './support.ts'

const tls = '{ host: 127.0.0.1, port: 0, tls: { cert: tls.crt, key: tls.key } }'
const yamlFor = (
  upstream: number | string,
  listen = '127.0.0.1:0',
  more = '',
): string => `version: 1
issuers: { app: { userPoolId: ${pool}, endpoint: "http://127.0.0.1:1", required: false } }
inbound:
  listen: ${listen}
  upstream: http://127.0.0.1:${upstream}
  routes:
    - { path: /export/**, methods: [GET], scopes: app-api/export${more} }
admin: { listen: 127.0.0.1:0 }
`

/** `scopegate run` in this process, stopped when the test ends. */
async function running(t: Test, io: FakeIo, config: string) {
  const ended = run({ name: 'run', config }, io.io)
  t.teardown(() => {
    io.signal('SIGTERM')
    return ended
  })
  await Promise.race([io.said(/"msg":"started"/), ended])
  const started = io.log.find(saying('started')) ?? {}
  const port = (name: string) => Number(new URL(String(started[name])).port)
  return { inbound: port('inbound'), admin: port('admin') }
}

const metricsAt = async (port: number): Promise<string> =>
  (await exchangeRaw(port, 'GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')).body

export const processFailures: Failures = {
  async 'A new configuration is refused'(t) {
    const { cert, key } = makeCertificates()
    const folder = folderWith(t, { 'tls.crt': cert, 'tls.key': key })
    const config = join(folder, 'proxy.config.yaml')
    const good = yamlFor(3000, tls)
    const put = (text: string) => {
      writeFileSync(config, text)
    }
    put(good)
    const io = fakeIo(t)
    const { admin } = await running(t, io, config)
    put(good.replace('  upstream', '   upstream'))
    io.signal('SIGHUP')
    await io.said(/configuration refused/)
    const refused = io.log.find(({ level }) => level === 'error') ?? {}
    const metrics = await metricsAt(admin)

    const printed: string[] = []
    const checked = async (): Promise<void> => {
      const { io: own, out } = fakeIo(t)
      t.equal(await check({ name: 'check', config, json: false, online: false }, own), 1)
      printed.push(out())
    }
    put(good.replace('127.0.0.1:3000', '${API_ADDRESS}'))
    await checked()
    put(good)
    writeFileSync(join(folder, 'tls.crt'), makeCertificates().cert)
    await checked()
    return { quotes: [quoteOf(refused), printed.join('')], metrics }
  },

  async 'The port is in use'(t) {
    const { port } = await startRawUpstream(t)
    const io = fakeIo(t, { env: { CONFIG: yamlFor(3000, `127.0.0.1:${port}`) } })
    t.equal(await run({ name: 'run', config: 'env:CONFIG' }, io.io), 3)
    return { quotes: [io.err()] }
  },

  async 'TLS of a listener fails'(t) {
    const { cert, key } = makeCertificates()
    const folder = folderWith(t, { 'tls.crt': cert, 'tls.key': key })
    const yaml = yamlFor(3000, tls.replace(/tls\.(?=crt|key)/g, `${folder}/tls.`))
    const nextWeek = () => seconds(systemClock() + 7 * 86_400)
    const scene = await startScene(t, yaml, { clock: nextWeek })
    const ended = await scene.logged(saying('the certificate of a listener has ended'))
    const plain = net.connect(scene.inbound, '127.0.0.1')
    plain.write('GET /export/1 HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await readAll(plain)
    const failed = await scene.logged(saying('TLS handshake failed'))
    return { quotes: [ended, failed].map(quoteOf), metrics: await metricsOf(scene) }
  },

  async 'Report mode was forgotten'(t) {
    const { port } = await startRawUpstream(t)
    const yaml = yamlFor(port, '127.0.0.1:0', ', mode: report')
    const config = join(folderWith(t, { 'proxy.config.yaml': yaml }), 'proxy.config.yaml')
    const io = fakeIo(t)
    const { inbound, admin } = await running(t, io, config)
    t.equal((await ask(io, inbound, 'GET /export/1')).status, 200, 'without any token')
    await io.said(/"msg":"request"/)
    const quotes = io.log.filter(({ msg }) => msg === 'configuration' || msg === 'request')
    return { quotes: quotes.map(quoteOf), metrics: await metricsAt(admin) }
  },

  async 'Requests are cut when it ends'(t) {
    const upstream = await startRawUpstream(t, () => undefined)
    const api = await startApi(t, {
      upstream: `http://127.0.0.1:${upstream.port}`,
      rest: 'shutdown: { delay: 0s, timeout: 100ms }\n',
      keepRunning: true,
    })
    const slow = dial(api.inbound)
    slow.write('GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await eventually(() => upstream.received.length > 0)
    const answer = readAll(slow)
    await api.proxy.stop()
    const quotes = api.log.filter(({ msg }) => !/^(?:keys|shut|started)/.test(String(msg)))
    const cut = api.log.filter(({ msg }) => String(msg).startsWith('shutdown.timeout'))
    return {
      quotes: [...cut, ...quotes.filter(saying('request'))].map(quoteOf),
      answers: [parseAnswer(await answer)],
      metrics: await metricsOf(api),
    }
  },
}
