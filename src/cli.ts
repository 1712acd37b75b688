/** argv -> Command, or the text and exit code to end with; and the help. */
import { Command as Commander, type CommanderError } from 'commander'
import { type AccessCommand, describeAccess } from './cli/access.ts'
import { type CheckCommand, describeCheck } from './cli/check.ts'
import { describeDev, type DevCommand } from './cli/dev.ts'
import { describeDiff, type DiffCommand } from './cli/diff.ts'
import { describeExplain, type ExplainCommand } from './cli/explain.ts'
import { defaultConfig } from './cli/flags.ts'
import { describeImport, type ImportCommand } from './cli/import.ts'
import { describeLearn, type LearnCommand } from './cli/learn.ts'
import {
  describeHealth,
  describeRun,
  describeSchema,
  describeToken,
  describeWait,
  type OperateCommand,
} from './cli/operate.ts'
import { describeTest, type TestCommand } from './cli/test.ts'
import { type ExitCode, exitCodes } from './commands/io.ts'
import { didYouMean } from './config/suggest.ts'

export type Command =
  | OperateCommand
  | CheckCommand
  | ExplainCommand
  | TestCommand
  | AccessCommand
  | DiffCommand
  | ImportCommand
  | LearnCommand
  | DevCommand

/** Adds one command to the program, and tells when that was asked for. */
type Describer = (program: Commander, parsed: (command: Command) => void) => void

/** In the order of the help. */
const describers: Readonly<Record<Command['name'], Describer>> = {
  run: describeRun,
  check: describeCheck,
  explain: describeExplain,
  test: describeTest,
  access: describeAccess,
  diff: describeDiff,
  import: describeImport,
  learn: describeLearn,
  token: describeToken,
  health: describeHealth,
  wait: describeWait,
  schema: describeSchema,
  dev: describeDev,
}

/** Every command, for documents that are held against them. */
export const commandNames = Object.keys(describers) as readonly Command['name'][]

/** Nothing is to be run: print and end. */
export type Ending = { readonly exitCode: ExitCode; readonly out: string; readonly err: string }

export type Parsed =
  | { readonly kind: 'command'; readonly command: Command }
  | { readonly kind: 'ending'; readonly ending: Ending }

/** Reads the arguments behind the program's name. Pure. */
export function parseArguments(args: readonly string[], version: string): Parsed {
  const unknown = unknownCommand(args[0])
  if (unknown !== undefined) return { kind: 'ending', ending: unknown }
  let command: Command = { name: 'run', config: defaultConfig }
  let out = ''
  let err = ''
  const program = describe(version)
  for (const describeOne of describersFor(args[0]))
    describeOne(program, (parsed) => {
      command = parsed
    })
  const capture = {
    writeOut: (text: string) => {
      out += text
    },
    writeErr: (text: string) => {
      err += text
    },
  }
  for (const each of withSubcommands(program)) each.exitOverride().configureOutput(capture)
  try {
    program.parse(args, { from: 'user' })
  } catch (error) {
    // with exitOverride commander throws nothing else
    const exitCode = (error as CommanderError).exitCode === 0 ? exitCodes.ok : exitCodes.usage
    return { kind: 'ending', ending: { exitCode, out, err } }
  }
  return { kind: 'command', command }
}

/** The one that is asked for, or all of them: describing thirteen takes a part of every start. */
function describersFor(first: string | undefined): readonly Describer[] {
  const asked = commandNames.find((name) => name === first)
  return asked === undefined ? Object.values(describers) : [describers[asked]]
}

const withSubcommands = (command: Commander): readonly Commander[] => [
  command,
  ...command.commands.flatMap(withSubcommands),
]

/** Commander would take it for an argument of the default command. */
function unknownCommand(first: string | undefined): Ending | undefined {
  const known: readonly string[] = [...commandNames, 'help']
  if (first === undefined || first.startsWith('-') || known.includes(first)) return undefined
  const err = `error: there is no command ${JSON.stringify(first)}${didYouMean(first, known)}\n`
  return { exitCode: exitCodes.usage, out: '', err }
}

function describe(version: string): Commander {
  return new Commander('scopegate')
    .description(
      'OAuth 2.0 service-to-service security beside any service: inbound verifies access tokens\n' +
        'and enforces which scopes open which routes, outbound attaches cached access tokens.',
    )
    .version(version, '--version', 'print the version')
    .helpOption('-h, --help', 'print help; `scopegate COMMAND --help` tells more')
    .addHelpText(
      'after',
      '\nExit codes: 0 well, 1 the answer is no, 2 wrong usage, 3 could not run.\n' +
        'SIGTERM and SIGINT drain and end, SIGHUP reloads the configuration.',
    )
}
