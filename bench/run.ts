/** The benchmark: what is in options.ts, of the kinds in kinds.ts, by the systems in peers/. */
import { rmSync } from 'node:fs'
import { loadavg } from 'node:os'
import { chosenKinds, kinds } from './kinds.ts'
import { compileLoad } from './load/load.ts'
import { measureKind } from './measure/measure.ts'
import type { Row } from './measure/measures.ts'
import { help, readOptions } from './options.ts'
import { modOauth2 } from './peers/apache.ts'
import { haproxyJwt } from './peers/haproxy.ts'
import { startUpstream } from './peers/nginx.ts'
import { killAll, pinSelf } from './peers/process.ts'
import { scopegate } from './peers/scopegate.ts'
import { proveRefusals } from './refusals.ts'
import { describeMachine } from './report/machine.ts'
import { plotOf } from './report/plot.ts'
import { markdownOf, type Results } from './report/report.ts'
import { reachedIn } from './report/targets.ts'
import { writeDocuments, writeInto } from './report/write.ts'
import { makeSetting } from './setting.ts'

const options = readOptions(process.argv.slice(2))
if (options.help) {
  console.log(help.replace('NAMES', kinds.map(({ name }) => name).join(' ')))
  process.exit(0)
}
const chosen = chosenKinds(options.only, options.full)
const [before] = loadavg() as [number, number, number]
const setting = await makeSetting(options.node)
process.on('exit', () => {
  killAll()
  rmSync(setting.folder, { recursive: true, force: true })
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => process.exit(130))

// with all cores, before there is something to measure
await setting.tokens.take(
  Math.max(1, ...chosen.map((kind) => (kind.kind === 'load' ? kind.tokens : 1))),
)
const runLoad = compileLoad(setting.folder)
pinSelf()
const upstream = await startUpstream(setting)
const refusals = await proveRefusals(setting, upstream, [haproxyJwt, modOauth2, scopegate])
const rows: Row[] = []
for (const kind of chosen) {
  console.error(`${Math.round(performance.now() / 1000)} s  ${kind.name}: ${kind.title}`)
  const { rounds, seconds } = options
  rows.push(...(await measureKind(kind, { setting, upstream, runLoad, rounds, seconds })))
}
await upstream.stop()

const machine = describeMachine(options.node, before)
const { rounds, seconds } = options
const results: Results = { machine, rounds, seconds, refusals, rows, targets: reachedIn(rows) }
const markdown = markdownOf(results, chosen)
const plot = plotOf(rows, machine.node)
console.log(markdown)
if (options.out !== undefined) writeInto(options.out, results, plot)
if (options.write) await writeDocuments(markdown, results, plot)
process.exit(0)
