/** Events of the log that other tests see in passing only. */
import t from 'tap'
import { createLog } from '../../src/ops/log.ts'
import { logShortLife } from '../../src/proxy/reports.ts'
import { logConfig } from '../support/log.ts'

t.test('a short life is told with its price, or without where there are no prices', (t) => {
  const lines: object[] = []
  const log = createLog({
    config: logConfig(),
    random: () => 0,
    destination: { write: (line) => lines.push(JSON.parse(line) as object) },
  })
  const cost = {
    ...{ client: 'c', tokens: 2, calls: 2, callsPerToken: 1, lifeSeconds: 300, isShort: true },
    tokensPerMonth: 10,
  }
  logShortLife(log, { ...cost, usdPerMonth: 1.234, usdPerMonthAtAnHour: 0.5 } as never)
  logShortLife(log, { ...cost, usdPerMonth: undefined, usdPerMonthAtAnHour: undefined } as never)
  t.match(lines, [{ usdPerMonth: 1.23, usdPerMonthAtAnHour: 0.5 }, { client: 'c' }])
  t.notOk('usdPerMonth' in (lines[1] ?? {}))
  t.end()
})
