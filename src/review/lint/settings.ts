/** What the configuration shows besides routes: secrets in its text, listeners that others reach. Pure. */
import { isLoopbackHost } from '../../config/compile/addresses.ts'
import type { Config, ListenAddress } from '../../config/config.ts'
import type { ConfigDocument, Place } from '../../config/document.ts'
import type { KeyPath } from '../../config/problems.ts'
import { type Finding, finding, type FindingId, type Severity } from './finding-table.ts'

/** `document` is the text that `config` was made of. */
export function lintSettings(config: Config, document: ConfigDocument): readonly Finding[] {
  const at = (id: FindingId, path: KeyPath, message: string): Finding => {
    // what is told of is written: defaults are never told
    const { line, column } = document.place(path) as Place
    return finding(id, { file: config.file, line, column, message, names: [path.join('.')] })
  }
  return [
    ...config.clients.flatMap(({ name }) =>
      [['clients', name, 'clientSecret'] as const, ['clients', name, 'clientSecret', 0] as const]
        .filter((path) => isWritten(document.place(path)))
        .map((path) =>
          at(
            'SG030',
            path.slice(0, 3),
            `the secret of client ${name} stands in the configuration, or a value for when its variable is missing`,
          ),
        ),
    ),
    ...lintListeners(config, at),
  ]
}

/** A scalar that is more than a variable: `${NAME:-value}` holds a value, too. */
function isWritten(place: Place | undefined): boolean {
  return place?.source !== undefined && !/^\$\{\w+\}$/.test(place.source.trim())
}

function lintListeners(
  { admin, outbound }: Config,
  at: (id: FindingId, path: KeyPath, message: string) => Finding,
): readonly Finding[] {
  const found: Finding[] = []
  if (outbound !== undefined && isOpen(outbound.listen)) {
    const guard = outbound.requireHeader === undefined ? '' : ', if it sends the header'
    found.push(
      at(
        'SG031',
        ['outbound', 'listen'],
        `outbound is open to other hosts: whoever reaches it gets tokens${guard}`,
      ),
    )
  }
  if (isOpen(admin.listen)) {
    const more = [
      ...(admin.allowRemoteStatus ? ['shows its status'] : []),
      ...(admin.allowShutdown ? ['can be shut down'] : []),
    ]
    // probes of a platform come from outside, and nothing but health and metrics is there for them
    const severity: Severity = more.length > 0 ? 'warning' : 'note'
    const what = more.length > 0 ? `, and ${more.join(' and ')}` : ', for health and metrics'
    found.push({
      ...at('SG031', ['admin', 'listen'], `the admin listener is open to other hosts${what}`),
      severity,
    })
  }
  return found
}

const isOpen = (listen: ListenAddress): boolean =>
  listen.kind === 'tcp' && !isLoopbackHost(listen.host)
