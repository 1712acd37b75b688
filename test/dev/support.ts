/** The development issuer as most tests want it: the template that we ship, any port, closed at the end. */
import { readFileSync } from 'node:fs'
import type { Test } from 'tap'
import { startIssuer } from '../../src/dev/issuer.ts'
import type { DevClient, DevIssuer, IssuerOptions } from '../../src/dev/issuer.ts'

export const ownTemplate = readFileSync(
  new URL('../../deploy/cloudformation/cognito.yaml', import.meta.url),
  'utf8',
)

export async function startTestIssuer(
  t: Test,
  options: Partial<IssuerOptions> = {},
): Promise<DevIssuer> {
  const started = await startIssuer({ from: ownTemplate, port: 0, ...options })
  if (!started.ok) throw new Error(JSON.stringify(started.problem))
  t.teardown(() => started.value.close())
  return started.value
}

export function clientNamed(issuer: DevIssuer, name: string): DevClient {
  const client = issuer.clients.find((one) => one.name === name)
  if (!client) throw new Error(`no client ${name}`)
  return client
}

export function basic(id: string, secret: string): string {
  return `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`
}
