/**
 * Nothing is read from one side that the other does not take: many large bodies to and from slow peers leave the
 * command's size flat (R22). What others had: fastify read a web stream without end (GHSA-mrq3-vjjr-p77c,
 * CVE-2026-25224), an interceptor of undici held whole bodies (CVE-2026-2581), both with memory for each of them.
 */
import type net from 'node:net'
import t, { type Test } from 'tap'
import { buildCommand, type Served, startCommand } from '../support/command.ts'
import { startRawUpstream } from '../support/wire.ts'
import { dial, eventually } from './support.ts'

const built = buildCommand(t)

/** How many at a time: SCOPEGATE_MANY=200 takes the size of the requirement. Each is of 50 MiB. */
const many = Number(process.env['SCOPEGATE_MANY'] ?? 16)
const size = 50 * 1024 * 1024
/** KiB by which the process may grow: what is under way and a heap that is not collected yet, not what it comes to. */
const most = 128 * 1024 + many * 1024

/** Sends `size` bytes as they are taken. */
function sendSlowly(socket: net.Socket): void {
  const piece = Buffer.alloc(64 * 1024, 'x')
  let left = size
  const more = (): void => {
    while (left > 0 && socket.writable) {
      left -= piece.length
      if (!socket.write(piece)) return
    }
  }
  socket.on('drain', more)
  more()
}

/** Resolves when nothing more is taken: everything between the ends is full. */
async function untilFlat(sockets: () => readonly net.Socket[]): Promise<number> {
  const sent = (): number =>
    sockets().reduce((sum, one) => sum + one.bytesWritten - one.writableLength, 0)
  let before = -1
  let looks = 0
  await eventually(() => {
    looks = sent() === before ? looks + 1 : 0
    before = sent()
    return before > 0 && looks === 100
  })
  return before
}

async function startServed(t: Test, upstream: number): Promise<Served> {
  return startCommand(
    t,
    built,
    `version: 1
inbound:
  listen: 127.0.0.1:0
  upstream: http://127.0.0.1:${upstream}
  routes: [{ path: /open/**, methods: [GET, POST], public: true }]
admin: { listen: 127.0.0.1:0 }
`,
  )
}

/** Reads this much more. */
async function read(socket: net.Socket, bytes: number): Promise<void> {
  const goal = socket.bytesRead + bytes
  socket.resume()
  await eventually(() => socket.bytesRead >= goal)
  socket.pause()
}

t.test('many large answers to readers that stop leave the size flat', async (t) => {
  const upstream = await startRawUpstream(t, (socket) => {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`)
    sendSlowly(socket)
  })
  const served = await startServed(t, upstream.port)
  const before = served.resident()
  const readers = Array.from({ length: many }, () => {
    const socket = dial(served.inbound).pause()
    socket.write('GET /open/1 HTTP/1.1\r\nHost: a\r\n\r\n')
    return socket
  })
  await eventually(() => upstream.sockets.length === many)
  for (let round = 0; round < 3; round += 1) {
    const sent = await untilFlat(() => upstream.sockets)
    t.ok(sent < (many * size) / 2, `${sent} bytes left the upstream`)
    t.ok(served.resident() - before < most, `${served.resident() - before} KiB more`)
    await Promise.all(readers.map((socket) => read(socket, 1024 * 1024)))
  }
  for (const socket of readers) socket.destroy()
})

t.test('many large uploads to an upstream that stops leave the size flat', async (t) => {
  const stopped = new WeakSet<net.Socket>()
  const upstream = await startRawUpstream(t, (socket) => {
    if (!stopped.has(socket)) socket.pause()
    stopped.add(socket)
  })
  const served = await startServed(t, upstream.port)
  const before = served.resident()
  const senders = Array.from({ length: many }, () => {
    const socket = dial(served.inbound)
    socket.write(`POST /open/1 HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n`)
    sendSlowly(socket)
    return socket
  })
  await eventually(() => upstream.sockets.length === many)
  for (let round = 0; round < 3; round += 1) {
    const sent = await untilFlat(() => senders)
    t.ok(sent < (many * size) / 2, `${sent} bytes were taken`)
    t.ok(served.resident() - before < most, `${served.resident() - before} KiB more`)
    await Promise.all(upstream.sockets.map((socket) => read(socket, 512 * 1024)))
  }
  for (const socket of senders) socket.destroy()
})
