/**
 * The overlay for both directions, played as pods: issuer, token endpoint and the other API are on another machine,
 * the one that owns the bridge. podman 4.3 knows no native sidecars and runs no lifecycle hooks: the sidecar stands in
 * `containers`, and the test sends what the kubelet sends, in its order.
 */
import { once } from 'node:events'
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, type ServerOptions } from 'node:https'
import net, { type AddressInfo } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { stringify } from 'yaml'
import { makeCertificates } from '../support/certificates.ts'
import { folderWith } from '../support/command.ts'
import { jwksOf, makeKey, mint } from '../support/issuer.ts'
import { inspect, podman, printed } from './podman.ts'
import { type Manifest, overlayOn, render } from './render.ts'

const gateway = '10.89.7.1'
const certificates = makeCertificates()
const key = makeKey('k1')
const seconds = (count: number) => new Promise((resolve) => setTimeout(resolve, count * 1000))

/** Issuer, token endpoint and the other API, over TLS, for whoever comes by the bridge. */
async function startWorld(t: Test) {
  const seen: { url: string; authorization: string }[] = []
  const options: ServerOptions = { cert: certificates.cert, key: certificates.key }
  const server = createServer(options, (req, res) => {
    const { url = '' } = req
    seen.push({ url, authorization: req.headers.authorization ?? '' })
    req.resume()
    if (url === '/keys') return void res.end(jwksOf(key))
    if (url === '/token')
      return void res
        .setHeader('content-type', 'application/json')
        .end(JSON.stringify({ access_token: 'bought', token_type: 'Bearer', expires_in: 3600 }))
    res.end(`billing has ${url}`)
  })
  server.listen(0, '0.0.0.0')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `https://${gateway}:${(server.address() as AddressInfo).port}`, seen }
}

const yamlFor = (world: string, more = ''): string => `version: 1
issuers:
  app:
    issuer: ${world}
    jwksUri: ${world}/keys
    audience: any
    algorithms: [ES256]
    tls: { ca: ca.pem, serverName: localhost }
inbound:
  listen: 0.0.0.0:8080
  upstream: http://127.0.0.1:3000
  routes:
    - { path: /export/**, methods: [GET], scopes: app-api/export }
    - { path: /invoices/**, methods: [GET], scopes: app-api/export }
    - { path: /status, methods: [GET], public: true }
${more}
clients:
  worker:
    tokenEndpoint: ${world}/token
    clientId: w
    clientSecret: { file: /run/secrets/scopegate/worker }
    tls: { ca: ca.pem, serverName: localhost }
outbound:
  listen: 127.0.0.1:8081
  routes:
    - { path: /billing, upstream: { url: '${world}', tls: { ca: ca.pem, serverName: localhost } } }
admin: { listen: 0.0.0.0:9901 }
shutdown: { delay: 2s, timeout: 20s }
`

type Pod = {
  readonly name: string
  readonly address: string
  readonly manifests: readonly Manifest[]
}

/** Renders our overlay with another configuration and plays it; resolves when the pod is ready. */
async function play(t: Test, yaml: string, suffix = ''): Promise<Pod> {
  const remove = (path: string) => ({ op: 'remove', path })
  const app = '/spec/template/spec/containers'
  const kustomization = {
    nameSuffix: suffix,
    images: [{ name: 'registry.example.com/scopegate', newName: 'localhost/scopegate' }],
    configMapGenerator: [
      {
        name: 'legacy-api-scopegate',
        behavior: 'replace',
        files: ['proxy.config.yaml', 'ca.pem'],
        options: { disableNameSuffixHash: true },
      },
    ],
    patches: [
      {
        target: { kind: 'Deployment' },
        patch: stringify([
          { op: 'replace', path: '/spec/replicas', value: 1 },
          // podman would open them on the machine, and two pods want the same
          remove(`${app}/0/ports`),
          remove(`${app}/1/ports`),
          { op: 'replace', path: `${app}/0/lifecycle/preStop/exec/command/1`, value: '4' },
          // podman 4.3 leaves an optional volume out, there or not
          { op: 'replace', path: '/spec/template/spec/volumes/1/secret/optional', value: false },
        ]),
      },
    ],
  }
  const files = { 'proxy.config.yaml': yaml, 'ca.pem': certificates.ca }
  const manifests = render(overlayOn(t, 'both-before-1.29', kustomization, files))
  const played = manifests.filter(({ kind }) => playable.includes(kind)).map(encoded)
  const folder = folderWith(t, { 'pods.yaml': played.map((one) => stringify(one)).join('---\n') })
  const file = join(folder, 'pods.yaml')
  const name = `legacy-api${suffix}-pod-0`
  await podman('kube', 'play', '--network', 'cluster', file)
  t.teardown(async () => {
    await podman('pod', 'kill', name).catch(() => undefined)
    await podman('kube', 'down', file)
    await podman('volume', 'prune', '--force')
    await podman('secret', 'rm', '--all')
  })
  const { InfraContainerID } = JSON.parse(await podman('pod', 'inspect', name)) as {
    InfraContainerID: string
  }
  const { NetworkSettings } = await inspect<{
    NetworkSettings: { Networks: Record<string, { IPAddress: string }> }
  }>(InfraContainerID)
  const address = NetworkSettings.Networks['cluster']!.IPAddress
  const isReady = async () => (await ask(address, '/readyz', {}, 9901)).status === 200
  await until(isReady, () => printed(`${name}-scopegate`))
  return { name, address, manifests }
}

const playable = ['ConfigMap', 'Secret', 'Deployment']

const base64 = (text: string): string => Buffer.from(text).toString('base64')

/** A Secret as the API server has it; podman does not read `stringData`. */
function encoded(manifest: Manifest): Manifest {
  const { stringData, ...rest } = manifest as Manifest & { stringData?: Record<string, string> }
  if (stringData === undefined) return manifest
  const data = Object.entries(stringData).map(([name, text]) => [name, base64(text)])
  return { ...rest, data: Object.fromEntries(data) as unknown }
}

/** Asks again and again; after half a minute `instead` says what is wrong. */
async function until(holds: () => Promise<boolean>, instead: () => Promise<string>): Promise<void> {
  for (const end = Date.now() + 30_000; !(await holds().catch(() => false)); await seconds(0.05))
    if (Date.now() > end) throw new Error(await instead())
}

async function ask(
  address: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  port = 8080,
): Promise<{ status: number; body: string }> {
  const answer = await fetch(`http://${address}:${port}${path}`, { headers })
  return { status: answer.status, body: await answer.text() }
}

async function bearer(iss: string): Promise<{ authorization: string }> {
  const now = Math.floor(Date.now() / 1000)
  const claims = { iss, sub: 'abc', client_id: 'abc', iat: now, exp: now + 600 }
  return { authorization: `Bearer ${await mint(key, { ...claims, scope: 'app-api/export' })}` }
}

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

t.before(() => podman('network', 'create', '--subnet', '10.89.7.0/24', 'cluster'))
t.teardown(() => podman('network', 'rm', '--force', 'cluster'))

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
  t.notMatch(await printed(`${name}-scopegate`), 'change-me')
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
