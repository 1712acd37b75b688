/** `scopegate token CLIENT`: an access token as outbound would obtain it, and what it says. */
import { decodeJwt, decodeProtectedHeader } from 'jose'
import type { Command } from '../cli.ts'
import { type ExitCode, exitCodes, type Io } from './io.ts'
import { loadOrTell } from './load-or-tell.ts'
import { obtain } from './online.ts'

/** Prints header and claims; the token itself only with `--raw`. Verifies nothing. */
export async function token(
  command: Extract<Command, { name: 'token' }>,
  io: Io,
): Promise<ExitCode> {
  const config = loadOrTell(command.config, io)
  if (config === undefined) return exitCodes.no
  const client = config.clients.find(({ name }) => name === command.client)
  if (client === undefined) {
    const known = config.clients.map(({ name }) => name).join(', ') || 'none'
    io.err(`scopegate: there is no client ${command.client}; the configuration has: ${known}\n`)
    return exitCodes.usage
  }
  const { resource, audience } = client
  const result = await obtain({ client, scopes: command.scopes, resource, audience }, config, io)
  if (!result.ok) {
    const { code, because } = result.problem
    io.err(`scopegate: no token for ${client.name}: ${code}: ${because}\n`)
    return exitCodes.no
  }
  const compact = result.value.value.reveal()
  io.out(command.raw ? `${compact}\n` : `${JSON.stringify(describe(compact), null, 2)}\n`)
  return exitCodes.ok
}

function describe(compact: string): object {
  try {
    return { header: decodeProtectedHeader(compact), claims: decodeJwt(compact) }
  } catch {
    return { opaque: true, length: compact.length }
  }
}
