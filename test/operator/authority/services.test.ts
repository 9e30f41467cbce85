import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { ownServices } from '../../../operator/authority/webhook-certificate.ts'

test('a Service that is made again is the one that was installed', async () => {
  const documents = parseAllDocuments(await readFile('config/webhook/services.yaml', 'utf8'))
  expect(ownServices).toEqual(documents.map((document) => document.toJS() as unknown))
})
