/**
 * What one request costs, counted and not timed, so that no machine is too slow for it (docs/performance.md).
 *
 * Bytes: the heap of a process whose young generation is larger than all that is allocated, so that nothing is
 * collected in between. Resources: everything that node's async_hooks see begin: promises, timers, ticks, writes.
 */
import { once } from 'node:events'
import net from 'node:net'
import t, { type Test } from 'tap'
import { buildCommand, type Options, type Served, startCommand } from '../support/command.ts'
import { clientNamed, startTestIssuer } from '../dev/support.ts'

const built = buildCommand(t)
const connections = 8
/** A multiple of the connections. */
const requests = 4000

const body = 'x'.repeat(1024)

/** Bytes of the heap; a fifth above what was measured (Node 20, 24). */
const mostBytes = 31_000

type Cost = { readonly bytes: number; readonly resources: Readonly<Record<string, number>> }

t.test('an allowed request allocates at most its budget', async (t) => {
  const { bytes } = await costOf(t, {
    shell: 'unset NODE_OPTIONS',
    node: ['--expose-gc', '--min-semi-space-size=256', '--max-semi-space-size=256'],
    imports: [tell('{}', 'gc()')],
  })
  t.comment(`${Math.round(bytes)} bytes a request`)
  t.ok(bytes > mostBytes / 2, 'nothing was collected in between')
  t.ok(bytes < mostBytes, `${bytes} bytes a request`)
})

t.test('an allowed request makes no promise and begins only these resources', async (t) => {
  const { resources } = await costOf(t, {
    shell: 'unset NODE_OPTIONS',
    node: [],
    imports: [
      `import { createHook } from 'node:async_hooks'
      globalThis.begun = {}
      createHook({ init(_, type) { begun[type] = (begun[type] ?? 0) + 1 } }).enable()`,
      tell('begun'),
    ],
  })
  t.comment(JSON.stringify(resources))
  for (const [type, count] of Object.entries(resources))
    t.ok(count <= (budget[type] ?? rarely), `${count} of ${type}`)
  t.ok((resources['Timeout'] ?? 0) > 1, 'they are counted')
})

/** How many a request may begin. Two timers: the wait for the upstream's head, and for the reader. */
const budget: Readonly<Record<string, number>> = {
  // and one for each batch of log lines
  Timeout: 2.5,
  // writes at the end of a turn: of the request, and of the response
  Immediate: 2,
  // node:http's own
  TickObject: 9.1,
  // lines of the log go in batches
  FSREQCALLBACK: 0.5,
}
/** What comes with a connection, a batch or a minute. */
const rarely = 0.1

/** Has the process tell its figures on stderr when it is asked; the first time it does this before. */
function tell(resources: string, before = ''): string {
  return `let isFirst = true
    process.on('SIGUSR2', () => {
      if (isFirst) { ${before} }
      isFirst = false
      const bytes = process.memoryUsage().heapUsed
      process.stderr.write(JSON.stringify({ bytes, resources: ${resources} }) + '\\n')
    })`
}

/** Means over many requests, of a process that has served as many before. */
async function costOf(t: Test, options: Options): Promise<Cost> {
  const issuer = await startTestIssuer(t)
  const upstream = await startUpstream(t)
  const [pool] = issuer.pools
  const served = await startCommand(
    t,
    built,
    `version: 1
issuers: { app: { userPoolId: ${pool?.id ?? ''}, endpoint: "${issuer.url}" } }
inbound:
  listen: 127.0.0.1:0
  upstream: http://127.0.0.1:${upstream}
  routes:
    - { path: /export/**, methods: [GET], scopes: app-api/export }
admin: { listen: 127.0.0.1:0 }
`,
    options,
  )
  const token = issuer.sign(issuer.claims(clientNamed(issuer, 'export-service').id))
  const request =
    `GET /export/1 HTTP/1.1\r\nHost: api.example\r\nAuthorization: Bearer ${token}\r\n` +
    'User-Agent: cost\r\nAccept: */*\r\n\r\n'
  await load(served.inbound, request)
  const before = await ask(served)
  await load(served.inbound, request)
  const after = await ask(served)
  return {
    bytes: (after.bytes - before.bytes) / requests,
    resources: Object.fromEntries(
      Object.entries(after.resources).map(([type, count]) => [
        type,
        (count - (before.resources[type] ?? 0)) / requests,
      ]),
    ),
  }
}

async function ask({ child }: Served): Promise<Cost> {
  child.kill('SIGUSR2')
  const [said] = (await once(child.stderr ?? child, 'data')) as [Buffer]
  return JSON.parse(String(said)) as Cost
}

/** Each connection sends the next request when the answer to the last one is whole. */
async function load(port: number, request: string): Promise<void> {
  await Promise.all(
    Array.from({ length: connections }, async () => {
      const socket = net.connect(port, '127.0.0.1')
      let left = requests / connections
      let text = ''
      socket.write(request)
      socket.on('data', (piece) => {
        text += piece.toString()
        if (!text.endsWith(body)) return
        text = ''
        left -= 1
        if (left === 0) socket.end()
        else socket.write(request)
      })
      await once(socket, 'close')
    }),
  )
}

/** A server that knows one answer and keeps nothing of what it is sent. */
async function startUpstream(t: Test): Promise<number> {
  const answer = `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n${body}`
  const server = net.createServer((socket) => {
    socket.on('error', () => undefined).on('data', () => socket.write(answer))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  return (server.address() as net.AddressInfo).port
}
