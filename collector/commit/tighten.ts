// Records without the letters that their hashes, tokens and UUIDs are written in: the bytes that those letters spell, which is as
// short as they can be. Packing alone does not find that out from one record.
//
//   F8 n, n bytes     hexadecimal digits, small
//   F9 n, n bytes     base64url without padding
//   FA, 16 bytes      a UUID, in small letters
//
// None of the three stands in UTF-8; all other bytes stand for themselves.

const [hexMark, base64Mark, uuidMark] = [0xf8, 0xf9, 0xfa] as const

/** Shorter runs of letters are mostly words, and gain little. */
const [shortestHex, shortest] = [32, 22] as const
/** What one byte counts. */
const longest = 255

const [hexDigit, otherLetter] = [1, 2] as const
/** What may stand in such a run. */
const letters = Uint8Array.from({ length: 256 }, (_, code) => {
  const letter = String.fromCharCode(code)
  return /[0-9a-f]/.test(letter) ? hexDigit : /[\w-]/.test(letter) ? otherLetter : 0
})

/** Undefined for what is not UTF-8, and could be mistaken. */
export function tighten(text: Buffer): Buffer | undefined {
  if (text.some((byte) => byte >= hexMark)) return undefined
  const out = Buffer.allocUnsafe(text.length)
  let length = 0
  let from = 0
  for (let at = 0; at < text.length; at += 1) {
    const start = at
    let kinds = 0
    for (; at < text.length && letters[text[at] as number] !== 0; at += 1)
      kinds |= letters[text[at] as number] as number
    if (at - start < shortest) continue
    const tight = tightRun(text.toString('latin1', start, at), kinds)
    if (tight === undefined) continue
    length += text.copy(out, length, from, start)
    length += tight.copy(out, length)
    from = at
  }
  length += text.copy(out, length, from)
  return out.subarray(0, length)
}

/** Undefined where it is written otherwise than its bytes would be again. */
function tightRun(run: string, kinds: number): Buffer | undefined {
  if (run[8] === '-' && uuid.test(run))
    return Buffer.concat([Buffer.from([uuidMark]), Buffer.from(run.replaceAll('-', ''), 'hex')])
  const isHex = kinds === hexDigit && run.length >= shortestHex && run.length % 2 === 0
  const bytes = Buffer.from(run, isHex ? 'hex' : 'base64url')
  if (bytes.length > longest || (!isHex && bytes.toString('base64url') !== run)) return undefined
  return Buffer.concat([Buffer.from([isHex ? hexMark : base64Mark, bytes.length]), bytes])
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** What `tighten` was given. Throws RangeError for bytes that it did not make. */
export function loosen(tight: Buffer): Buffer {
  const parts: Buffer[] = []
  let from = 0
  for (let at = 0; at < tight.length; at += 1) {
    const mark = tight[at] as number
    if (mark < hexMark) continue
    const begin = at + (mark === uuidMark ? 1 : 2)
    const end = begin + (mark === uuidMark ? 16 : (tight[at + 1] ?? 0))
    if (mark > uuidMark || end > tight.length) throw new RangeError('Not what records were made of')
    parts.push(tight.subarray(from, at), Buffer.from(spelled(mark, tight.subarray(begin, end)), 'latin1'))
    from = end
    at = end - 1
  }
  return Buffer.concat([...parts, tight.subarray(from)])
}

function spelled(mark: number, bytes: Buffer): string {
  if (mark === base64Mark) return bytes.toString('base64url')
  const hex = bytes.toString('hex')
  return mark === hexMark ? hex : hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}
