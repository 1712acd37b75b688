/** An API of the kind that Scopegate is for: it trusts everybody who reaches it, and calls another one without a token. */
import http from 'node:http'

const { HOST = '127.0.0.1', PORT = '3000', BILLING_URL = 'http://billing' } = process.env

const server = http.createServer((request, response) => {
  const { pathname } = new URL(request.url, 'http://here')
  if (pathname === '/status') return response.end('well\n')
  if (pathname.startsWith('/invoices/')) return invoice(pathname, response)
  const caller = request.headers['x-auth-client-id'] ?? 'nobody I know'
  // as long as a request needs that asks a database
  setTimeout(() => response.end(`${request.method} ${pathname} for ${caller}\n`), 20)
})

function invoice(path, response) {
  http
    .get(BILLING_URL + path, (answer) => {
      response.writeHead(answer.statusCode, answer.headers)
      answer.pipe(response)
    })
    .on('error', () => response.writeHead(502).end())
}

server.listen(Number(PORT), HOST)
process.on('SIGTERM', () => server.close())
