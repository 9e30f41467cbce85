// A program of the image as one file: Node looks up, reads and links each file by itself, and the sidecar has 740.

import { type CommentsOptions, rolldown } from 'rolldown'

/** One sign beyond a byte, and V8 keeps two bytes for each of the file: 2.6 MB of every sidecar. */
const beyondAscii = /[\u0080-\uffff]/g
/** Of comments, what licences ask for. */
const licences = { legal: true, annotation: false, jsdoc: false }

/** The program at `path` with all that it imports, but for what is Node's own. The same sources give the same text, in ASCII. */
export async function bundled(path: string): Promise<string> {
  const bundle = await rolldown({ input: path, platform: 'node' })
  const generated = async (comments: CommentsOptions | false): Promise<string> => {
    const { output } = await bundle.generate({
      format: 'esm',
      codeSplitting: false,
      charset: 'ascii',
      comments,
    })
    return output[0].code
  }
  try {
    const code = await generated(licences)
    if (code.search(beyondAscii) < 0) return code
    // A template with a tag is read as it is written: an escape there would be another text.
    const bare = await generated(false)
    const fault = bare.search(beyondAscii)
    if (fault >= 0)
      throw new Error(
        `${path}: write the last sign of ${bare.slice(Math.max(0, fault - 39), fault + 1)} as an escape, for the image is ASCII`,
      )
    return code.replaceAll(beyondAscii, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`)
  } finally {
    await bundle.close()
  }
}
