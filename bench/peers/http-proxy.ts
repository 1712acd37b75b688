/** Bare @fastify/http-proxy, which authenticates nobody, with its defaults and without a log. */
import { join } from 'node:path'
import { program } from './system.ts'

const script = (name: string, file: string) =>
  program(name, 'forwards', ({ node }, upstream, port) => ({
    words: [node, join(import.meta.dirname, 'scripts', file), String(port), String(upstream.port)],
  }))

export const httpProxy = script('@fastify/http-proxy, no authentication', 'http-proxy.js')
/** Also loads what verifies tokens, and then does not use it. */
export const plainImports = script('a script that imports the same libraries', 'imports.js')
