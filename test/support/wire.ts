/** Raw sockets on both sides: what exactly is sent, what exactly arrives. */
import { once } from 'node:events'
import net from 'node:net'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'

export type RawAnswer = {
  readonly status: number
  /** Lower-case names; repeated headers joined by a line feed. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** The whole text, all answers of the connection. */
  readonly text: string
}

/** Sends bytes (latin1) and reads until the peer closes; send `Connection: close` for an early end. */
export async function exchangeRaw(port: number, request: string | Buffer): Promise<RawAnswer> {
  const socket = net.connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  socket.write(typeof request === 'string' ? Buffer.from(request, 'latin1') : request)
  return parseAnswer(await readAll(socket))
}

export async function readAll(socket: net.Socket): Promise<string> {
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  // not `once`: a connection that is refused has no answer, and is no error here
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve))
  return Buffer.concat(chunks).toString('latin1')
}

/** The last answer of a connection's text that is not interim, its body decoded from chunks if need be. */
export function parseAnswer(text: string): RawAnswer {
  const start = text.replace(/^(?:HTTP\/1\.1 1\d\d [^\r]*\r\n(?:[^\r]+\r\n)*\r\n)+/, '')
  const end = start.indexOf('\r\n\r\n')
  const [statusLine = '', ...lines] = start.slice(0, end).split('\r\n')
  const headers: Record<string, string> = {}
  for (const line of lines) {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon).toLowerCase()
    const value = line.slice(colon + 1).trim()
    const before = headers[name]
    headers[name] = before === undefined ? value : `${before}\n${value}`
  }
  const rest = start.slice(end + 4)
  const body = headers['transfer-encoding'] === 'chunked' ? unchunk(rest) : rest
  return { status: Number(statusLine.split(' ')[1] ?? 0), headers, body, text }
}

function unchunk(text: string): string {
  let body = ''
  let at = 0
  for (;;) {
    const line = text.indexOf('\r\n', at)
    const size = Number.parseInt(text.slice(at, line), 16)
    if (!(size > 0)) return body
    body += text.slice(line + 2, line + 2 + size)
    at = line + 2 + size + 2
  }
}

export type RawUpstream = {
  readonly port: number
  /** Everything received, one text per connection, in order of arrival. */
  readonly received: string[]
  /** Sockets in order of arrival. */
  readonly sockets: net.Socket[]
}

/**
 * An upstream that records bytes. `answer` gets the socket and the text of its connection so far after each
 * piece; the default answers each whole head with 200 and `ok`.
 */
export async function startRawUpstream(
  t: Test,
  answer: (socket: net.Socket, text: string, index: number) => void = answerOk(),
): Promise<RawUpstream> {
  const received: string[] = []
  const sockets: net.Socket[] = []
  const server = net.createServer((socket) => {
    const index = sockets.push(socket) - 1
    received[index] = ''
    socket.on('error', () => undefined)
    socket.on('data', (chunk: Buffer) => {
      received[index] = (received[index] ?? '') + chunk.toString('latin1')
      answer(socket, received[index] ?? '', index)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, received, sockets }
}

/** Answers every whole request head; counts heads so that keep-alive works. Bodies are ignored. */
export function answerOk(
  reply = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
): (socket: net.Socket, text: string) => void {
  const answered = new WeakMap<net.Socket, number>()
  return (socket, text) => {
    const heads = text.split('\r\n\r\n').length - 1
    const before = answered.get(socket) ?? 0
    if (heads <= before) return
    answered.set(socket, heads)
    socket.write(reply.repeat(heads - before))
  }
}

/**
 * The request heads that an upstream received, parsed: first line and header lines. Without what each upstream
 * client says in its own way: undici's `connection: keep-alive`, and its spelling of `host`.
 */
export function headsOf(
  received: readonly string[],
): readonly { line: string; headers: string[] }[] {
  return received.flatMap((text) =>
    text
      .split('\r\n\r\n')
      .filter((head) => /^[A-Z-]+ [^ ]+ HTTP\/1\.1\r\n/.test(head))
      .map((head) => {
        const [line = '', ...headers] = head.split('\r\n')
        return {
          line,
          headers: headers
            .filter((header) => header !== 'connection: keep-alive')
            .map((header) => header.replace(/^host:/, 'Host:')),
        }
      }),
  )
}
