// Text that fits the screen.

/** Lines of at most `width` characters, broken between words; a longer word stands alone. Keeps the indent. */
export function wrap(text: string, width: number, indent = ''): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    const longer = line === '' ? `${indent}${word}` : `${line} ${word}`
    if (longer.length > width && line !== '') {
      lines.push(line)
      line = `${indent}${word}`
    } else line = longer
  }
  return [...lines, line]
}

/** Lines of at most `width` characters, whatever their words: a longer one is cut. */
export function cut(text: string, width: number): string[] {
  const pieces = text
    .split(' ')
    .flatMap((word) =>
      word.length <= width ? [word] : (word.match(new RegExp(`.{1,${width}}`, 'gsu')) ?? []),
    )
  return wrap(pieces.join(' '), width)
}

/** Rows in columns, the last one wrapped under itself, by `wrapped`. */
export function columns(
  rows: readonly (readonly string[])[],
  width: number,
  wrapped: (text: string, width: number) => string[] = wrap,
): string[] {
  const count = Math.max(0, ...rows.map((row) => row.length))
  const widths = Array.from({ length: count }, (_, i) =>
    Math.max(0, ...rows.map((row) => row[i]?.length ?? 0)),
  )
  const before = widths.slice(0, -1).reduce((sum, each) => sum + each + 2, 0)
  return rows.flatMap((row) => {
    const lead = row
      .slice(0, -1)
      .map((cell, i) => cell.padEnd((widths[i] ?? 0) + 2))
      .join('')
    const last = wrapped(row.at(-1) ?? '', Math.max(20, width - before))
    return last.map((line, i) => `${i === 0 ? lead : ' '.repeat(before)}${line}`.trimEnd())
  })
}
