// A module of WebAssembly, made of its source: AssemblyScript, in files of their own ending, since no other compiler takes them.

import { readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/** As much of it as is used. Its own types declare the globals of its language for everybody: `at` that is never undefined. */
type Compiler = {
  main(
    this: void,
    options: string[],
    how: {
      readFile(name: string): Promise<string | null>
      writeFile(name: string, contents: Uint8Array | string): void
      listFiles(): string[]
      reportDiagnostic(diagnostic: { code: number; message: string }): void
      transforms: (typeof Inlining)[]
    },
  ): Promise<{ error: Error | null }>
}
const compiler: string = 'assemblyscript/asc'
/** What it says of a vector in the signature of a function: ours pass them among themselves alone. */
const vectorInSignature = 112

/** The optimizer that the compiler brings. */
type Optimizer = {
  setOptimizeLevel(level: number): void
  setShrinkLevel(level: number): void
  setOneCallerInlineMaxSize(size: number): void
}

/**
 * Before the compiler optimizes by its own limits: what one place alone calls stands there, however long it is. The compiler's limit leaves
 * most of these as calls, which cost a text of many short words a twentieth.
 */
class Inlining {
  /** Set by the compiler. */
  declare readonly binaryen: Optimizer

  afterCompile(module: { optimize(): void }): void {
    this.binaryen.setOptimizeLevel(3)
    this.binaryen.setShrinkLevel(0)
    this.binaryen.setOneCallerInlineMaxSize(1_000_000)
    module.optimize()
  }
}

type Source = {
  /** Path of its first file, without its ending. */
  readonly path: string
  /** What it is exported as. */
  readonly name: string
  /** Pages of memory that it begins with. */
  readonly pages: number
}

/** Pages of memory that the module of text search begins with: what core/text/module/memory.as lays out. */
export const textPages = 14

/** The text of a file that exports the module as base64. */
export async function wasmModule({ path, name, pages }: Source): Promise<string> {
  let made: Uint8Array | undefined
  const options = `${basename(path)}.ts --outFile out.wasm -O3 --noAssert --runtime stub --use abort= --enable simd,bulk-memory`
  const { main } = (await import(compiler)) as Compiler
  const { error } = await main([...options.split(' '), '--initialMemory', String(pages)], {
    readFile: (file) => readFile(join(dirname(path), file.replace(/\.ts$/, '.as')), 'utf8').catch(() => null),
    writeFile: (_, contents) => {
      if (typeof contents !== 'string') made = contents
    },
    listFiles: () => [],
    reportDiagnostic: ({ code, message }) => {
      if (code !== vectorInSignature) console.error(message)
    },
    transforms: [Inlining],
  })
  if (error !== null || made === undefined) throw new Error(`${path}.as does not compile`, { cause: error })
  const lines =
    Buffer.from(made)
      .toString('base64')
      .match(/.{1,108}/g) ?? []
  return [
    '// Made by test/generate.ts of the sources beside it. Do not edit.',
    '',
    '/** A module of WebAssembly, as base64. */',
    `export const ${name} = \``,
    ...lines,
    '`',
    '',
  ].join('\n')
}
