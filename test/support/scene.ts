/** A running proxy from YAML text, and everything that it said, searched for secrets at the end. */
import type { Test } from 'tap'
import type { Config, UpstreamConfig } from '../../src/config/config.ts'
import { formatProblem, loadConfig, readTextFile } from '../../src/config/load.ts'
import { createLog } from '../../src/ops/log.ts'
import { createMetrics, type Metrics } from '../../src/ops/metrics.ts'
import type { Tracing } from '../../src/ops/tracing.ts'
import type { Wait } from '../../src/proxy/drain.ts'
import { createProxy, type Proxy } from '../../src/proxy/proxy.ts'
import { type Clock, ok, type Result, systemClock } from '../../src/units.ts'
import { guardAgainstLeaks, type LeakGuard } from './leaks.ts'

export type Scene = {
  readonly proxy: Proxy
  readonly metrics: Metrics
  /** Ports; 0 where there is no such listener, or it is a socket. */
  readonly inbound: number
  readonly outbound: number
  readonly admin: number
  /** Parsed log lines so far. */
  readonly log: readonly Readonly<Record<string, unknown>>[]
  /** Resolves with the first log line, past or future, that fits. */
  logged(
    fits: (line: Readonly<Record<string, unknown>>) => boolean,
  ): Promise<Readonly<Record<string, unknown>>>
  /** Names what must appear nowhere; tokens and secrets of the test. */
  readonly leaks: LeakGuard
  /** Changes the configuration and reloads it, as a changed file would. */
  reload(yaml: string): ReturnType<Proxy['reload']>
}

export type SceneOptions = {
  readonly env?: Readonly<Record<string, string>>
  readonly clock?: Clock
  /** Leave the end of the proxy to the test. */
  readonly keepRunning?: boolean
  /** How the end waits for its delay and its limit. */
  readonly wait?: Wait
  readonly tracing?: Tracing
}

/** The Config of a YAML text; throws with all problems, for tests that expect none. */
export function configOf(yaml: string, env: Readonly<Record<string, string>> = {}): Config {
  const loaded = load(yaml, env)
  if (loaded.ok) return loaded.value
  throw new Error(loaded.problem.map((problem) => formatProblem('test', problem)).join('\n'))
}

function load(yaml: string, env: Readonly<Record<string, string>>) {
  const loaded = loadConfig(
    { env: 'TEST_CONFIG' },
    { env: { ...env, TEST_CONFIG: yaml }, readFile: readTextFile },
  )
  if (!loaded.ok) return { ok: false as const, problem: loaded.problem.problems }
  return ok(process.env['UPSTREAM_CLIENT'] === 'undici' ? withUndici(loaded.value) : loaded.value)
}

/** `UPSTREAM_CLIENT=undici` runs every test of a scene with the other upstream client. */
function withUndici(config: Config): Config {
  const { inbound, outbound } = config
  const change = <Part extends { upstream: UpstreamConfig }>(part: Part): Part => ({
    ...part,
    upstream: { ...part.upstream, client: 'undici' as const },
  })
  return {
    ...config,
    inbound: inbound && change(inbound),
    outbound: outbound && { ...outbound, routes: outbound.routes.map(change) },
  }
}

/** Starts it and stops it when the test ends. Listeners of `yaml` should ask for port 0 on 127.0.0.1. */
export async function startScene(
  t: Test,
  yaml: string,
  options: SceneOptions = {},
): Promise<Scene> {
  const env = options.env ?? {}
  const leaks = guardAgainstLeaks(t)
  const log: Record<string, unknown>[] = []
  const waiting = new Set<() => void>()
  let current = yaml
  const config = configOf(yaml, env)
  const metrics = createMetrics('0.0.0-test')
  const proxy = createProxy(config, {
    version: '0.0.0-test',
    metrics,
    clock: options.clock ?? systemClock,
    random: () => 0.5,
    ...(options.wait !== undefined && { wait: options.wait }),
    tracing: options.tracing,
    load: () => load(current, env),
    shutdown: () => void proxy.stop(),
    log: createLog({
      config: config.log,
      random: () => 0.5,
      destination: {
        write(line: string) {
          leaks.saw(line)
          log.push(JSON.parse(line) as Record<string, unknown>)
          for (const look of waiting) look()
        },
      },
    }),
  })
  const started = unwrap(await proxy.start())
  if (options.keepRunning !== true) t.teardown(() => proxy.stop())
  return {
    proxy,
    metrics,
    inbound: portOf(started.inbound),
    outbound: portOf(started.outbound),
    admin: portOf(started.admin),
    log,
    leaks,
    logged: (fits) =>
      new Promise((resolve) => {
        const look = (): void => {
          const found = log.find(fits)
          if (found === undefined) return
          waiting.delete(look)
          resolve(found)
        }
        waiting.add(look)
        look()
      }),
    reload(next) {
      current = next
      return proxy.reload()
    },
  }
}

function unwrap<Value>(result: Result<Value, string>): Value {
  if (result.ok) return result.value
  throw new Error(result.problem)
}

const portOf = (address: string | undefined): number =>
  address?.startsWith('http') === true ? Number(new URL(address).port) : 0
