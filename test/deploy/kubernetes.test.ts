/** deploy/kubernetes as it is written; what `kubectl kustomize` makes of it is tested in CI (test/containers). */
import { dirname, join } from 'node:path'
import t from 'tap'
import { configProblems, documentsOf, filesBelow, read } from '../support/deploy.ts'

type Port = { readonly containerPort: number }
type Probe = { readonly httpGet: { readonly path: string; readonly port: number } }
type Container = {
  readonly name: string
  readonly restartPolicy?: string
  readonly image: string
  readonly ports: readonly Port[]
  readonly volumeMounts: readonly { readonly mountPath: string }[]
  readonly startupProbe: Probe
  readonly readinessProbe: Probe
  readonly livenessProbe: Probe
  readonly securityContext: Readonly<Record<string, unknown>>
  readonly resources: { readonly limits: object }
}
type Patch = {
  readonly spec: {
    readonly template: {
      readonly spec: Readonly<Record<'containers' | 'initContainers', Container[] | undefined>>
    }
  }
}
type Kustomization = {
  readonly resources?: readonly string[]
  readonly components?: readonly string[]
  readonly patches?: readonly { readonly path?: string }[]
  readonly configMapGenerator?: readonly {
    readonly name: string
    readonly files: readonly string[]
    readonly options?: { readonly disableNameSuffixHash?: boolean }
  }[]
}

const folder = 'deploy/kubernetes'
const files = filesBelow(folder)
const kustomizations = files
  .filter((file) => file.endsWith('/kustomization.yaml'))
  .map((file) => ({ file, parsed: documentsOf(file)[0] as Kustomization }))

const sidecar = (component: string, list: 'containers' | 'initContainers'): Container => {
  const [patch] = documentsOf(`${folder}/components/${component}/sidecar.yaml`) as [Patch]
  return patch.spec.template.spec[list]![0]!
}
const native = sidecar('sidecar', 'initContainers')
const before129 = sidecar('sidecar-before-1.29', 'containers')

t.test('every file is part of a kustomization, and every part is a file', (t) => {
  const parts = kustomizations.flatMap(({ file, parsed }) => {
    const { resources = [], components = [], patches = [], configMapGenerator = [] } = parsed
    const named = [
      ...[...resources, ...components].map((name) =>
        name.endsWith('.yaml') ? name : `${name}/kustomization.yaml`,
      ),
      ...patches.flatMap(({ path }) => path ?? []),
      ...configMapGenerator.flatMap((generator) => generator.files),
    ]
    return named.map((name) => join(dirname(file), name))
  })
  t.same(
    parts.filter((part) => !files.includes(part)),
    [],
  )
  // overlays are what is asked for
  const entries = kustomizations.map(({ file }) => file).filter((file) => /overlays/.test(file))
  t.same([...new Set([...parts, ...entries])].sort(), files)
  t.end()
})

t.test(
  'the native sidecar and the one before Kubernetes 1.29 differ in their restart policy alone',
  (t) => {
    t.same(native, { ...before129, restartPolicy: 'Always' })
    t.end()
  },
)

t.test(
  'the sidecar runs as docs/container.md says, and its probes ask what the admin listener has',
  (t) => {
    t.match(native.securityContext, {
      runAsNonRoot: true,
      runAsUser: 1000,
      readOnlyRootFilesystem: true,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
    })
    t.match(native.resources.limits, { memory: /Mi$/ })
    t.same(native.startupProbe.httpGet, { path: '/readyz', port: 9901 })
    t.same(native.readinessProbe.httpGet, { path: '/readyz', port: 9901 })
    t.same(native.livenessProbe.httpGet, { path: '/livez', port: 9901 })
    const { version } = JSON.parse(read('package.json')) as { version: string }
    t.equal(native.image, `scopegate:${version}`)
    t.end()
  },
)

t.test(
  'each overlay has its own configuration, on the ports that the manifests name, reloaded in place',
  (t) => {
    const overlays = kustomizations.filter(({ file }) => file.includes('/overlays/'))
    t.equal(overlays.length, 4)
    for (const { file, parsed } of overlays) {
      const config = join(dirname(file), 'proxy.config.yaml')
      t.same(configProblems(config), [], config)
      const text = read(config)
      t.match(text, '\nadmin: { listen: 0.0.0.0:9901 }\n', config)
      if (text.includes('\ninbound:')) t.match(text, '\n  listen: 0.0.0.0:8080\n', config)
      if (text.includes('\noutbound:')) t.match(text, '\n  listen: 127.0.0.1:8081\n', config)
      const [generator] = parsed.configMapGenerator!
      t.equal(generator?.name, 'legacy-api-scopegate', 'the name of its Deployment comes first')
      t.same(generator?.files, ['proxy.config.yaml'])
      t.equal(generator?.options?.disableNameSuffixHash, true)
    }
    t.same(
      native.ports.map(({ containerPort }) => containerPort),
      [8080, 9901],
    )
    t.end()
  },
)

t.test('nothing is mounted by subPath: such a file never changes', (t) => {
  for (const file of files) t.notMatch(read(file).replaceAll(/#.*/g, ''), 'subPath', file)
  t.end()
})
