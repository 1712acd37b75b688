/** Whether callers can go around us: where an upstream on loopback answers besides. */
import { once } from 'node:events'
import net from 'node:net'
import t, { type Test } from 'tap'
import { watchExposure } from '../../src/commands/exposure-watch.ts'
import { createLog } from '../../src/ops/log.ts'
import { exposureWarnings, findExposed } from '../../src/ops/exposure.ts'
import { milliseconds } from '../../src/units.ts'
import { configOf } from '../support/config.ts'
import { logConfig } from '../support/log.ts'

async function startApi(t: Test, host: string, port = 0): Promise<number> {
  const server = net.createServer().listen(port, host)
  await once(server, 'listening')
  t.teardown(() => server.close())
  return (server.address() as net.AddressInfo).port
}

const configFor = (upstream: string, listen = '127.0.0.1:8080') =>
  configOf(`version: 1
inbound:
  listen: ${listen}
  upstream: ${upstream}
  routes: [{ path: /a, methods: [GET], public: true }]
`)

// another address of this host that only this host has
const others = () => ['127.0.0.2']

t.test('an API on loopback alone is found nowhere else', async (t) => {
  const port = await startApi(t, '127.0.0.1')
  t.strictSame(await findExposed(configFor(`http://127.0.0.1:${port}`), others), [])
  t.strictSame(await findExposed(configFor(`http://127.0.0.1:${port}`)), [], 'by its own addresses')
})

t.test('an API on every address is told, with port', async (t) => {
  const port = await startApi(t, '0.0.0.0')
  for (const host of ['127.0.0.1', 'localhost'])
    t.strictSame(await findExposed(configFor(`http://${host}:${port}`), others), [
      `127.0.0.2:${port}`,
    ])
  const everywhere = await findExposed(configFor(`http://127.0.0.1:${port}`))
  for (const address of everywhere) t.match(address, new RegExp(`:${port}$`))
})

t.test('check tells the same as warnings', async (t) => {
  const port = await startApi(t, '0.0.0.0')
  t.match(await exposureWarnings(configFor(`http://127.0.0.1:${port}`), others), [
    { key: 'inbound.upstream', message: new RegExp(`also answers at 127.0.0.2:${port}$`) },
  ])
})

t.test('IPv6 addresses are written as such', async (t) => {
  const port = await startApi(t, '::1')
  t.strictSame(await findExposed(configFor(`http://[::1]:${port}`), () => ['::1']), [
    `[::1]:${port}`,
  ])
})

t.test('what is not ours to look at is left alone', async (t) => {
  const port = await startApi(t, '0.0.0.0')
  t.strictSame(await findExposed({ inbound: undefined }, others), [])
  t.strictSame(await findExposed(configFor(`http://api.example:${port}`), others), [])
  const same = configFor(`http://127.0.0.1:${port}`, `192.0.2.1:${port}`)
  t.strictSame(await findExposed(same, others), [], 'our own listener has the port')
  t.strictSame(await findExposed(configFor('http://127.0.0.1'), () => ['192.0.2.1']), [], 'silence')
})

t.test('an address without a port has that of its scheme', async (t) => {
  const asked = async (upstream: string) => {
    const found = await findExposed(configFor(upstream), () => ['127.0.0.9'])
    return found
  }
  for (const upstream of ['http://127.0.0.1', 'https://127.0.0.1'])
    t.strictSame(await asked(upstream), [], upstream)
  const own = configFor('https://127.0.0.1', '192.0.2.1:443')
  t.strictSame(await findExposed(own, () => t.fail('asked') as never), [])
})

t.test('a host that does not tell its addresses is no fault', async (t) => {
  const log = createLog({
    config: logConfig(),
    random: () => 0,
    destination: { write: () => t.fail('a line') },
  })
  let looks = 0
  const watch = watchExposure(configFor('http://127.0.0.1:9'), log, milliseconds(60_000), () => {
    looks += 1
    throw new Error('not here')
  })
  await new Promise((resolve) => setImmediate(resolve))
  watch.close()
  t.equal(looks, 1)
})

t.test('the log warns, also when the API starts later', async (t) => {
  const lines: Record<string, unknown>[] = []
  let told!: () => void
  const telling = new Promise<void>((resolve) => (told = resolve))
  const log = createLog({
    config: logConfig(),
    random: () => 0,
    destination: {
      write(line) {
        lines.push(JSON.parse(line) as Record<string, unknown>)
        told()
      },
    },
  })
  const port = await startApi(t, '127.0.0.1')
  const config = configFor(`http://127.0.0.1:${port}`)
  let looks = 0
  const watch = watchExposure(config, log, milliseconds(1), () => {
    looks += 1
    return looks === 1 ? [] : ['127.0.0.1']
  })
  const alive = setInterval(() => undefined, 1000)
  await telling
  clearInterval(alive)
  watch.close()
  t.match(lines, [{ level: 'warn', addresses: [`127.0.0.1:${port}`] }])
  t.equal(looks, 2)
})
