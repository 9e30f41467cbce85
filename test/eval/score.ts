// What a detector found beside what the labels say. A label counts as found when nine tenths of its letters and digits
// are covered, by findings of whatever type: what is removed is removed. Pure.

/** Where something stands in a text, UTF-16 code units, `end` exclusive. */
export type Span = { readonly start: number; readonly end: number; readonly type: string }

export type Labelled = { readonly id: string; readonly text: string; readonly spans: readonly Span[] }

export type TypeScore = {
  /** Labels of this type, how many were found, and how many of those under this type. */
  labels: number
  found: number
  foundAsType: number
  /** Findings of this type, and how many of them stand at least half inside labels of whatever type. */
  findings: number
  right: number
}

export type Score = {
  readonly types: ReadonlyMap<string, TypeScore>
  readonly all: TypeScore
  /** Letters and digits outside of labels, and how many of them were removed. */
  readonly outside: number
  readonly removed: number
  /** Texts without a label, and how many of them were changed. */
  readonly clean: number
  readonly changed: number
}

/** Share of a label's letters and digits that must be covered. */
const coverage = 0.9

const nothing = (): TypeScore => ({ labels: 0, found: 0, foundAsType: 0, findings: 0, right: 0 })

/** `findings`: by the id of the text. A text that is missing there has none. */
export function score(texts: readonly Labelled[], findings: ReadonlyMap<string, readonly Span[]>): Score {
  const types = new Map<string, TypeScore>()
  const of = (type: string): TypeScore => {
    const known = types.get(type) ?? nothing()
    types.set(type, known)
    return known
  }
  let [outside, removed, clean, changed] = [0, 0, 0, 0]
  for (const { id, text, spans } of texts) {
    const found = findings.get(id) ?? []
    const covered = cover(text.length, found)
    const labelled = cover(text.length, spans)
    for (const label of spans) {
      const type = of(label.type)
      type.labels += 1
      if (share(text, label, covered) >= coverage) type.found += 1
      const own = found.filter((finding) => finding.type === label.type)
      if (share(text, label, cover(text.length, own)) >= coverage) type.foundAsType += 1
    }
    for (const finding of found) {
      const type = of(finding.type)
      type.findings += 1
      if (share(text, finding, labelled) >= 0.5) type.right += 1
    }
    for (let at = 0; at < text.length; at += 1) {
      if (labelled[at] === 1 || !counts(text, at)) continue
      outside += 1
      if (covered[at] === 1) removed += 1
    }
    if (spans.length === 0) {
      clean += 1
      if (found.length > 0) changed += 1
    }
  }
  const all = nothing()
  for (const type of types.values())
    for (const key of Object.keys(all) as (keyof TypeScore)[]) all[key] += type[key]
  return { types, all, outside, removed, clean, changed }
}

function cover(length: number, spans: readonly Span[]): Uint8Array {
  const covered = new Uint8Array(length)
  for (const { start, end } of spans) covered.fill(1, start, end)
  return covered
}

/** Share of a stretch's letters and digits that are covered; of one that has none, whether all of it is. */
function share(text: string, { start, end }: Span, covered: Uint8Array): number {
  let [all, inside] = [0, 0]
  for (let at = start; at < end; at += 1) {
    if (!counts(text, at)) continue
    all += 1
    if (covered[at] === 1) inside += 1
  }
  if (all > 0) return inside / all
  return covered.subarray(start, end).every((one) => one === 1) ? 1 : 0
}

const letterOrDigit = /[\p{L}\p{N}]/u

/** Whether a letter or digit begins here. The second half of a surrogate pair does not count by itself. */
function counts(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  if (code >= 0xdc00 && code <= 0xdfff) return false
  return letterOrDigit.test(String.fromCodePoint(text.codePointAt(at) as number))
}
