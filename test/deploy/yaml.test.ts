/** Every YAML file in deploy/ is read, and every configuration in it is one that Scopegate takes. */
import t from 'tap'
import { configProblems, documentsOf, filesBelow } from '../support/deploy.ts'

const files = filesBelow('deploy').filter((file) => /\.ya?ml$/.test(file))
const configurations = files.filter((file) => file.endsWith('/proxy.config.yaml'))

t.test('every YAML file in deploy/ is YAML, and says something', (t) => {
  t.ok(files.length > 20)
  for (const file of files) {
    // tags of CloudFormation are read by its own reader: test/dev/template.test.ts
    if (file.startsWith('deploy/cloudformation/')) continue
    const documents = documentsOf(file)
    t.ok(documents.length > 0, file)
    for (const document of documents) t.type(document, 'object', file)
  }
  t.end()
})

t.test('every configuration in deploy/ loads', (t) => {
  t.ok(configurations.length >= 6)
  for (const file of configurations) t.same(configProblems(file), [], file)
  t.end()
})
