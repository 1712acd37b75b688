/** `scopegate dev`: issuer, sample API, inbound and outbound on this machine, in one terminal (SPEC 7). */
import { join } from 'node:path'
import type { Command } from '../cli.ts'
import { formatProblem, loadConfig, readTextFile } from '../config/load.ts'
import { type DevIssuer, startIssuer } from '../dev/issuer.ts'
import { type SampleApi, startSampleApi } from '../dev/sample-api.ts'
import { inboundConfig, outboundConfig, type PlaygroundConfig } from '../dev/playground.ts'
import { welcome } from '../dev/welcome.ts'
import { type NonEmpty, no, ok, type Result } from '../units.ts'
import { type ExitCode, exitCodes, type Io } from './io.ts'
import { readableLines } from './readable-log.ts'
import { serve, serveUntilSignal, type Serving } from './serve.ts'

/** Each of the two proxies says these; the terminal shows one playground, which begins and ends as one. */
const lifeCycle: ReadonlySet<string> = new Set(['started', 'shutting down', 'shut down'])

type DevCommand = Extract<Command, { name: 'dev' }>

/** Resolves with the exit code after Ctrl-C; a port in use is a sentence and exit code 3. */
export async function dev(command: DevCommand, io: Io): Promise<ExitCode> {
  const started: { close(): Promise<void> }[] = []
  const readable = readableLines(io, lifeCycle)
  const log = holdBack({
    write: (line) => {
      io.out(readable(line))
    },
  })
  const playground = await build(command, { ...io, log }, started)
  if (playground.ok) {
    io.out(playground.value.text)
    log.release()
    await serveUntilSignal(playground.value.servings, io)
  } else io.err(`scopegate: ${playground.problem}\n`)
  for (const part of started.reverse()) await part.close()
  return playground.ok ? exitCodes.ok : exitCodes.failed
}

type LineWriter = { write(line: string): void }

/** Keeps lines until `release`: what runs where comes first. */
function holdBack(to: LineWriter): LineWriter & { release(): void } {
  const held: string[] = []
  let isReleased = false
  return {
    write(line) {
      if (isReleased) to.write(line)
      else held.push(line)
    },
    release() {
      isReleased = true
      for (const line of held) to.write(line)
    },
  }
}

type Playground = { readonly text: string; readonly servings: NonEmpty<Serving> }

/** Starts one part after the other; `started` has those that must be closed again. */
async function build(
  command: DevCommand,
  io: Io,
  started: { close(): Promise<void> }[],
): Promise<Result<Playground, string>> {
  const { ports } = command
  const issuer = await bootIssuer(command, io)
  if (!issuer.ok) return issuer
  started.push(issuer.value)
  if (issuer.value.clients.length === 0)
    return no('the template has no client with a secret for client_credentials')
  const api = await startSampleApi({ port: ports.api })
  if (!api.ok) return no(`${api.problem.message} (or another --api-port)`)
  started.push(api.value)

  const inbound = await serveText(inboundConfig(issuer.value, api.value.url, ports), io)
  if (!inbound.ok) return no(`${inbound.problem} (or another --inbound-port, --admin-port)`)
  started.push({ close: () => inbound.value.stop() })
  // its configuration has an inbound section, and the next one an outbound section
  const upstream = inbound.value.addresses.inbound as string
  const outbound = await serveText(outboundConfig(issuer.value, upstream, ports), io)
  if (!outbound.ok) return no(`${outbound.problem} (or another --outbound-port, --admin-port)`)
  started.push({ close: () => outbound.value.stop() })
  return ok({
    text: describe(issuer.value, api.value, inbound.value, outbound.value),
    servings: [inbound.value, outbound.value],
  })
}

async function bootIssuer(command: DevCommand, io: Io): Promise<Result<DevIssuer, string>> {
  const file =
    command.template ?? join(io.packageFolder, 'deploy', 'cloudformation', 'cognito.yaml')
  const text = readTextFile(file)
  if (!text.ok) return no(`the template ${file} ${text.problem}`)
  const issuer = await startIssuer({
    from: text.value,
    port: command.ports.issuer,
    iss: command.issuer,
    // the same secrets every time: a line pasted from an earlier terminal still works
    seed: 'scopegate dev',
  })
  if (issuer.ok) return issuer
  return issuer.problem.code === 'invalid_template'
    ? no(issuer.problem.problems.map((problem) => formatProblem(file, problem)).join('\n'))
    : no(`${issuer.problem.message} (or another --issuer-port)`)
}

/** Serves a configuration that exists only here. */
async function serveText(
  { yaml, secrets }: PlaygroundConfig,
  io: Io,
): Promise<Result<Serving, string>> {
  const source = { env: 'SCOPEGATE_DEV' }
  const env = { ...secrets, SCOPEGATE_DEV: yaml }
  const config = loadConfig(source, { env, readFile: readTextFile })
  if (!config.ok) {
    const { problems } = config.problem
    return no(problems.map((problem) => formatProblem('dev', problem)).join('\n'))
  }
  return serve({ source, config: config.value, env }, io)
}

function describe(issuer: DevIssuer, api: SampleApi, inbound: Serving, outbound: Serving): string {
  return welcome({
    issuer,
    api: api.url,
    inbound: inbound.addresses.inbound as string,
    outbound: outbound.addresses.outbound as string,
    inboundAdmin: inbound.addresses.admin,
    outboundAdmin: outbound.addresses.admin,
  })
}
