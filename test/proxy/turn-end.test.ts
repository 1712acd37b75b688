/** Writes that leave together at the end of a turn. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import t from 'tap'
import { atTurnEnd } from '../../src/proxy/turn-end.ts'

t.test('what a turn asks for runs after it, in order', async (t) => {
  const ran: string[] = []
  for (const name of ['a', 'b', 'c'])
    atTurnEnd(() => {
      ran.push(name)
      if (name === 'a') atTurnEnd(() => ran.push('of the next turn'))
    })
  await Promise.resolve()
  t.same(ran, [], 'not within the turn')
  await nextTurn()
  t.same(ran, ['a', 'b', 'c'])
  await nextTurn()
  t.same(ran, ['a', 'b', 'c', 'of the next turn'])
})

t.test('a bug in one of them is not the end of the others', async (t) => {
  const caught: unknown[] = []
  process.setUncaughtExceptionCaptureCallback((error) => caught.push(error))
  t.teardown(() => {
    process.setUncaughtExceptionCaptureCallback(null)
  })
  const bug = new Error('a bug')
  const ran: string[] = []
  atTurnEnd(() => {
    throw bug
  })
  atTurnEnd(() => ran.push('after it'))
  await nextTurn()
  await nextTurn()
  t.same(ran, ['after it'])
  t.same(caught, [bug])
})
