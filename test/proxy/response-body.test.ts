import { EventEmitter, once } from 'node:events'
import t from 'tap'
import type { Exchange } from '../../src/proxy/exchange.ts'
import { relayResponse } from '../../src/proxy/response-body.ts'
import { milliseconds } from '../../src/units.ts'

t.test('a reader is cut when it takes nothing, not when it takes little', async (t) => {
  // what the kernel has still to take, at each look; the last one stays
  const unsent = [900, 800, 700, 600, 600]
  let looks = 0
  const handle = {
    get writeQueueSize() {
      return unsent[Math.min(looks++, unsent.length - 1)]
    },
  }
  const res = Object.assign(new EventEmitter(), {
    write: () => false,
    writeHead: () => res,
    socket: { _handle: handle, writableLength: 900, uncork: () => undefined },
  })
  const exchange = {
    res,
    record: { bytesOut: 0 },
    settings: { limits: { bodyIdleTimeout: milliseconds(5) } },
  } as unknown as Exchange
  const events = new EventEmitter()
  const body = relayResponse(exchange, {
    ...{ status: 200, headers: [], bodyTimeout: milliseconds(1), resume: () => undefined },
    stalled: (whose) => events.emit('stalled', whose),
  })
  t.equal(body.data(Buffer.from('x')), false)
  t.same(await once(events, 'stalled'), ['downstream'])
  t.ok(looks >= 5, 'each piece that was taken began the limit anew')
  body.stop()
})

t.test('a whole answer is awaited too, and after the end nothing is resumed', async (t) => {
  const res = Object.assign(new EventEmitter(), {
    write: () => false,
    end: () => undefined,
    writeHead: () => res,
    writableFinished: false,
    socket: null,
  })
  const exchange = {
    res,
    record: { bytesOut: 0 },
    settings: { limits: { bodyIdleTimeout: milliseconds(5) } },
  } as unknown as Exchange
  const events = new EventEmitter()
  let resumed = 0
  const body = relayResponse(exchange, {
    ...{ status: 200, headers: [], bodyTimeout: milliseconds(1), resume: () => (resumed += 1) },
    stalled: (whose) => events.emit('stalled', whose),
  })
  body.data(Buffer.from('x'))
  body.end()
  res.emit('drain')
  t.same(await once(events, 'stalled'), ['downstream'])
  t.equal(resumed, 0)
})

t.test(
  'what another has answered meanwhile, or nobody waits for, is not answered again',
  async (t) => {
    const exchangeWith = (res: object): Exchange =>
      ({
        res,
        record: { bytesOut: 0 },
        settings: { limits: { bodyIdleTimeout: milliseconds(5) } },
      }) as unknown as Exchange
    const relayed = (state: { headersSent: boolean }) => {
      const written: string[] = []
      const res = Object.assign(new EventEmitter(), state, {
        writeHead: () => (written.push('head'), res),
        end: () => (written.push('end'), res),
        socket: { writableLength: 0 },
      })
      const body = relayResponse(exchangeWith(res), {
        ...{ status: 200, headers: [], bodyTimeout: milliseconds(1000), resume: () => undefined },
        stalled: () => t.fail('stalled'),
      })
      body.data('x')
      body.end()
      return { res, body, written }
    }
    const whole = relayed({ headersSent: false })
    const answered = relayed({ headersSent: false })
    answered.res.headersSent = true
    const stopped = relayed({ headersSent: false })
    stopped.body.stop()
    await new Promise((resolve) => setImmediate(resolve))
    t.same(whole.written, ['head', 'end'])
    t.same(answered.written, [], 'at the shutdown deadline')
    t.same(stopped.written, [])
  },
)
