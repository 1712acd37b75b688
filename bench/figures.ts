/**
 * The figures that docs/hardening.md promises, measured on the built command; exit code 1 when one is missed.
 *
 *   npm run figures          (about a minute)
 *
 * Issuer, upstream and all peers are in this process, beside the measured one: what else a machine has to do only
 * makes them worse.
 */
import { isKept, tableOf } from './figure.ts'
import { losses } from './losses.ts'
import { hostileTokens, idleConnections, stalledUpload, unreadAnswers } from './memory.ts'
import { tearDown } from './scene.ts'
import { keys, limits, startToFirstRequest } from './times.ts'

const parts = [
  ...[startToFirstRequest, keys, limits],
  ...[hostileTokens, idleConnections, stalledUpload, unreadAnswers, losses],
]
const figures = []
for (const measure of parts) {
  console.error(measure.name)
  figures.push(...(await measure()))
  await tearDown()
}
console.log(`Node ${process.version}\n\n${tableOf(figures)}`)
process.exit(figures.every(isKept) ? 0 : 1)
