// A program of the image as one file: Node looks up, reads and links each file by itself, and the sidecar has 740.

import { rolldown } from 'rolldown'

/** One sign beyond a byte, and V8 keeps two bytes for each of the file: 2.6 MB of every sidecar. */
const beyondAscii = /[\u0080-\uffff]/g
/** An escape there is not the sign that it stands for: behind a backslash, and where a template is read as it is written. */
const noEscape = /\\[\u0080-\uffff]|\braw`[^`]*[\u0080-\uffff]/

/** The program at `path` with all that it imports, but for what is Node's own. The same sources give the same text. */
export async function bundled(path: string): Promise<string> {
  const bundle = await rolldown({ input: path, platform: 'node' })
  try {
    const { output } = await bundle.generate({ format: 'esm', codeSplitting: false })
    const { code } = output[0]
    const fault = noEscape.exec(code)
    if (fault !== null)
      throw new Error(
        `${path}: write the last sign of ${fault[0].slice(-40)} as an escape, for the image is ASCII`,
      )
    return code.replaceAll(beyondAscii, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`)
  } finally {
    await bundle.close()
  }
}
