/** What several commands share on the command line. */
import type { Command as Commander } from 'commander'

export const defaultConfig = 'proxy.config.yaml'

/** Adds `-c`. */
export function withConfig(command: Commander): Commander {
  return command.option(
    '-c, --config <file>',
    'the configuration, or env:NAME for a variable that holds it',
    defaultConfig,
  )
}

/** A list that is written as one word of the shell: `"a b"`. Pure. */
export const listIn = (text: string | undefined): readonly string[] =>
  text?.split(' ').filter((word) => word !== '') ?? []

/** For options that may stand several times. Pure. */
export const collect = (value: string, before: readonly string[]): readonly string[] => [
  ...before,
  value,
]
