import t from 'tap'
import { buildCommand } from '../support/command.ts'
import { seed } from '../support/seed.ts'
import { cases } from './requests.ts'
import { soak } from './soak.ts'

t.test('a short soak leaves nothing behind and judges every request rightly', async (t) => {
  t.comment(`FAST_CHECK_SEED=${seed}`)
  const { faults, requests, disturbances } = await soak(t, {
    ...{ main: buildCommand(t), seconds: 8, seed, callers: 4, growth: 160 },
  })
  t.strictSame(faults, [], faults.join('; '))
  t.ok(requests > cases.length, `${requests} requests`)
  t.ok(disturbances > 0, `${disturbances} disturbances`)
})
