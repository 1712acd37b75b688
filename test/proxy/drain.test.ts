/** The end of listeners, whatever they do (R23). */
import t from 'tap'
import { drain } from '../../src/proxy/drain.ts'
import type { Listener } from '../../src/proxy/listener.ts'
import { milliseconds } from '../../src/units.ts'

/** A listener with a connection that ends only when it is cut. */
function stuck(said: string[], name: string): Listener {
  let cut: () => void = () => undefined
  const isCut = new Promise<void>((resolve) => (cut = resolve))
  const say = (what: string) => said.push(`${name} ${what}`)
  return {
    start: () => Promise.reject(new Error('is not asked for')),
    address: () => '',
    isClosing: () => true,
    connections: () => 1,
    configure: () => undefined,
    closeConnections: () => say('answers its last'),
    stop: () => {
      say('accepts nothing')
      return isCut
    },
    destroy: () => {
      say('is cut')
      cut()
    },
  }
}

t.test('what takes no answer is cut when the time is over, and not before', async (t) => {
  const said: string[] = []
  await drain({
    inbound: stuck(said, 'inbound'),
    outbound: stuck(said, 'outbound'),
    delay: milliseconds(5),
    timeout: milliseconds(7),
    atDeadline: () => said.push('deadline'),
    wait: (time) => {
      said.push(`wait ${time}`)
      return Promise.resolve()
    },
  })
  t.same(said, [
    'inbound answers its last',
    'outbound answers its last',
    'wait 5',
    'inbound accepts nothing',
    'wait 7',
    'deadline',
    'wait 200',
    'inbound is cut',
    'outbound is cut',
    'outbound accepts nothing',
  ])
})
