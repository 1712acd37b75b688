/** Callers whose tokens are refused. */
import { seconds, systemClock } from '../../src/units.ts'
import { jwksOf, makeKey } from '../support/issuer.ts'
import { says, startServer } from '../attacks/support.ts'
import { type Failures, quoteOf } from './happened.ts'
import { type Api, issuerOf, metricsOf, pool, saying, startApi } from './support.ts'

/** Each token is refused; the log has a line for each. */
async function refusals(api: Api, tokens: readonly string[]) {
  const answers = []
  const quotes = []
  for (const token of tokens) {
    const answer = await api.ask('GET /export/1', { token })
    answers.push(answer)
    quotes.push(quoteOf(await api.lineOf(answer)))
  }
  return { answers, quotes, metrics: await metricsOf(api) }
}

export const tokenFailures: Failures = {
  async 'The token is of another issuer'(t) {
    const api = await startApi(t)
    return refusals(api, [await api.token({ iss: issuerOf('eu-central-1_z9Y8x7W6v') })])
  },

  async 'The token has expired, or is not valid yet'(t) {
    const api = await startApi(t)
    const now = Math.floor(Date.now() / 1000)
    return refusals(api, [
      await api.token({ iat: now - 7200, exp: now - 3600 }),
      await api.token({ iat: now + 120, exp: now + 3720 }),
    ])
  },

  async 'The token is of another client, or an ID token'(t) {
    const api = await startApi(t)
    return refusals(api, [
      await api.token({ client_id: '7q8r9s1t2u3v4w' }),
      await api.token({ client_id: undefined, aud: '3n4b5c6d7e8f9g', token_use: 'id' }),
    ])
  },

  async 'The key of the token is gone'(t) {
    const next = makeKey('key-2')
    let later = 0
    const server = await startServer(t, says(''))
    const api = await startApi(t, {
      clock: () => seconds(systemClock() + later),
      keys: (key) => {
        server.play = says(jwksOf(key))
        return `endpoint: "${server.url}", issuer: "${issuerOf(pool)}"`
      },
    })
    const old = await api.token()
    t.equal((await api.ask('GET /export/1', { token: old })).status, 200)
    server.play = says(jwksOf(next))
    later = 15
    t.equal((await api.ask('GET /export/1', { token: await api.token({}, next) })).status, 200)
    const fetched = api.log.filter(saying('keys fetched')).map(quoteOf)
    const refused = await refusals(api, [old])
    return { ...refused, quotes: [...fetched.slice(1), ...refused.quotes] }
  },
}
