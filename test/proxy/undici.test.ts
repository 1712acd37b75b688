/** `upstream.client: undici` passes the tests of what goes upstream and comes back, as our own client does. */
process.env['UPSTREAM_CLIENT'] = 'undici'
await import('../wire/bodies.test.ts')
await import('../wire/retries.test.ts')
await import('../wire/upstream-faults.test.ts')
await import('../wire/outbound-401.test.ts')

export {}
