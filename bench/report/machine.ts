/** Where figures come from: machine, versions, how busy it was. No names of hosts or people. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus, loadavg, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { isPinned } from '../peers/process.ts'

export type Machine = {
  /** Version of the binary that ran Scopegate. */
  readonly node: string
  readonly lines: readonly string[]
}

const manifest = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'),
) as { version: string; dependencies: Record<string, string> }

/** `before` is the load average before the run began. */
export function describeMachine(node: string, before: number): Machine {
  const [cpu] = cpus()
  const version = said(node, ['--version'])
  const gibibytes = Math.round(totalmem() / 2 ** 30)
  const pins = isPinned
    ? 'what is measured on core 0, generator and upstream on core 1'
    : 'NOT pinned: one core only, or no taskset'
  return {
    node: version,
    lines: [
      `- ${cpus().length} cores ${cpu?.model ?? ''}, ${gibibytes} GiB, Linux ${release()}; ${pins}`,
      `- load average ${before.toFixed(1)} before, ${loadavg()[0]!.toFixed(1)} after (the benchmark itself makes about 2)`,
      `- Node ${version}, Scopegate ${manifest.version}, ${librariesOf(['@fastify/http-proxy', 'fastify', 'undici', 'aws-jwt-verify'])}`,
      `- ${['haproxy', 'nginx', 'apache2', 'libapache2-mod-oauth2', 'openssl'].map(packageOf).join(', ')}`,
      `- ${new Date().toISOString().slice(0, 10)}`,
    ],
  }
}

const librariesOf = (names: readonly string[]): string =>
  names.map((name) => `${name} ${manifest.dependencies[name] ?? ''}`).join(', ')

const packageOf = (name: string): string =>
  `${name} ${said('dpkg-query', ['-W', '-f', '${Version}', name])}`

function said(program: string, args: readonly string[]): string {
  const { stdout } = spawnSync(program, args, { encoding: 'utf8' }) as { stdout: string | null }
  return stdout?.trim() ?? 'unknown'
}
