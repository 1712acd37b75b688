/**
 * Two minutes of good and hostile traffic on the built command, while configuration, keys, issuer and upstream change.
 *
 *   npm run soak             (-- --seconds 3600 for longer, --seed 7 for the same again)
 *
 * Ends with exit code 1 and an account when a request was misjudged or something was not given back.
 */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { soak } from '../test/soak/soak.ts'
import { t, tearDown } from './scene.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '120' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
  },
})
console.log(`${values.seconds} s, --seed ${values.seed}`)
const main = join(import.meta.dirname, '../dist/main.js')
const result = await soak(t, {
  ...{ main, seconds: Number(values.seconds), seed: Number(values.seed) },
  growth: 48,
})
await tearDown()
const { requests, disturbances, before, during, after, faults } = result
console.log(`${requests} requests, ${disturbances} disturbances`)
for (const name of ['resident', 'held', 'descriptors', 'timers'] as const)
  console.log(`${name}: ${before[name]} before, ${during[name]} under load, ${after[name]} after`)
for (const fault of faults) console.log(`FAULT ${fault}`)
console.log(faults.length === 0 ? 'all is well' : `${faults.length} faults`)
process.exit(faults.length === 0 ? 0 : 1)
