/** `scopegate explain METHOD PATH`: what inbound does with a request, and why. No network. */
import type { ExplainToken } from '../cli/explain.ts'
import type { Command } from '../cli.ts'
import { readRequest } from '../proxy/explain.ts'
import { notesOn } from '../proxy/explain-notes.ts'
import { explainRequest } from '../proxy/explained.ts'
import { knownIssuers, readToken, type TokenWords } from '../review/explain/asked-token.ts'
import { explainJson } from '../review/explain/as-json.ts'
import { explainText } from '../review/explain/as-text.ts'
import { type ExitCode, exitCodes, type Io } from './io.ts'
import { loadForReviewOrTell } from './load-for-review.ts'
import { readAll } from './stdin.ts'

/** Exit code 0 when the request is certainly allowed, 1 when it is denied or that depends on what is not known. */
export async function explain(
  command: Extract<Command, { name: 'explain' }>,
  io: Io,
): Promise<ExitCode> {
  const request = readRequest(command.request)
  if (!request.ok) return refuse(request.problem, io)
  const config = loadForReviewOrTell(command.config, io)
  if (config === undefined) return exitCodes.failed
  const { inbound, issuers } = config
  if (inbound === undefined) {
    io.err(`scopegate: ${config.file} has no inbound: there is nothing to decide\n`)
    return exitCodes.failed
  }
  const words = await wordsOf(command.token, io)
  if (words === undefined) return refuse('standard input is no token: it is too long', io)
  const token = readToken(words, knownIssuers(config), io.clock())
  if (!token.ok) return refuse(token.problem, io)
  const settings = { inbound, issuers: issuers.map(({ name }) => name) }
  const explained = explainRequest(settings, request.value, token.value.token)
  const { file, hash: configHash } = config
  const notes = notesOn(explained, inbound)
  const told = { file, configHash, explained, token: token.value, notes }
  io.out(
    command.json
      ? `${JSON.stringify(explainJson(told), null, 2)}\n`
      : `${explainText(told).join('\n')}\n`,
  )
  return explained.decision === 'allow' ? exitCodes.ok : exitCodes.no
}

function refuse(problem: string, io: Io): ExitCode {
  io.err(`scopegate: ${problem}\n`)
  return exitCodes.usage
}

/** Undefined when standard input holds more than any token has. */
async function wordsOf(token: ExplainToken, io: Io): Promise<TokenWords | undefined> {
  if (token.kind !== 'stdin') return token
  const text = await readAll(io.openStdin())
  return text === undefined ? undefined : { kind: 'compact', text }
}
