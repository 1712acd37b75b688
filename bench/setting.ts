/** What the systems of one run share: a folder, tokens, an upstream, a token endpoint, cores. */
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type Certificates, makeCertificates } from '../test/support/certificates.ts'
import { makeTokens, type Tokens } from './tokens.ts'

/** What outbound attaches, and what the upstream wants to see under /attached/. */
export const attachedToken = 'token-of-the-bench'.repeat(48)

export type Setting = {
  readonly folder: string
  /** Path of the binary that runs what is written for Node. */
  readonly node: string
  readonly tokens: Tokens
  readonly certificates: Certificates
  readonly tokenEndpoint: string
  /** Takes traces and throws them away. */
  readonly collector: string
  /** Writes a file into the folder of the run; its path. */
  readonly write: (name: string, content: string | Buffer) => string
}

export async function makeSetting(node: string): Promise<Setting> {
  const helper = await startHelper()
  const folder = mkdtempSync(join(tmpdir(), 'scopegate-bench-'))
  return {
    ...{ folder, node },
    tokens: await makeTokens(),
    certificates: makeCertificates(),
    tokenEndpoint: `${helper}/oauth2/token`,
    collector: helper,
    write(name, content) {
      const path = join(folder, name)
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, content)
      return path
    },
  }
}

/** Answers every grant with the same token, and every trace with the same words; keeps no process alive. */
async function startHelper(): Promise<string> {
  const answer = { access_token: attachedToken, token_type: 'Bearer', expires_in: 3600 }
  const server = createServer((request, response) => {
    request.resume()
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(answer))
  })
  server.unref().listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
