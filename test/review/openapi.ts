/** Small OpenAPI documents, and what comes of them. */
import type { ReadingOptions } from '../../src/review/openapi/operations.ts'
import { type Imported, importOpenapi } from '../../src/review/openapi/import.ts'
import { routeText } from '../../src/review/route-yaml.ts'

export const plain: ReadingOptions = { scopePrefix: '', basePath: undefined }

const schemes = `
components:
  securitySchemes:
    app: { type: oauth2, flows: { clientCredentials: { tokenUrl: /t, scopes: { read: r, write: w, admin: a } } } }
    oidc: { type: openIdConnect, openIdConnectUrl: https://issuer.example/.well-known/openid-configuration }
    key: { type: apiKey, in: header, name: x-api-key }
    basic: { $ref: '#/components/securitySchemes/plain' }
    plain: { type: http, scheme: basic }
    lost: { $ref: 'other.yaml#/a' }
    odd: {}
    bare: { type: oauth2 }
    empty: { type: oauth2, flows: { implicit: {} } }
`

/** A document with these paths (YAML, not indented) and the schemes above. */
export const documentWith = (paths: string, head = ''): string =>
  `openapi: 3.1.0\n${head}paths:\n${paths.trim().replace(/^/gm, '  ')}\n${schemes}`

/** Throws when the document is not read. */
export function imported(text: string, options: ReadingOptions = plain): Imported {
  const read = importOpenapi(text, options)
  if (!read.ok) throw new Error(JSON.stringify(read.problem))
  return read.value
}

/** Routes as YAML. */
export const routesOf = ({ routes }: Imported): readonly string[] => routes.map(routeText)

/** `line:column key: message`, with `!` before a problem. */
export const findingsOf = ({ findings }: Imported): readonly string[] =>
  findings.map(
    ({ line, column, key, message, isProblem }) =>
      `${isProblem ? '!' : ''}${line}:${column} ${key}: ${message}`,
  )
