/** A small cluster: a bridge, pods on it, and the world outside on the machine that owns the bridge. */
import { once } from 'node:events'
import { createServer, type ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Test } from 'tap'
import { stringify } from 'yaml'
import { makeCertificates } from '../support/certificates.ts'
import { folderWith } from '../support/command.ts'
import { jwksOf, makeKey, mint } from '../support/issuer.ts'
import { inspect, podman, printed, until } from './podman.ts'
import { type Manifest, overlayOn, render } from './render.ts'

const gateway = '10.89.7.1'
const certificates = makeCertificates()
const key = makeKey('k1')

/** Issuer, token endpoint and the other API, over TLS, for whoever comes by the bridge. */
export async function startWorld(t: Test) {
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

export const yamlFor = (world: string, more = ''): string => `version: 1
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
shutdown: { delay: 3s, timeout: 20s }
`

export type Pod = {
  readonly name: string
  readonly address: string
  readonly manifests: readonly Manifest[]
}

/** Renders our overlay with another configuration and plays it; resolves when the pod is ready. */
export async function play(t: Test, yaml: string, suffix = ''): Promise<Pod> {
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
          { op: 'replace', path: `${app}/0/lifecycle/preStop/exec/command/1`, value: '6' },
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

export const base64 = (text: string): string => Buffer.from(text).toString('base64')

/** A Secret as the API server has it; podman does not read `stringData`. */
function encoded(manifest: Manifest): Manifest {
  const { stringData, ...rest } = manifest as Manifest & { stringData?: Record<string, string> }
  if (stringData === undefined) return manifest
  const data = Object.entries(stringData).map(([name, text]) => [name, base64(text)])
  return { ...rest, data: Object.fromEntries(data) as unknown }
}

export async function ask(
  address: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  port = 8080,
): Promise<{ status: number; body: string }> {
  const answer = await fetch(`http://${address}:${port}${path}`, { headers })
  return { status: answer.status, body: await answer.text() }
}

export async function bearer(iss: string): Promise<{ authorization: string }> {
  const now = Math.floor(Date.now() / 1000)
  const claims = { iss, sub: 'abc', client_id: 'abc', iat: now, exp: now + 600 }
  return { authorization: `Bearer ${await mint(key, { ...claims, scope: 'app-api/export' })}` }
}

/** The network that pods are on. */
export async function startCluster(t: Test): Promise<void> {
  await podman('network', 'create', '--subnet', '10.89.7.0/24', 'cluster')
  t.teardown(() => podman('network', 'rm', '--force', 'cluster'))
}
