import fastify from 'fastify'
import t from 'tap'
import { noSchemas } from '../../src/ops/no-schemas.ts'

t.test('a route without a schema is served, one with a schema makes the start fail', async (t) => {
  const app = fastify({ schemaController: noSchemas })
  app.get('/plain', () => 'well')
  t.equal((await app.inject('/plain')).body, 'well')
  for (const schema of [
    { querystring: { type: 'object' } },
    { response: { 200: { type: 'object' } } },
  ]) {
    const strict = fastify({ schemaController: noSchemas })
    strict.get('/strict', { schema }, () => 'never')
    await t.rejects(async () => strict.ready(), /its compilers are not in the build/)
  }
})
