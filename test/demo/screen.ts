// What a person sees: numbered sections with the time, sentences, two columns for before and after, a tick or a cross for
// each claim. At most 80 columns, colours on a terminal only.

const width = 80
const colour = process.stdout.isTTY && process.env['NO_COLOR'] === undefined
const paint = (code: number) => (text: string) => (colour ? `\u001B[${code}m${text}\u001B[0m` : text)
const [bold, dim, green, red, cyan] = [1, 2, 32, 31, 36].map(paint) as [Paint, Paint, Paint, Paint, Paint]
type Paint = (text: string) => string

const began = performance.now()
let number = 0

/** `m:ss` since the start. */
export function elapsed(from = began): string {
  const seconds = Math.round((performance.now() - from) / 1_000)
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}

const print = (text = ''): void => void process.stdout.write(`${text}\n`)

/** Begins a numbered section. */
export function section(title: string): void {
  number++
  const head = `━━ ${number}  ${title} `
  const time = ` ${elapsed()}`
  print(`\n${bold(cyan(head + '━'.repeat(Math.max(2, width - head.length - time.length)) + time))}`)
}

/** A sentence, broken at words. */
export function say(text: string): void {
  for (const line of wrap(text, width - 3)) print(`   ${line}`)
}

/** Something a person could type. */
export function command(text: string): void {
  print(`   ${dim('$')} ${text}`)
}

/** Lines as they are, cut at the width. */
export function lines(text: string): void {
  for (const line of text.trimEnd().split('\n')) print(`   ${dim(cut(line, width - 3))}`)
}

/** A table of kubectl, its columns as narrow as they can be. */
export function table(text: string): void {
  const rows = text
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/ {2,}/))
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => (row[at] ?? '').length)))
  for (const row of rows)
    print(
      `   ${dim(
        row
          .map((cell, at) => cell.padEnd(widths[at] ?? 0))
          .join(' ')
          .trimEnd(),
      )}`,
    )
}

/** A claim, seen or not; what was seen instead stands below. */
export function tick(text: string, holds: boolean, seen = ''): void {
  const [first = '', ...rest] = wrap(text, width - 6)
  print(`   ${holds ? green('✔') : red('✘')} ${holds ? first : red(first)}`)
  for (const line of rest) print(`     ${holds ? line : red(line)}`)
  if (seen !== '')
    for (const line of wrap(seen, width - 8).slice(0, holds ? 3 : 12)) print(`       ${dim(line)}`)
}

/** Two texts side by side, each line broken to its column, or cut where `cutting`. */
export function columns(
  left: { title: string; text: string },
  right: { title: string; text: string },
  cutting = false,
): void {
  const each = Math.floor((width - 3 - 3) / 2)
  const broken = ({ text }: { text: string }) =>
    text.split('\n').flatMap((line) => (cutting ? [cut(line, each)] : wrap(line, each)))
  const [a, b] = [broken(left), broken(right)]
  print(`   ${bold(left.title.padEnd(each))} ${dim('│')} ${bold(right.title)}`)
  for (let at = 0; at < Math.max(a.length, b.length); at++) {
    print(`   ${(a[at] ?? '').padEnd(each)} ${dim('│')} ${b[at] ?? ''}`)
  }
}

/** Progress on the error stream, so that results can be read alone. */
export function progress(text: string): void {
  process.stderr.write(`   ${dim(`… ${text} (${elapsed()})`)}\n`)
}

/** Breaks at blanks, and inside a word only where it alone is too long. Keeps the indent of the line. */
export function wrap(text: string, size: number): string[] {
  const indent = /^ */.exec(text)?.[0] ?? ''
  const room = Math.max(8, size - indent.length)
  const out: string[] = []
  let line = ''
  for (const word of text.trim().split(' ')) {
    let rest = word
    if (line !== '' && line.length + 1 + rest.length <= room) {
      line += ` ${rest}`
      continue
    }
    if (line !== '') out.push(indent + line)
    while (rest.length > room) {
      out.push(indent + rest.slice(0, room))
      rest = rest.slice(room)
    }
    line = rest
  }
  return [...out, indent + line]
}

const cut = (text: string, size: number): string =>
  text.length <= size ? text : `${text.slice(0, size - 1)}…`
