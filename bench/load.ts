/** A closed loop of keep-alive connections that send the same GET and count the answers. */
import { once } from 'node:events'
import net from 'node:net'

export type LoadOptions = {
  readonly port: number
  readonly token: string
  readonly connections: number
  readonly milliseconds: number
}

/** Resolves with the number of whole answers; any other status than 200 is an error. */
export async function runLoad(options: LoadOptions): Promise<number> {
  const request =
    `GET /export/1 HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${options.token}\r\n` +
    'User-Agent: bench\r\nAccept: */*\r\n\r\n'
  let answers = 0
  let running = true
  const timer = setTimeout(() => {
    running = false
  }, options.milliseconds)
  const sockets = Array.from({ length: options.connections }, () => {
    const socket = net.connect(options.port, '127.0.0.1')
    let left = 0
    socket.setNoDelay(true)
    socket.write(request)
    socket.on('data', (chunk: Buffer) => {
      if (left <= 0) {
        const head = chunk.toString('latin1')
        if (!head.startsWith('HTTP/1.1 200')) throw new Error(head.slice(0, 200))
        const length = /content-length: (\d+)/i.exec(head)?.[1] ?? '0'
        left = head.indexOf('\r\n\r\n') + 4 + Number(length)
      }
      left -= chunk.length
      if (left > 0) return
      answers += 1
      if (running) socket.write(request)
      else socket.end()
    })
    return once(socket, 'close')
  })
  await Promise.all(sockets)
  clearTimeout(timer)
  return answers
}
