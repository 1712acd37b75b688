import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import t from 'tap'
import { createBatch } from '../../src/ops/batch.ts'

t.test(
  'lines leave together: after a moment, when they are many, or when they are asked for',
  async (t) => {
    const written = new PassThrough({ encoding: 'utf8' })
    const batch = createBatch({ write: (text) => written.write(text) })
    batch.write('one\n')
    batch.write('two\n')
    t.equal(written.read(), null, 'not at once')
    const [first] = (await once(written, 'data')) as [string]
    t.equal(first, 'one\ntwo\n', 'nobody asked for them')

    const pieces: string[] = []
    written.on('data', (piece: string) => pieces.push(piece))
    const many = 'x'.repeat(16 * 1024)
    batch.write(many)
    t.strictSame(pieces, [many], 'many do not wait')

    batch.write('last\n')
    batch.flush()
    batch.flush()
    t.strictSame(pieces, [many, 'last\n'], 'once each')
  },
)
