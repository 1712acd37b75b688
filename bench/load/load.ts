/** The load generator: compiled once a run, one process for each turn. */
import { execFile, execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { pinned } from '../peers/process.ts'

export type Load = {
  readonly port: number
  readonly connections: number
  readonly seconds: number
  /** Mean rate at which requests fall due; 0: each connection sends as soon as it has its answer. */
  readonly perSecond: number
  /** Index of the first request in the file. */
  readonly first: number
  /** Most requests; 0: as many as there is time for. */
  readonly most: number
  readonly file: string
}

/** Latencies in microseconds: from when a request was due to the end of its answer. */
export type Loaded = {
  readonly answers: number
  readonly next: number
  readonly seconds: number
  readonly p50: number
  readonly p99: number
}

export type RunLoad = (load: Load) => Promise<Loaded>

type Printed = Loaded & {
  readonly unanswered: number
  readonly statuses: Readonly<Record<string, number>>
  readonly odd: string
}

/** Compiles it into `folder`. What it gives throws when a request got no answer, or another one than 200. */
export function compileLoad(folder: string): RunLoad {
  const binary = join(folder, 'load')
  const source = join(import.meta.dirname, 'load.c')
  execFileSync('gcc', ['-O2', '-Wall', '-o', binary, source, '-lm'], { stdio: 'inherit' })
  return async ({ port, connections, seconds, perSecond, first, most, file }) => {
    const numbers = [port, connections, seconds, perSecond, first, most].map(String)
    const [program, ...args] = pinned('others', [binary, ...numbers, file])
    const { stdout } = await promisify(execFile)(program, args)
    const printed = JSON.parse(stdout) as Printed
    const { answers, unanswered, statuses, odd } = printed
    if (answers === 0 || unanswered > 0 || statuses['200'] !== answers)
      throw new Error(`not every answer was 200: ${JSON.stringify({ statuses, unanswered, odd })}`)
    return printed
  }
}
