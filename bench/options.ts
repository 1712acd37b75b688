/** The command line of the benchmark. */
import { parseArgs } from 'node:util'

export const help = `npm run bench -- [options]

Measures the built Scopegate beside HAProxy, Apache mod_oauth2 and bare @fastify/http-proxy, on loopback.
Speed never decides: the exit code is 0 when a target is missed, and 1 when an answer was wrong.

  (none)           CPU per request with one token, memory and start, in less than a minute
  --full           every kind of load, some fifteen minutes
  --only A,B       these kinds: NAMES
  --rounds N       rounds, in each of which every system has its turn (3; with --full 7)
  --seconds S      of load in each turn (0.7; with --full 2)
  --node PATH      another node binary for Scopegate and @fastify/http-proxy
  --out FOLDER     results.json and cpu.svg go there
  --write          results go to docs/performance.md, docs/performance.json and docs/images/cpu.svg
  --help
`

export type Options = {
  readonly full: boolean
  /** Names of kinds; empty for those of the mode. */
  readonly only: readonly string[]
  readonly rounds: number
  readonly seconds: number
  /** Path of the binary that runs what is written for Node. */
  readonly node: string
  readonly out: string | undefined
  readonly write: boolean
  readonly help: boolean
}

/** Throws on words that it does not know. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...{ full: { type: 'boolean', default: false }, only: { type: 'string', default: '' } },
      ...{ rounds: { type: 'string' }, seconds: { type: 'string' } },
      ...{ node: { type: 'string', default: process.execPath }, out: { type: 'string' } },
      ...{ write: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
    },
  })
  const { full, node, out, write, help: isHelp } = values
  const rounds = Number(values.rounds ?? (full ? 7 : 3))
  const seconds = Number(values.seconds ?? (full ? 2 : 0.7))
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds wants a whole number')
  if (!(seconds > 0)) throw new Error('--seconds wants a number above 0')
  const only = values.only.split(',').filter((name) => name !== '')
  return { ...{ full, only, rounds, seconds, node, write }, out, help: isHelp }
}
