/** `upstream.client: undici` passes the tests of what goes upstream and comes back, as our own client does. */
import t from 'tap'
import { openUndiciLine } from '../../src/proxy/undici.ts'
import { createPool } from '../../src/proxy/upstream-pool.ts'
import { configOf } from '../support/scene.ts'
import { startRawUpstream } from '../support/wire.ts'

process.env['UPSTREAM_CLIENT'] = 'undici'
await import('../wire/bodies.test.ts')
await import('../wire/retries.test.ts')
await import('../wire/upstream-faults.test.ts')
await import('../wire/outbound-401.test.ts')

t.test('a call that is given up before its connection stands hears nothing more', async (t) => {
  const raw = await startRawUpstream(t)
  const upstream = createPool(
    configOf(`version: 1
issuers: { app: { userPoolId: eu-central-1_a1B2c3D4e } }
inbound:
  listen: 127.0.0.1:0
  upstream: { url: "http://127.0.0.1:${raw.port}", client: undici }
  routes: [{ path: /a, authenticated: true }]
`).inbound!.upstream,
    openUndiciLine,
  )
  t.teardown(() => {
    upstream.close()
  })
  const heard: string[] = []
  const send = (name: string, done: () => void = () => undefined) => {
    const tell = (event: string) => (): void => {
      heard.push(`${name} ${event}`)
      done()
    }
    return upstream.send(
      { method: 'GET', target: '/', headers: ['Host', 'a'], body: undefined, fresh: true },
      {
        ...{ sending: () => undefined, interim: () => undefined, head: () => true },
        ...{ data: () => true, isTaken: () => true, end: tell('end'), failed: tell('failed') },
      },
    )
  }
  const givenUp = send('given up')
  givenUp.resume()
  givenUp.abort()
  await new Promise<void>((resolve) => send('next', resolve))
  t.strictSame(heard, ['next end'])
})
