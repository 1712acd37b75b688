/** What `kubectl kustomize` makes of deploy/kubernetes; KUBECTL names the program. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import type { Test } from 'tap'
import { parseAllDocuments, stringify } from 'yaml'
import { repository } from '../support/command.ts'

export type Manifest = {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string }
  readonly [key: string]: unknown
}

export const kubernetes = join(repository, 'deploy', 'kubernetes')

export function render(folder: string): readonly Manifest[] {
  const kubectl = process.env['KUBECTL'] ?? 'kubectl'
  const text = execFileSync(kubectl, ['kustomize', folder], { encoding: 'utf8' })
  return parseAllDocuments(text).map((document) => document.toJS() as Manifest)
}

/** An overlay over one of ours, as somebody who uses it writes one: its files, and its kustomization. */
export function overlayOn(
  t: Test,
  overlay: string,
  kustomization: Readonly<Record<string, unknown>>,
  files: Readonly<Record<string, string>>,
): string {
  const folder = temporary(t)
  const ours = relative(folder, join(kubernetes, 'overlays', overlay))
  writeFileSync(
    join(folder, 'kustomization.yaml'),
    stringify({ kind: 'Kustomization', resources: [ours], ...kustomization }),
  )
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  return folder
}

/** `serviceMonitors` are another project's kind: no more of it than ours uses. */
const serviceMonitor = `import type { ObjectMeta, LabelSelector } from 'kubernetes-types/meta/v1'
type ServiceMonitor = {
  apiVersion: 'monitoring.coreos.com/v1'
  kind: 'ServiceMonitor'
  metadata: ObjectMeta
  spec: {
    jobLabel: string
    selector: LabelSelector
    endpoints: { port: string; path: string; interval: string }[]
  }
}
`

/** The manifests as TypeScript: literals of the types of their kinds, so that no unknown member passes. Pure. */
export function asTypeScript(manifests: readonly Manifest[]): string {
  const parts = manifests.map((manifest, index) => {
    const { apiVersion, kind } = manifest
    const [group = '', version = ''] = apiVersion.includes('/')
      ? apiVersion.split('/')
      : ['core', apiVersion]
    const module = `kubernetes-types/${group.replace(/\.k8s\.io$/, '')}/${version}`
    const type = kind === 'ServiceMonitor' ? kind : `import('${module}').${kind}`
    return `export const _${index}: ${type} = ${JSON.stringify(manifest, null, 2)}\n`
  })
  return serviceMonitor + parts.join('')
}

/** What the compiler says of this text; empty when it is content. */
export function typeErrors(t: Test, text: string): string {
  const folder = temporary(t)
  symlinkSync(join(repository, 'node_modules'), join(folder, 'node_modules'))
  writeFileSync(join(folder, 'manifests.ts'), text)
  const compilerOptions = { strict: true, noEmit: true, module: 'preserve', types: [] }
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ compilerOptions, files: ['manifests.ts'] }),
  )
  try {
    execFileSync(join(repository, 'node_modules/.bin/tsc'), ['--project', folder])
    return ''
  } catch (error) {
    return String((error as { stdout?: unknown }).stdout)
  }
}

function temporary(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'scopegate-'))
  t.teardown(() => {
    rmSync(folder, { recursive: true })
  })
  return folder
}
