/** `npm run requirements`: writes docs/requirements.md. */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { format, resolveConfig } from 'prettier'
import { mutants } from '../mutants/list.ts'
import { requirementsDocument, testTexts } from './requirement-table.ts'
import { requirements } from './requirements.ts'

const file = fileURLToPath(new URL('../../docs/requirements.md', import.meta.url))
const text = requirementsDocument(requirements, testTexts(), mutants)
writeFileSync(file, await format(text, { ...(await resolveConfig(file)), filepath: file }))
