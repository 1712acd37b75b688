/** The last moments of a connection whose peer is still sending (R20, H10). */
import { Duplex, PassThrough } from 'node:stream'
import type { IncomingMessage } from 'node:http'
import t from 'tap'
import { closeAfterGrace, isEnding } from '../../src/proxy/grace.ts'

t.test('of a refused upload a quarter of a MiB is thrown away, and no more is read', async (t) => {
  const socket = new Duplex({ read: () => undefined, write: (_chunk, _coding, done) => done() })
  const req = Object.assign(new PassThrough(), { socket })
  closeAfterGrace(req as unknown as IncomingMessage)
  t.equal(isEnding(socket), true, 'nothing behind it is served')
  const piece = Buffer.alloc(64 * 1024)
  let taken = 0
  while (!req.isPaused() && taken < 1024 * 1024) {
    req.write(piece)
    taken += piece.length
    await new Promise(setImmediate)
  }
  t.equal(taken, 320 * 1024, 'four pieces are within the limit, the fifth is beyond')
})
