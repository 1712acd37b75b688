/**
 * The image that `deploy/image/build` made, run as docs/container.md says: read-only, without capabilities or new
 * privileges, not as root. Upstream, issuer and token endpoint are on the same loopback.
 */
import { once } from 'node:events'
import { chmodSync, readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { join, relative } from 'node:path'
import t, { type Test } from 'tap'
import { folderWith } from '../support/command.ts'
import { jwksOf, makeKey, mint } from '../support/issuer.ts'
import { parseAnswer, readAll } from '../support/wire.ts'
import { answers, startEndpoint } from '../tokens/endpoint.ts'
import { inspect, podman, printed, said, startContainer } from './podman.ts'

const image = 'localhost/scopegate:latest'
const base = /^ARG NODE_IMAGE=(.*)$/m.exec(readFileSync('Dockerfile', 'utf8'))?.[1] ?? ''
const hardened = ['--read-only', '--read-only-tmpfs=false', '--cap-drop=ALL']
const secret = 'hushFromAMountedFile'
const iss = 'https://issuer.example'
const key = makeKey('k1')

const yamlFor = (upstream: number, tokenEndpoint: string): string => `version: 1
issuers:
  app: { issuer: '${iss}', jwks: { file: keys.json }, audience: any, algorithms: [ES256] }
inbound:
  listen: 127.0.0.1:8080
  upstream: http://127.0.0.1:${upstream}
  routes:
    - { path: /status, methods: [GET], public: true }
    - { path: /export/**, methods: [GET], scopes: app-api/export }
clients:
  worker: { tokenEndpoint: '${tokenEndpoint}', clientId: w, clientSecret: { file: /run/secrets/worker } }
outbound:
  listen: 127.0.0.1:8081
  routes: [{ path: /app-api, upstream: 'http://127.0.0.1:${upstream}' }]
`

/** An upstream that tells which headers it saw; `/export/slow` is answered when it is let go. */
async function startUpstream(t: Test) {
  const held: (() => void)[] = []
  const server = createServer((req, res) => {
    const answer = (): void => void res.end(JSON.stringify({ url: req.url, headers: req.headers }))
    if (req.url === '/export/slow') {
      held.push(answer)
      server.emit('held')
    } else answer()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const release = (): void => {
    for (const answer of held) answer()
  }
  return { port: (server.address() as AddressInfo).port, held: () => once(server, 'held'), release }
}

/** A folder that another user may read. */
function mountable(t: Test, files: Readonly<Record<string, string>>): string {
  const folder = folderWith(t, files)
  chmodSync(folder, 0o755)
  return folder
}

/** The image with upstream, token endpoint and mounted files, once it is ready. */
async function startScopegate(t: Test) {
  const upstream = await startUpstream(t)
  const endpoint = await startEndpoint(
    answers({ access_token: 'a-token', token_type: 'Bearer', expires_in: 3600 }),
  )
  t.teardown(() => endpoint.close())
  const folder = mountable(t, {
    'proxy.config.yaml': yamlFor(upstream.port, endpoint.url),
    'keys.json': jwksOf(key),
  })
  const secrets = mountable(t, { worker: `${secret}\n` })
  const mounts = [`${folder}:/etc/scopegate:ro`, `${secrets}:/run/secrets:ro`]
  await startContainer(t, 'scopegate', [
    ...hardened,
    '--security-opt=no-new-privileges',
    '--network=host',
    ...mounts.flatMap((mount) => ['--volume', mount]),
    image,
  ])
  await said('scopegate', /"msg":"started"/)
  return { upstream, endpoint }
}

async function tokenWith(scope: string): Promise<Record<string, string>> {
  const now = Math.floor(Date.now() / 1000)
  const claims = { iss, sub: 'abc', client_id: 'abc', iat: now, exp: now + 600, scope }
  return { authorization: `Bearer ${await mint(key, claims)}` }
}

/** Paths of all files below a folder, from there. */
const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))

t.test(
  'it adds less than 200 MB to its base, and nothing that production does not need',
  async (t) => {
    const sizes = await Promise.all(
      [image, base].map(async (name) => (await inspect<{ Size: number }>(name)).Size),
    )
    const added = (sizes[0] as number) - (sizes[1] as number)
    t.ok(added > 0 && added < 200e6, `${added} bytes`)
    t.comment(`${Math.round(added / 1e5) / 10} MB above the base`)

    const mounted = await Promise.all([image, base].map((name) => podman('image', 'mount', name)))
    t.teardown(() => podman('image', 'unmount', '--all'))
    const [files, before] = mounted.map(filesBelow) as [string[], string[]]
    const known = new Set(before)
    // what buildah leaves where it mounts its own
    const mountPoints = ['etc/hosts', 'etc/resolv.conf', 'run/.containerenv']
    const fresh = files.filter((file) => !known.has(file) && !mountPoints.includes(file))
    const needed =
      /^opt\/scopegate\/(?:package\.json|proxy\.config\.schema\.json|LICENSE|deploy\/cloudformation\/[^/]+\.yaml|dist\/[^/]+\.js(?:\.map)?|compiled\/.+|licenses\/.*licen[cs]e[^/]*)$/i
    t.same(
      fresh.filter((file) => !needed.test(file)),
      [],
    )
    for (const part of ['dist/main.js', 'package.json', 'LICENSE'])
      t.ok(fresh.includes(`opt/scopegate/${part}`), part)
  },
)

t.test(
  'it runs as user 1000 with no capability, no way to gain one, and nothing to write to',
  async (t) => {
    await startScopegate(t)
    const { State } = await inspect<{ State: { Pid: number } }>('scopegate')
    const status = readFileSync(`/proc/${State.Pid}/status`, 'utf8')
    const field = (name: string) => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1]
    t.equal(field('Uid'), '1000\t1000\t1000\t1000')
    t.equal(field('Gid'), '1000\t1000\t1000\t1000')
    for (const name of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])
      t.match(field(name), /^0+$/, name)
    t.equal(field('NoNewPrivs'), '1')
    const paths = [
      '/',
      '/tmp',
      '/run',
      '/opt/scopegate',
      '/opt/scopegate/compiled',
      '/etc/scopegate',
    ]
    const tried = `let wrote = []
for (const path of ${JSON.stringify(paths)})
  try { fs.writeFileSync(path + '/file', ''); wrote.push(path) } catch {}
console.log(JSON.stringify(wrote))`
    t.equal(await podman('exec', 'scopegate', 'node', '-e', tried), '[]')
  },
)

t.test('its health check is content once it is ready', async (t) => {
  await startScopegate(t)
  // it serves before its first token is there
  const main = ['node', '/opt/scopegate/dist/main.js']
  const config = '/etc/scopegate/proxy.config.yaml'
  await podman('exec', 'scopegate', ...main, 'wait', '--timeout', '30s', '-c', config)
  await podman('healthcheck', 'run', 'scopegate')
  const { State } = await inspect<{ State: { Health: { Status: string } } }>('scopegate')
  t.equal(State.Health.Status, 'healthy')
})

t.test(
  'requests pass or are refused, and the secret of a mounted file gets the token',
  async (t) => {
    const { endpoint } = await startScopegate(t)
    const inbound = (path: string, headers: Record<string, string> = {}) =>
      fetch(`http://127.0.0.1:8080${path}`, { headers })
    t.equal((await inbound('/status')).status, 200)
    t.equal((await inbound('/export/1')).status, 401)
    t.equal((await inbound('/export/1', await tokenWith('app-api/upload'))).status, 403)
    const allowed = await inbound('/export/1', await tokenWith('app-api/export'))
    t.equal(allowed.status, 200)
    t.match(await allowed.json(), { headers: { 'x-auth-client-id': 'abc' } })

    const outbound = await fetch('http://127.0.0.1:8081/app-api/export/2')
    t.match(await outbound.json(), {
      url: '/export/2',
      headers: { authorization: 'Bearer a-token' },
    })
    const basic = Buffer.from(`w:${secret}`).toString('base64')
    t.equal(endpoint.seen[0]?.headers.authorization, `Basic ${basic}`)
    t.notMatch(await printed('scopegate'), secret)
    t.notMatch(await podman('inspect', 'scopegate'), secret)
  },
)

t.test('SIGTERM ends it with exit code 0 after the request in flight was answered', async (t) => {
  const { upstream } = await startScopegate(t)
  const { authorization } = await tokenWith('app-api/export')
  const socket = net.connect(8080, '127.0.0.1')
  const answer = readAll(socket)
  const held = upstream.held()
  socket.write(`GET /export/slow HTTP/1.1\r\nHost: a\r\nAuthorization: ${authorization}\r\n\r\n`)
  await held
  await podman('kill', '--signal', 'TERM', 'scopegate')
  await said('scopegate', /"msg":"shutting down"/)
  upstream.release()
  const { status, headers } = parseAnswer(await answer)
  t.equal(status, 200)
  t.equal(headers['connection'], 'close')
  t.equal(await podman('wait', 'scopegate'), '0')
})
