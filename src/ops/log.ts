/** The log: one JSON line a request and one an event (SPEC 5). Holds no token, secret or query. */
import { type DestinationStream, levels, pino, stdTimeFunctions } from 'pino'
import type { LogConfig, LogLevel } from '../config/config.ts'
import type { Random } from '../units.ts'
import type { AccessRecord } from './access.ts'
import { accessLine } from './access-line.ts'
import { createBatch } from './batch.ts'

export type Log = {
  /** An event; `fields` hold codes and ids, never input. */
  event(level: 'debug' | 'info' | 'warn' | 'error', message: string, fields?: object): void
  /** The line of one request; denials always, allowed ones as `sampleAllowed` says. */
  access(record: AccessRecord): void
  /** Takes a reloaded configuration. */
  configure(config: LogConfig): void
  /** Writes what is buffered, for the end of the process; a reader that has stopped reading is not waited for. */
  close(): Promise<void>
}

export type LogOptions = {
  readonly config: LogConfig
  /** Where lines go; stdout when undefined. */
  readonly destination?: DestinationStream
  /** Turns a JSON line into what is written in its place. */
  readonly format?: ((line: string) => string) | undefined
  readonly random: Random
  /** The file descriptor of stdout, unless a test has its own. */
  readonly stdout?: number
}

/** Creates the log. Lines are written off the request's path. */
export function createLog(options: LogOptions): Log {
  let config = options.config
  const stdout = options.destination === undefined ? openStdout(options.stdout ?? 1) : undefined
  const destination = formatted(options.destination ?? (stdout as Stdout).stream, options.format)
  const logger = pino(
    {
      level: config.level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  )
  return {
    event(level, message, fields = {}) {
      logger[level](fields, message)
    },
    access(record) {
      const denied = record.reason !== undefined
      if (!denied && config.sampleAllowed < 1 && options.random() >= config.sampleAllowed) return
      const level = denied ? 'warn' : 'info'
      if (severity(level) >= severity(config.requests[record.direction]))
        destination.write(accessLine(record, level, new Date().toISOString()))
    },
    configure(next) {
      config = next
      logger.level = next.level
    },
    async close() {
      logger.level = 'silent'
      config = { ...config, requests: { inbound: 'silent', outbound: 'silent' } }
      await stdout?.close()
    },
  }
}

function formatted(
  destination: DestinationStream,
  format: LogOptions['format'],
): DestinationStream {
  if (format === undefined) return destination
  return {
    write(line) {
      destination.write(format(line))
    },
  }
}

/** The higher the worse. */
function severity(level: LogLevel): number {
  return level === 'silent' ? Infinity : (levels.values[level] as number)
}

/** Where a bug is, for a log line. Pure. */
export function stackOf(error: unknown): string {
  return error instanceof Error ? String(error.stack) : 'unknown'
}

/** Most that is kept for a reader that is slow, in bytes; lines beyond it are lost. */
const mostBuffered = 8 * 1024 * 1024
/** How long the end of the process waits for it. */
const lastMoment = 1000

type Stdout = { readonly stream: DestinationStream; readonly close: () => Promise<void> }

function openStdout(fd: number): Stdout {
  let waitUntil = Infinity
  const stream = pino.destination({
    dest: fd,
    sync: false,
    maxLength: mostBuffered,
    retryEAGAIN: () => performance.now() < waitUntil,
  })
  // a closed stdout must not end the process
  stream.on('error', () => undefined)
  const batch = createBatch(stream)
  return {
    stream: batch,
    // not flushSync: where nothing can be written (EPIPE, ENOSPC) it tries for ever
    close: () =>
      new Promise((resolve) => {
        waitUntil = performance.now() + lastMoment
        const done = (): void => {
          clearTimeout(limit)
          stream.destroy()
          resolve()
        }
        const limit = setTimeout(done, lastMoment)
        stream.once('close', done)
        stream.once('error', done)
        batch.flush()
        stream.end()
      }),
  }
}
