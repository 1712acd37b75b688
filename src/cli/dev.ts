/** `dev` on the command line. */
import { type Command as Commander, InvalidArgumentError, Option } from 'commander'

export type DevCommand = {
  readonly name: 'dev'
  readonly template: string | undefined
  readonly issuer: 'own' | 'aws'
  readonly ports: DevPorts
}

export type DevPorts = {
  readonly issuer: number
  readonly api: number
  readonly inbound: number
  readonly outbound: number
  readonly admin: number
}

type Flags = { template?: string; issuer: 'own' | 'aws' } & Record<
  'issuerPort' | 'apiPort' | 'inboundPort' | 'outboundPort' | 'adminPort',
  string
>

export function describeDev(program: Commander, parsed: (command: DevCommand) => void): void {
  program
    .command('dev')
    .description(
      'a playground on this machine: Cognito-compatible issuer, sample API, inbound, outbound',
    )
    .option('--template <file>', 'CloudFormation template to boot the issuer from')
    .addOption(
      new Option('--issuer <who>', 'whose address tokens name: the own one, or that of AWS')
        .choices(['own', 'aws'])
        .default('own'),
    )
    .addOption(port('issuer', 'the issuer', '9229'))
    .addOption(port('api', 'the sample API', '3000'))
    .addOption(port('inbound', 'the inbound proxy', '8080'))
    .addOption(port('outbound', 'the outbound proxy', '8081'))
    .addOption(port('admin', 'the admin listeners: this one and the next', '9901'))
    .action((flags: Flags) => {
      parsed({
        name: 'dev',
        template: flags.template,
        issuer: flags.issuer,
        ports: {
          issuer: Number(flags.issuerPort),
          api: Number(flags.apiPort),
          inbound: Number(flags.inboundPort),
          outbound: Number(flags.outboundPort),
          admin: Number(flags.adminPort),
        },
      })
    })
}

function port(name: string, what: string, value: string): Option {
  return new Option(`--${name}-port <port>`, `port of ${what}; 0 takes a free one`)
    .default(value)
    .argParser((text) => {
      if (!/^\d{1,5}$/.test(text) || Number(text) > 65535)
        throw new InvalidArgumentError('A port is a number from 0 to 65535.')
      return text
    })
}
