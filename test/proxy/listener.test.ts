import t from 'tap'
import { createListener } from '../../src/proxy/listener.ts'
import { configOf } from '../support/scene.ts'
import { exchangeRaw } from '../support/wire.ts'

t.test('a bug behind the head of an answer cuts it: nothing is written into it', async (t) => {
  const config = configOf(`version: 1
inbound:
  listen: 127.0.0.1:0
  upstream: http://127.0.0.1:1
  routes: [{ path: /a, methods: [GET], public: true }]
`)
  const { listen, limits } = config.inbound!
  const failures: unknown[] = []
  const listener = createListener(listen, limits, {
    request(_req, res) {
      res.writeHead(200, { 'Content-Length': '5' })
      res.write('he')
      throw new Error('a bug')
    },
    handshakeFailed: () => undefined,
    malformed: () => t.fail('this is no problem that could be told'),
    failed: (error) => failures.push(error),
    problems: () => ({}) as never,
  })
  const started = await listener.start()
  t.teardown(() => listener.stop())
  const port = Number(new URL(started.ok ? started.value : '').port)
  const answer = await exchangeRaw(port, 'GET /a HTTP/1.1\r\nHost: a\r\n\r\n').catch(
    () => undefined,
  )
  t.match(failures, [{ message: 'a bug' }])
  t.notMatch(answer?.text ?? '', /internal_error|50\d/)
})
