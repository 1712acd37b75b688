/** Answers by `upstream.client: undici`; in a process of its own, since memory is measured there. */
process.env['UPSTREAM_CLIENT'] = 'undici'
await import('../wire/responses.test.ts')

export {}
