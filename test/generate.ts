// Everything generated, in one list. `node test/generate.ts` writes; `--check` exits 1 when a file is stale.

import { readFile, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { monitoringFiles } from '../config/monitoring/generate.ts'
import { observedFiles } from '../config/webhook/observed.ts'
import { generatedFiles } from '../crds/generate.ts'
import { bypassDocument } from './bypass-document.ts'
import { controlsDocument } from './controls-document.ts'
import { fhirTable } from './fhir-r4-table.ts'
import { policyLinterDocument } from './policy-linter-document.ts'
import { protocolDocument } from './protocol-document.ts'
import { refusalsDocument } from './refusals-document.ts'
import { schemaCheck } from './schema-of-schemas.ts'
import { textPages, wasmModule } from './wasm-module.ts'

const root = join(import.meta.dirname, '..')

const files = [
  ...[...(await generatedFiles()), ...monitoringFiles(), ...observedFiles()].map(({ path, text }) => ({
    path: fileURLToPath(path),
    text,
  })),
  { path: join(root, 'core', 'fields', 'fhir-r4.json'), text: fhirTable() },
  { path: join(root, 'core', 'arguments', 'schema-of-schemas.generated.ts'), text: schemaCheck() },
  {
    // The pages are what core/reader/map.as lays out, and one for the first document.
    path: join(root, 'core', 'reader', 'reader.generated.ts'),
    text: await wasmModule({ path: join(root, 'core', 'reader', 'read'), name: 'readerModule', pages: 20 }),
  },
  {
    path: join(root, 'core', 'text', 'module.generated.ts'),
    text: await wasmModule({
      path: join(root, 'core', 'text', 'module', 'text'),
      name: 'textModule',
      pages: textPages,
    }),
  },
  {
    // As core/scan/scan.as lays it out: 1 MiB of records, and what may be read behind them.
    path: join(root, 'core', 'scan', 'scan.generated.ts'),
    text: await wasmModule({ path: join(root, 'core', 'scan', 'scan'), name: 'scanModule', pages: 22 }),
  },
  { path: join(root, 'docs', 'bypass.md'), text: await bypassDocument() },
  { path: join(root, 'docs', 'controls.md'), text: await controlsDocument() },
  { path: join(root, 'docs', 'policy-linter.md'), text: policyLinterDocument() },
  { path: join(root, 'docs', 'protocol.md'), text: protocolDocument() },
  { path: join(root, 'docs', 'refusals.md'), text: refusalsDocument() },
]

const check = process.argv.includes('--check')
for (const { path, text } of files) {
  if ((await readFile(path, 'utf8').catch(() => '')) === text) continue
  if (check) {
    console.error(`${relative(root, path)} is stale: run node test/generate.ts`)
    process.exitCode = 1
  } else {
    await writeFile(path, text)
    console.log(`wrote ${relative(root, path)}`)
  }
}
