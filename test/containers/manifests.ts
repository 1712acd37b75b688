/** Every overlay renders, and what comes out is what Kubernetes knows, to the last member. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { asTypeScript, kubernetes, type Manifest, render, typeErrors } from './render.ts'

const overlays = readdirSync(join(kubernetes, 'overlays'))
const rendered = new Map(
  overlays.map((name) => [name, render(join(kubernetes, 'overlays', name))] as const),
)

type Container = {
  readonly name: string
  readonly restartPolicy?: string
  readonly startupProbe?: object
}
type PodSpec = {
  readonly containers: readonly Container[]
  readonly initContainers?: readonly Container[]
}

const podOf = (manifests: readonly Manifest[]): PodSpec => {
  const found = manifests.find(({ kind }) => kind === 'Deployment')
  // the rendered Deployment was type-checked as one
  return (found as unknown as { spec: { template: { spec: PodSpec } } }).spec.template.spec
}

t.test('every overlay is of the types that kubernetes-types has for its kinds', (t) => {
  const text = asTypeScript([...rendered.values()].flat())
  t.equal(typeErrors(t, text), '')
  const wrong = text.replaceAll('"readOnlyRootFilesystem"', '"readOnlyRootFileSystem"')
  t.match(typeErrors(t, wrong), 'readOnlyRootFileSystem', 'a misspelt member is noticed')
  t.end()
})

t.test('the sidecar is native, or one more container before Kubernetes 1.29', (t) => {
  for (const [name, manifests] of rendered) {
    const { containers, initContainers = [] } = podOf(manifests)
    const isNative = !name.endsWith('before-1.29')
    const [inside, other] = isNative ? [initContainers, containers] : [containers, initContainers]
    const sidecar = inside.find((container) => container.name === 'scopegate')
    t.equal(sidecar?.restartPolicy, isNative ? 'Always' : undefined, name)
    t.ok(sidecar?.startupProbe, name)
    t.notOk(
      other.some((container) => container.name === 'scopegate'),
      name,
    )
  }
  t.end()
})

t.test('each overlay has the kinds that its direction needs, called after the Deployment', (t) => {
  const named = ['ConfigMap', 'Deployment', 'Service', 'ServiceMonitor']
  const inbound = ['NetworkPolicy', 'PodDisruptionBudget']
  const wanted: Readonly<Record<string, readonly string[]>> = {
    inbound: [...named, ...inbound],
    outbound: [...named, 'Secret'],
    both: [...named, ...inbound, 'Secret'],
    'both-before-1.29': [...named, ...inbound, 'Secret'],
  }
  t.same([...rendered.keys()].sort(), Object.keys(wanted).sort())
  for (const [name, manifests] of rendered) {
    t.same([...new Set(manifests.map(({ kind }) => kind))].sort(), [...wanted[name]!].sort(), name)
    for (const { kind, metadata } of manifests)
      t.match(metadata.name, /^legacy-api/, `${name}: ${kind}`)
    t.notMatch(JSON.stringify(manifests), '"any', `${name}: every placeholder was filled`)
  }
  t.end()
})

t.test(
  'with inbound, Service and NetworkPolicy know the port of Scopegate and not that of the API',
  (t) => {
    for (const name of ['inbound', 'both', 'both-before-1.29']) {
      const manifests = rendered.get(name)!
      const specs = (kind: string) =>
        manifests.filter((one) => one.kind === kind).map((one) => JSON.stringify(one['spec']))
      t.match(specs('Service').join(), '"targetPort":8080', name)
      for (const spec of [...specs('Service'), ...specs('NetworkPolicy')]) t.notMatch(spec, '3000')
      for (const spec of [...specs('NetworkPolicy'), ...specs('PodDisruptionBudget')])
        t.match(spec, '"matchLabels":{"app.kubernetes.io/name":"legacy-api"}', name)
    }
    t.end()
  },
)
