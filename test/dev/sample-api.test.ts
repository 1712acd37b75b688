import t from 'tap'
import type { Test } from 'tap'
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { startSampleApi } from '../../src/dev/sample-api.ts'

async function start(t: Test) {
  const started = await startSampleApi({ port: 0 })
  if (!started.ok) throw new Error(started.problem.message)
  t.teardown(() => started.value.close())
  return started.value.url
}

t.test('it listens on loopback only', async (t) => {
  t.match(await startSampleApi({ port: 0, host: '0.0.0.0' }), {
    ok: false,
    problem: { code: 'not_loopback', message: /the sample API/ },
  })
})

t.test('exports are listed and downloaded, and an unknown one is not found', async (t) => {
  const url = await start(t)
  t.match(await (await fetch(`${url}/export`)).json(), {
    exports: [{ id: '1', path: '/export/1' }, { id: '2' }, { id: '3' }],
    seenIdentity: {},
  })
  const headers = { 'x-auth-client-id': 'abc', 'x-other': 'y' }
  const download = await fetch(`${url}/export/2`, { headers })
  t.equal(download.headers.get('content-type'), 'text/csv; charset=utf-8')
  t.equal(download.headers.get('content-disposition'), 'attachment; filename="export-2.csv"')
  t.equal(download.headers.get('x-seen-identity'), '{"x-auth-client-id":"abc"}')
  t.match(await download.text(), /^id,item,amount\n2-1,/)
  t.equal((await fetch(`${url}/export/99`)).status, 404)
})

t.test('it says that it is well', async (t) => {
  const url = await start(t)
  const headers = { 'x-auth-subject': 'abc' }
  t.match(await (await fetch(`${url}/status`, { headers })).json(), {
    service: 'sample-api',
    status: 'ok',
    seenIdentity: { 'x-auth-subject': 'abc' },
  })
})

t.test('a file of any size and type is taken piece by piece', async (t) => {
  const url = await start(t)
  const piece = Buffer.alloc(1 << 20, 'x')
  const hash = createHash('sha256')
  for (let count = 0; count < 3; count++) hash.update(piece)
  const sha256 = hash.digest('hex')
  for (const method of ['PUT', 'POST']) {
    for (const type of ['application/json', 'application/octet-stream', 'garbage']) {
      const answer = await fetch(`${url}/upload`, {
        method,
        headers: { 'content-type': type, 'x-auth-scope': 'app-api/upload' },
        body: Readable.toWeb(Readable.from([piece, piece, piece])) as ReadableStream,
        duplex: 'half',
      })
      t.equal(answer.status, 201)
      t.strictSame(await answer.json(), {
        bytes: 3 << 20,
        sha256,
        seenIdentity: { 'x-auth-scope': 'app-api/upload' },
      })
    }
  }
  const sized = await fetch(`${url}/upload`, { method: 'PUT', body: Buffer.alloc(2 << 20, 'x') })
  t.match(await sized.json(), { bytes: 2 << 20 })
  const empty = await fetch(`${url}/upload`, { method: 'PUT' })
  t.match(await empty.json(), { bytes: 0 })
})
