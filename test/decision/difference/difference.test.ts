import t from 'tap'
import fc from 'fast-check'
import { containsRequest } from '../../../src/decision/difference/difference.ts'
import { property } from '../support.ts'
import { comesThrough, drawnSides, requests, rowsBetween, sideOf, tokens } from './support.ts'

t.test('a request is in the difference exactly when the two decide it differently', (t) => {
  let compared = 0
  let different = 0
  property(
    t,
    1500,
    fc.tuple(drawnSides, fc.array(fc.tuple(requests, tokens), { minLength: 40, maxLength: 40 })),
    ([[one, other], asked]) => {
      const before = sideOf(one, 'before')
      const after = sideOf(other, 'after')
      const rows = rowsBetween(before, after)
      for (const [request, token] of asked) {
        const was = comesThrough(before, request, token)
        const is = comesThrough(after, request, token)
        const expected = was === is ? undefined : is ? 'gained' : 'lost'
        const told = containsRequest(rows, request, token)
        if (told !== expected)
          throw new Error(`${JSON.stringify(request)}: ${String(told)}, not ${String(expected)}`)
        compared += 1
        if (expected !== undefined) different += 1
      }
    },
  )
  t.ok(compared >= 20_000)
  t.ok(different > compared / 50, `${different} of ${compared} differ`)
  t.comment(`${different} of ${compared} requests are decided differently`)
  t.end()
})
