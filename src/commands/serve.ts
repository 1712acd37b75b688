/** One proxy process: signals, reloads, the end (SPEC 6). `run` serves one configuration, `dev` two. */
import { type ConfigSource, loadConfig, readTextFileNow } from '../config/load.ts'
import { watchConfig } from '../config/watch.ts'
import type { Config, ConfigProblem } from '../config/config.ts'
import { createLog, type Log, type LogOptions, stackOf } from '../ops/log.ts'
import { createMetrics } from '../ops/metrics.ts'
import { openTracing } from '../ops/open-tracing.ts'
import { type Addresses, createProxy, type Proxy } from '../proxy/proxy.ts'
import { logWarnings } from '../proxy/reports.ts'
import { milliseconds, type NonEmpty, ok, type Result } from '../units.ts'
import { watchExposure } from './exposure-watch.ts'
import type { Io } from './io.ts'

/** By then an API that starts after its sidecar is there. */
const lookAgain = milliseconds(60_000)

export type Serving = {
  readonly addresses: Addresses
  readonly log: Log
  reload(): void
  /** Drains; resolves when everything is closed. The same end for every call. */
  stop(): Promise<void>
  /** Resolves when it has ended, whoever asked for it. */
  readonly ended: Promise<void>
}

export type ServeOptions = {
  readonly source: ConfigSource
  readonly config: Config
  /** What `${NAME}` stands for. */
  readonly env: Io['env']
  /** What is written in place of a JSON line of the log; as it is when undefined. */
  readonly format?: LogOptions['format']
}

/** Binds and serves; a listener that cannot be bound is the problem, as a sentence. */
export async function serve(options: ServeOptions, io: Io): Promise<Result<Serving, string>> {
  const { source, config } = options
  const log = createLog({
    config: config.log,
    random: io.random,
    ...(io.log !== undefined && { destination: io.log }),
    format: options.format,
  })
  // an exception that nothing caught is a bug of one request: it is logged, the others go on
  io.onUncaught((error) => {
    log.event('error', 'an exception was not caught: this is a bug', { error: stackOf(error) })
  })
  const tracing = await openTracing(io.env, { version: io.version, log })
  let finish!: () => void
  const ended = new Promise<void>((resolve) => {
    finish = resolve
  })
  const watch = watchConfig(config.sources, () => {
    proxy.reload()
  })
  const load = (): Result<Config, NonEmpty<ConfigProblem>> => {
    const loaded = loadConfig(source, { env: options.env, readFile: readTextFileNow })
    watch.update(loaded.ok ? loaded.value.sources : loaded.problem.sources)
    return loaded.ok ? loaded : { ok: false, problem: loaded.problem.problems }
  }
  const proxy: Proxy = createProxy(config, {
    version: io.version,
    log,
    metrics: createMetrics(io.version),
    tracing,
    clock: io.clock,
    random: io.random,
    load,
    shutdown: () => void stop(),
  })

  const watches: { close(): void }[] = [watch]

  async function stop(): Promise<void> {
    for (const each of watches) each.close()
    await proxy.stop()
    await tracing?.stop()
    await log.close()
    finish()
  }

  const started = await proxy.start()
  if (!started.ok) {
    await proxy.abandon()
    await tracing?.stop()
    watch.close()
    return started
  }
  log.event('info', 'started', { version: io.version, configHash: config.hash, ...started.value })
  logWarnings(log, config)
  watches.push(watchExposure(config, log, lookAgain))
  return ok({
    addresses: started.value,
    log,
    reload: () => {
      proxy.reload()
    },
    stop,
    ended,
  })
}

/**
 * SIGTERM and SIGINT drain, SIGHUP reloads. A second SIGINT ends at once, a second SIGTERM changes nothing.
 * Resolves when everything has ended.
 */
export async function serveUntilSignal(servings: NonEmpty<Serving>, io: Io): Promise<void> {
  let interrupts = 0
  io.onSignal((signal) => {
    if (signal === 'SIGHUP') {
      for (const serving of servings) serving.reload()
      return
    }
    if (signal === 'SIGINT') interrupts += 1
    if (interrupts > 1) io.exitNow(130)
    for (const serving of servings) void serving.stop()
  })
  await Promise.all(servings.map((serving) => serving.ended))
}
