// The reader's module, made of its sources: AssemblyScript, in files of their own ending, since no other compiler takes them.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { main } from 'assemblyscript/asc'

const folder = join(import.meta.dirname, '..', 'core', 'reader')

/** The pages are what core/reader/map.as lays out, and one for the first document. */
const options = `read.ts --outFile reader.wasm -O3 --noAssert --runtime stub --use abort= --enable simd,bulk-memory
  --initialMemory 19`

/** The text of core/reader/reader.generated.ts. */
export async function readerModule(): Promise<string> {
  let made: Uint8Array | undefined
  let said = ''
  const { error } = await main(options.split(/\s+/), {
    readFile: (name) => readFile(join(folder, name.replace(/\.ts$/, '.as')), 'utf8').catch(() => null),
    writeFile: (_, contents) => {
      if (typeof contents !== 'string') made = contents
    },
    listFiles: () => [],
    stderr: {
      write: (chunk) => {
        said += String(chunk)
      },
    },
  })
  if (error !== null || made === undefined) throw new Error(`The reader does not compile: ${said}`)
  const lines =
    Buffer.from(made)
      .toString('base64')
      .match(/.{1,108}/g) ?? []
  return `// Made by test/generate.ts of the sources beside it. Do not edit.

/** A module of WebAssembly, as base64. */
export const readerModule = \`
${lines.join('\n')}
\`
`
}
