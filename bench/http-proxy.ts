/** Bare @fastify/http-proxy before the upstream whose port is given; prints its own port. */
import httpProxy from '@fastify/http-proxy'
import fastify from 'fastify'
import type { AddressInfo } from 'node:net'

const app = fastify({ logger: false })
await app.register(httpProxy, { upstream: `http://127.0.0.1:${process.argv[2] ?? ''}` })
await app.listen({ port: 0, host: '127.0.0.1' })
console.log(`port ${(app.server.address() as AddressInfo).port}`)
