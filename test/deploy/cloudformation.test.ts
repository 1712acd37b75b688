/** The templates that we ship, as AWS would read them, and the configuration that is in them, as Scopegate does. */
import { readFileSync } from 'node:fs'
import t from 'tap'
import type { Config } from '../../src/config/config.ts'
import type { Value } from '../../src/cloudformation/intrinsic-call.ts'
import { at, type Stack, templateChecker, textOf } from '../support/cloudformation.ts'
import { configOf } from '../support/config.ts'

const read = (file: string): string =>
  readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8')
const templates = {
  cognito: read('deploy/cloudformation/cognito.yaml'),
  service: read('deploy/cloudformation/ecs-service.yaml'),
  worker: read('deploy/cloudformation/ecs-worker.yaml'),
}
const check = await templateChecker()

const placed = { VpcId: 'vpc-1', TaskSubnets: 'subnet-1,subnet-2', ScopegateImage: 'scopegate' }
const caller = {
  ClientSecretArn: 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:worker-AbCdEf',
  ClientId: '3n4b5c6d7e8f9g',
  TokenEndpoint: 'https://app.auth.eu-central-1.amazoncognito.com/oauth2/token',
}
const service = {
  ...placed,
  ...{ LoadBalancerSubnets: 'subnet-3,subnet-4', CertificateArn: 'arn:aws:acm:…' },
  ...{ ApiImage: 'api', UserPoolId: 'eu-central-1_a1B2c3D4e' },
}
const stacks: Readonly<Record<string, Stack>> = {
  'an issuer': check(templates.cognito),
  'an issuer with a domain of its own': check(templates.cognito, { DomainPrefix: 'app' }),
  'an API': check(templates.service, service),
  'an API that calls others': check(templates.service, {
    ...{ ...service, ...caller, OtherApi: 'https://other.example.com' },
  }),
  'a worker': check(templates.worker, {
    ...{ ...placed, ...caller, WorkerImage: 'worker', ApiUrl: 'https://api.example.com' },
  }),
}
const tasks = Object.entries(stacks).filter(([, stack]) => stack.resources.has('TaskDefinition'))

t.test('what AWS would refuse is found', (t) => {
  const resource = (text: string): string => `Resources:\n  One:\n${text.replace(/^/gm, '    ')}\n`
  const pool = 'Type: AWS::Cognito::UserPool\n'
  const client = 'Type: AWS::Cognito::UserPoolClient\nProperties: '
  const cases: readonly (readonly [string, string])[] = [
    [resource('Type: AWS::Cognito::Pool'), 'is of no type that AWS knows'],
    [resource(`${pool}Property: {}`), 'Property is no key of a resource'],
    [resource(`${pool}DependsOn: Two`), 'depends on what is not there'],
    [resource(`${pool}DependsOn: [One, Two]`), 'depends on what is not there'],
    [resource(`${pool}Properties: { Name: a }`), 'has no property Name'],
    [resource(`${pool}Properties: [a]`), 'properties are expected here'],
    [resource(`${client}{ ClientName: a }`), 'lacks UserPoolId'],
    [resource(`${client}{ UserPoolId: a, GenerateSecret: yes }`), 'is no boolean'],
    [resource(`${client}{ UserPoolId: a, AccessTokenValidity: 1h }`), 'is no integer'],
    [resource(`${client}{ UserPoolId: a, AllowedOAuthFlows: code }`), 'is no list'],
    [resource(`${client}{ UserPoolId: [a] }`), 'is no string'],
    [resource(`${pool}Properties: { Policies: a }`), 'properties are expected here'],
    [resource(`${pool}Properties: { Policies: { Password: a } }`), 'has no property Password'],
    [resource(`${pool}Properties: { UserPoolTags: a }`), 'is no'],
    [resource('Type: AWS::Logs::LogGroup\nProperties: { Tags: [{ Key: a }] }'), 'is no tag'],
    [resource(`${pool}Properties: { UserPoolName: !Ref Two }`), 'neither a parameter nor'],
    [resource(`${pool}Properties: { UserPoolName: !GetAtt One.Name }`), 'is no attribute'],
    [resource(`${pool}Properties: { UserPoolName: !Sub 'a\${One.Name}' }`), 'is no attribute'],
    [`${resource(pool)}Outputs: { Id: { Value: !Ref Two } }`, 'neither a parameter nor'],
    [`Parameters: { Unused: { Type: String } }\n${resource(pool)}`, 'is not used'],
  ]
  for (const [text, words] of cases) {
    const { problems } = check(text)
    t.equal(problems.length, 1, text)
    t.match(problems[0], words)
  }
  t.strictSame(check(resource(pool)).problems, [])
  t.end()
})

t.test('AWS would take each template, whatever its conditions say', (t) => {
  for (const [name, { problems, resources }] of Object.entries(stacks)) {
    t.strictSame(problems, [], name)
    t.ok(resources.size > 4, name)
  }
  t.end()
})

t.test(
  'the configuration in the task loads without a warning, and listens where it is asked',
  (t) => {
    const configs = new Map<string, Config>()
    for (const [name, stack] of tasks) {
      const yaml = textAt(container(stack, 'scopegate'), 'Environment', 0, 'Value')
      const secrets = at(container(stack, 'scopegate'), 'Secrets')
      const env = secrets === undefined ? {} : { CLIENT_SECRET: 'a-secret' }
      const config = configOf(yaml, { env })
      t.strictSame(config.warnings, [], name)
      configs.set(name, config)
    }
    const api = configs.get('an API')
    t.match(api, { outbound: undefined, inbound: { listen: { host: '0.0.0.0', port: 8080 } } })
    t.match(api?.admin.listen, { host: '0.0.0.0', port: 9901 })
    t.equal(api?.inbound?.upstream.origin, 'http://127.0.0.1:3000')
    const both = configs.get('an API that calls others')
    t.match(both, { inbound: {}, outbound: { listen: { host: '127.0.0.1', port: 8081 } } })
    const worker = configs.get('a worker')
    t.match(worker, { inbound: undefined, outbound: { listen: { host: '127.0.0.1', port: 8081 } } })
    t.equal(worker?.clients[0]?.clientSecret.reveal(), 'a-secret')
    t.end()
  },
)

t.test(
  'the load balancer reaches Scopegate and asks for its readiness; the API has no port',
  (t) => {
    for (const name of ['an API', 'an API that calls others']) {
      const stack = stacks[name]!
      const ports = at(container(stack, 'scopegate'), 'PortMappings') as readonly Value[]
      t.strictSame(
        ports.map((port) => textAt(port, 'ContainerPort')),
        ['8080', '9901'],
      )
      t.equal(at(container(stack, 'api'), 'PortMappings'), undefined)
      const target = stack.resources.get('TargetGroup')?.properties
      t.equal(textAt(target, 'Port'), '8080')
      t.equal(textAt(target, 'HealthCheckPort'), '9901')
      t.equal(textAt(target, 'HealthCheckPath'), '/readyz')
      const balanced = at(stack.resources.get('Service')?.properties, 'LoadBalancers', 0)
      t.equal(textAt(balanced, 'ContainerName'), 'scopegate')
      t.equal(textAt(balanced, 'ContainerPort'), '8080')
      const ways = at(stack.resources.get('TaskGroup')?.properties, 'SecurityGroupIngress')
      for (const way of ways as readonly Value[])
        t.equal(textAt(way, 'SourceSecurityGroupId'), 'ref of LoadBalancerGroup')
    }
    const worker = stacks['a worker']!
    t.equal(at(worker.resources.get('Service')?.properties, 'LoadBalancers'), undefined)
    t.equal(at(worker.resources.get('TaskGroup')?.properties, 'SecurityGroupIngress'), undefined)
    t.equal(at(container(worker, 'scopegate'), 'PortMappings'), undefined)
    t.end()
  },
)

t.test('the application waits for Scopegate, and both can write nowhere and gain nothing', (t) => {
  for (const [name, stack] of tasks) {
    const [scopegate, application] = containers(stack)
    t.equal(textAt(application, 'DependsOn', 0, 'ContainerName'), 'scopegate', name)
    t.equal(textAt(application, 'DependsOn', 0, 'Condition'), 'HEALTHY')
    t.strictSame(
      at(scopegate, 'HealthCheck', 'Command'),
      ['CMD', ...entryPoint(), 'health', '-c', 'env:SCOPEGATE_CONFIG'],
      'the health check needs no shell, and asks what the image runs',
    )
    t.strictSame(at(scopegate, 'Command'), ['run', '-c', 'env:SCOPEGATE_CONFIG'])
    t.equal(textAt(scopegate, 'User'), '1000:1000')
    for (const one of [scopegate, application]) {
      t.equal(textAt(one, 'ReadonlyRootFilesystem'), 'true')
      t.strictSame(at(one, 'LinuxParameters', 'Capabilities', 'Drop'), ['ALL'])
      t.equal(textAt(one, 'LogConfiguration', 'Options', 'mode'), 'non-blocking')
      t.ok(Number(textAt(one, 'StopTimeout')) > 25)
    }
  }
  t.end()
})

t.test('roles give what ECS needs to start the task, and the task itself nothing', (t) => {
  for (const [name, stack] of tasks) {
    t.equal(at(stack.resources.get('TaskRole')?.properties, 'Policies'), undefined, name)
    const policy = at(stack.resources.get('ExecutionRole')?.properties, 'Policies', 0)
    const statements = at(policy, 'PolicyDocument', 'Statement') as readonly Value[]
    const secrets = at(container(stack, 'scopegate'), 'Secrets')
    for (const statement of statements) {
      const actions = [at(statement, 'Action')].flat().map(String)
      const resource = textAt(statement, 'Resource')
      t.notMatch(actions.join(), '*')
      t.equal(resource === '*', actions.join() === 'ecr:GetAuthorizationToken', actions.join())
      if (actions.includes('secretsmanager:GetSecretValue'))
        t.equal(resource, at(secrets, 0, 'ValueFrom'))
    }
    const actions = statements.flatMap((statement) => [at(statement, 'Action')].flat())
    t.equal(actions.includes('secretsmanager:GetSecretValue'), secrets !== undefined)
  }
  t.end()
})

function containers(stack: Stack): readonly Value[] {
  const task = stack.resources.get('TaskDefinition')?.properties
  return at(task, 'ContainerDefinitions') as readonly Value[]
}

function container(stack: Stack, name: string): Value {
  return containers(stack).find((one) => at(one, 'Name') === name)!
}

function textAt(value: Value | undefined, ...path: readonly (string | number)[]): string {
  return textOf(at(value, ...path))
}

function entryPoint(): readonly string[] {
  const [, list = '[]'] = /^ENTRYPOINT (\[.*\])$/m.exec(read('Dockerfile')) ?? []
  return JSON.parse(list) as string[]
}
