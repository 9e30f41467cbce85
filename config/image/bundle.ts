// A program of the image as one file: Node looks up, reads and links each file by itself, and the sidecar has 740.

import { rolldown } from 'rolldown'

/** The program at `path` with all that it imports, but for what is Node's own. The same sources give the same text. */
export async function bundled(path: string): Promise<string> {
  const bundle = await rolldown({ input: path, platform: 'node' })
  try {
    const { output } = await bundle.generate({ format: 'esm', codeSplitting: false })
    return output[0].code
  } finally {
    await bundle.close()
  }
}
