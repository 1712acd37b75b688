/** Bare @fastify/http-proxy: node http-proxy.js PORT UPSTREAM. JavaScript, so that any node starts it as it is. */
import httpProxy from '@fastify/http-proxy'
import fastify from 'fastify'

const [port, upstream] = process.argv.slice(2)
const app = fastify({ logger: false })
await app.register(httpProxy, { upstream: `http://127.0.0.1:${upstream}` })
await app.listen({ port: Number(port), host: '127.0.0.1' })
