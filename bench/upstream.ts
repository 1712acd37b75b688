/** An upstream that answers 1 KiB to everything; prints its port. */
import http from 'node:http'
import type { AddressInfo } from 'node:net'

const body = 'x'.repeat(1024)
const server = http.createServer((_req, res) => {
  res.writeHead(200, { 'content-type': 'text/plain', 'content-length': body.length })
  res.end(body)
})
server.listen(0, '127.0.0.1', () => {
  console.log(`port ${(server.address() as AddressInfo).port}`)
})
