import t from 'tap'
import { firstCallers } from '../../src/proxy/first-callers.ts'

t.test('waits while somebody is served, and not for ever', async (t) => {
  let looks = 0
  await firstCallers(() => (looks += 1) < 3)
  t.equal(looks, 3)
  looks = 0
  await firstCallers(() => (looks += 1) > 0)
  t.equal(looks, 10)
  looks = 0
  await firstCallers(() => (looks += 1) < 1)
  t.equal(looks, 1)
})
