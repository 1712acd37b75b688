import t from 'tap'
import { inspect } from 'node:util'
import {
  milliseconds,
  bytes,
  no,
  nonEmpty,
  ok,
  secret,
  seconds,
  systemClock,
} from '../src/units.ts'

t.test('a secret prints as [secret] however it is printed', (t) => {
  const value = secret('hunter2-hunter2')
  for (const text of [String(value), JSON.stringify({ value }), inspect(value), inspect({ value })])
    t.notMatch(text, 'hunter2')
  t.equal(value.reveal(), 'hunter2-hunter2')
  t.end()
})

t.test('a list that cannot be empty is not', (t) => {
  t.strictSame(nonEmpty([1, 2]), [1, 2])
  t.throws(() => nonEmpty([]), { message: 'a list that cannot be empty is empty' })
  t.end()
})

t.test('the system clock counts seconds', (t) => {
  const before = Date.now() / 1000
  t.ok(systemClock() >= before)
  t.equal(seconds(3) + milliseconds(4) + bytes(5), 12)
  t.strictSame(
    [ok(1), no('x')],
    [
      { ok: true, value: 1 },
      { ok: false, problem: 'x' },
    ],
  )
  t.end()
})
