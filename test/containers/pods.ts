/**
 * The overlay for both directions, played as pods: issuer, token endpoint and the other API are on another machine,
 * the one that owns the bridge. podman 4.3 knows no native sidecars and runs no lifecycle hooks: the sidecar stands in
 * `containers`, and the test sends what the kubelet sends, in its order.
 */
import { once } from 'node:events'
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { ask, base64, bearer, play, startCluster, startWorld, yamlFor } from './cluster.ts'
import { inspect, podman, printed, seconds, until } from './podman.ts'
import type { Manifest } from './render.ts'

/** `open`, or why not. */
async function knock(address: string, port: number): Promise<string> {
  const socket = net.connect(port, address)
  try {
    await once(socket, 'connect')
    return 'open'
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code)
  } finally {
    socket.destroy()
  }
}

t.before(() => startCluster(t))

t.test('the API is reached through Scopegate alone, and calls others with a token', async (t) => {
  const world = await startWorld(t)
  const { address, name } = await play(t, yamlFor(world.url))
  t.equal(await knock(address, 3000), 'ECONNREFUSED', 'the API')
  t.equal(await knock(address, 8081), 'ECONNREFUSED', 'outbound')
  t.equal((await ask(address, '/status')).body, 'well\n')
  t.equal((await ask(address, '/export/1')).status, 401)
  const token = await bearer(world.url)
  t.same(await ask(address, '/export/1', token), { status: 200, body: 'GET /export/1 for abc\n' })

  t.same(await ask(address, '/invoices/7', token), { status: 200, body: 'billing has /invoices/7' })
  t.equal(world.seen.find(({ url }) => url === '/invoices/7')?.authorization, 'Bearer bought')
  // podman 4.3 writes into the file what stands in the manifest, without decoding it
  const basic = base64(`w:${base64('change-me')}`)
  t.equal(world.seen.find(({ url }) => url === '/token')?.authorization, `Basic ${basic}`)

  t.equal((await ask(address, '/metrics', {}, 9901)).status, 200)
  t.equal((await ask(address, '/status', {}, 9901)).status, 403)
  t.notMatch(await printed(`${name}-scopegate`), base64('change-me'))
})

t.test('a changed ConfigMap changes the rules, without a restart', async (t) => {
  const world = await startWorld(t)
  const { address, name } = await play(t, yamlFor(world.url))
  const token = await bearer(world.url)
  type Running = { State: { Pid: number }; RestartCount: number }
  const before = await inspect<Running>(`${name}-scopegate`)
  const [volume] = JSON.parse(await podman('volume', 'inspect', 'legacy-api-scopegate')) as [
    { Mountpoint: string },
  ]
  const status = async (path: string) => (await ask(address, path, token)).status

  // as the kubelet does it: a new folder, then one link that is swapped
  const swap = (version: string, yaml: string): void => {
    const at = (file: string) => join(volume.Mountpoint, file)
    mkdirSync(at(version))
    writeFileSync(at(`${version}/proxy.config.yaml`), yaml)
    symlinkSync(version, at('..data_tmp'))
    renameSync(at('..data_tmp'), at('..data'))
  }
  for (const [version, path] of [
    ['..1', '/reports'],
    ['..2', '/orders'],
  ] as const) {
    t.equal(await status(path), 403, `${path} is not a route yet`)
    const route = `    - { path: ${path}, methods: [GET], scopes: app-api/export }`
    swap(version, yamlFor(world.url, route))
    if (version === '..1') {
      const file = join(volume.Mountpoint, 'proxy.config.yaml')
      symlinkSync('..data/proxy.config.yaml', `${file}.link`)
      renameSync(`${file}.link`, file)
    }
    await until(
      async () => (await status(path)) === 200,
      () => printed(`${name}-scopegate`),
    )
  }
  t.equal(await status('/reports'), 403, 'what is no longer written is no longer allowed')
  const after = await inspect<Running>(`${name}-scopegate`)
  t.same(
    [after.State.Pid, after.RestartCount],
    [before.State.Pid, before.RestartCount],
    'it is the same process',
  )
})

/** The kubelet's way to end a pod: told to end, a container first runs its hook, if it has one. */
type End = (api: () => Promise<unknown>, proxy: () => Promise<unknown>) => Promise<unknown>
const ends: Readonly<Record<string, End>> = {
  'of a native sidecar, which ends after the API': async (api, proxy) => {
    await api()
    await proxy()
  },
  'before Kubernetes 1.29, where all end at once': (api, proxy) => Promise.all([api(), proxy()]),
}

for (const [kind, end] of Object.entries(ends))
  t.test(`a rolling update under load loses no request: ${kind}`, async (t) => {
    const world = await startWorld(t)
    const old = await play(t, yamlFor(world.url))
    const load = startLoad([old.address], await bearer(world.url))
    const fresh = await play(t, yamlFor(world.url), '-next')
    load.turnTo([old.address, fresh.address])
    await until(
      () => Promise.resolve((load.counts.get(fresh.address) ?? 0) > 50),
      () => printed(`${fresh.name}-scopegate`),
    )
    const api = async () => {
      await podman('exec', `${old.name}-legacy-api`, ...preStopOf(old.manifests))
      await podman('stop', '--time', '20', `${old.name}-legacy-api`)
    }
    const ended = end(api, () => podman('stop', '--time', '30', `${old.name}-scopegate`))
    // the cluster notices a second later, and sends new requests elsewhere
    await seconds(1)
    load.turnTo([fresh.address])
    await ended
    t.same(await load.stop(), [], 'no request was lost')
    t.comment(`requests: ${[...load.counts.values()].join(' to the old pod, ')} to the new one`)
    for (const part of ['scopegate', 'legacy-api']) {
      const { State } = await inspect<{ State: { ExitCode: number } }>(`${old.name}-${part}`)
      t.equal(State.ExitCode, 0, `${part} ended by itself`)
    }
  })

/** Eight callers that ask these addresses in turn; `stop` tells what was not answered as it should be. */
function startLoad(first: readonly string[], token: Readonly<Record<string, string>>) {
  let addresses = first
  let isOver = false
  const counts = new Map<string, number>()
  const lost: string[] = []
  const callers = Array.from({ length: 8 }, async (_, worker) => {
    for (let turn = worker; !isOver; turn++) {
      const address = addresses[turn % addresses.length]!
      try {
        const { status, body } = await ask(address, `/export/${turn}`, token)
        if (status !== 200 || body !== `GET /export/${turn} for abc\n`)
          lost.push(`${status} ${body}`)
      } catch (error) {
        lost.push(String((error as Error).cause))
      }
      counts.set(address, (counts.get(address) ?? 0) + 1)
    }
  })
  return {
    counts,
    turnTo(next: readonly string[]): void {
      addresses = next
    },
    async stop(): Promise<readonly string[]> {
      isOver = true
      await Promise.all(callers)
      return lost
    },
  }
}

/** The command that the API runs before it is told to end. */
function preStopOf(manifests: readonly Manifest[]): readonly string[] {
  const text = JSON.stringify(manifests.find(({ kind }) => kind === 'Deployment'))
  const [, command = ''] = /"preStop":\{"exec":\{"command":(\[[^\]]+\])/.exec(text) ?? []
  return JSON.parse(command) as string[]
}
