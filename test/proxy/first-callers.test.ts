import t from 'tap'
import { firstCallers } from '../../src/proxy/first-callers.ts'

/** For how long it waits while so many looks find somebody, in milliseconds. */
async function waited(busyLooks: number): Promise<number> {
  let looks = 0
  let sum = 0
  await firstCallers(
    () => (looks += 1) <= busyLooks,
    (time) => {
      sum += time
      return Promise.resolve()
    },
  )
  return sum
}

t.test('waits while somebody is served, and not for ever', async (t) => {
  t.equal(await waited(0), 10)
  t.equal(await waited(2), 30)
  t.equal(await waited(Infinity), 100)
})
