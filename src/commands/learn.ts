/** `scopegate learn`: routes from what the log shows, for people to review. */
import { createReadStream } from 'node:fs'
import { pipeline, type Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import type { Command } from '../cli.ts'
import { whyUnreadable } from '../config/load.ts'
import { createLearning, type Learning } from '../review/learn/learn.ts'
import { createLogReader } from '../review/learn/log-reader.ts'
import { propose } from '../review/learn/propose.ts'
import { unusedOf } from '../review/learn/unused.ts'
import { learnedJson, learnedYaml, toldTexts } from '../review/learn/written.ts'
import { safe } from '../review/route-yaml.ts'
import { type ExitCode, exitCodes, type Io } from './io.ts'
import { loadOrTell } from './load-or-tell.ts'

/** Exit code 3 when a log cannot be read, has no request, or only outbound ones and `--unused` is not asked. */
export async function learn(
  command: Extract<Command, { name: 'learn' }>,
  io: Io,
): Promise<ExitCode> {
  const { logs, json, minCount, mostNames, unused: days } = command
  const config = command.config === undefined ? undefined : loadOrTell(command.config, io)
  if (command.config !== undefined && config === undefined) return exitCodes.failed
  const learning = createLearning(config)
  for (const log of logs) {
    const problem = await readLog(log, learning, io)
    if (problem !== undefined) {
      io.err(`${safe(problem)}\n`)
      return exitCodes.failed
    }
  }
  const { learned } = learning
  if (learned.requests === 0) {
    io.err(`there is no request in ${safe(logs.join(', '))}\n`)
    return exitCodes.failed
  }
  if (learned.requests === learned.skipped.outbound && days === undefined) {
    io.err(
      `every request in ${safe(logs.join(', '))} is outbound: routes come of what the inbound proxy was asked\n`,
    )
    return exitCodes.failed
  }
  const proposal = propose(learned, { minCount, mostNames })
  const unused = config && days !== undefined ? unusedOf(config, learned, days) : undefined
  for (const text of toldTexts(learned, proposal)) io.err(`${text}\n`)
  io.out(
    json
      ? `${JSON.stringify(learnedJson(learned, proposal, unused), null, 2)}\n`
      : learnedYaml(learned, proposal, unused),
  )
  return exitCodes.ok
}

/** Why the log cannot be read; undefined when it was. */
async function readLog(log: string, learning: Learning, io: Io): Promise<string | undefined> {
  const reader = createLogReader(learning)
  try {
    for await (const chunk of openLog(log, io)) if (!reader.push(chunk as Buffer)) break // a stream without encoding
  } catch (error) {
    return `${log}: the file ${whyUnreadable(error)}`
  }
  const problem = reader.end()
  return problem === undefined ? undefined : `${log}:${problem}`
}

function openLog(log: string, io: Io): Readable {
  const input = log === '-' ? io.openStdin() : createReadStream(log)
  if (!log.endsWith('.gz')) return input
  const unpacked = createGunzip()
  // what fails is told to who reads the last of them
  pipeline(input, unpacked, () => undefined)
  return unpacked
}
