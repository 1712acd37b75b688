/** Many requests over few raw connections: pipelined in batches, and again where a connection ended early. */
import { once } from 'node:events'
import net from 'node:net'

/**
 * Sends every request (latin1, without a body) and resolves with the status of each, in the same order; 0 where
 * the connection ended without an answer to it. What stood behind a last answer is sent once more.
 */
export async function fireAll(
  port: number,
  requests: readonly string[],
  { connections = 4, batch = 32 } = {},
): Promise<readonly number[]> {
  const statuses: number[] = []
  const waiting = requests.map((_, index) => index).reverse()
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (waiting.length > 0) await connect()
    }),
  )
  return statuses

  async function connect(): Promise<void> {
    const socket = net.connect(port, '127.0.0.1')
    socket.on('error', () => undefined)
    let flight: number[] = []
    let text = ''
    const next = (): void => {
      flight = waiting.splice(-batch).reverse()
      if (flight.length === 0) socket.end()
      else socket.write(Buffer.from(flight.map((index) => requests[index]).join(''), 'latin1'))
    }
    next()
    let answers = 0
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1')
      for (;;) {
        const index = flight[0]
        const end = text.indexOf('\r\n\r\n')
        if (index === undefined || end < 0) return
        const head = text.slice(0, end)
        const hasBody = !requests[index]?.startsWith('HEAD ')
        const length = hasBody ? Number(/\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0) : 0
        if (text.length < end + 4 + length) return
        text = text.slice(end + 4 + length)
        statuses[index] = Number(head.slice(9, 12))
        answers += 1
        flight.shift()
        if (flight.length === 0) next()
      }
    })
    await once(socket, 'close')
    // no answer at all: the first of them ended it
    const [first, ...others] = flight
    if (answers === 0 && first !== undefined) {
      statuses[first] = 0
      waiting.push(...others.reverse())
    } else waiting.push(...flight.reverse())
  }
}
