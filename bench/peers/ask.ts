/** One question, one status; for what is not measured. */
import net from 'node:net'

/** Status of the answer to this request, as soon as its first line is there; 0 when there is none. */
export function ask(port: number, request: string): Promise<number> {
  const socket = net.connect(port, '127.0.0.1')
  return new Promise((resolve) => {
    let text = ''
    socket.on('error', () => undefined)
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1')
      // not until the end: peers differ in when they close a connection
      if (text.includes('\r\n\r\n')) socket.destroy()
    })
    socket.on('close', () => {
      resolve(Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0))
    })
    socket.write(request)
  })
}
