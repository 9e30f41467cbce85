// What others wrote, made fit for a screen: names in files and words of servers may hold what a terminal or a CI runner
// takes for a command.

/** Controls, line separators, and marks that are not seen or turn the direction of text; halves of characters. */
const unseen = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu
/** What runners of CI take for a command wherever a line is trimmed or broken: `::error::`, `##[error]`, `##vso[…]`. */
const command = /::(?=[A-Za-z])|##(?=\[|vso\[)/g

/** Such characters as `\uXXXX`, as JSON and YAML read them back within double quotes. */
export function escaped(text: string): string {
  return text.replaceAll(unseen, escapeOf)
}

/** One line that says what stands there and does nothing. For people: it is not read back. */
export function visible(text: string): string {
  return escaped(text).replaceAll(command, (mark) => `${mark[0]}${escapeOf(mark[1] ?? '')}`)
}

/** All but line breaks and tabs, which a text of several lines has of its own. */
export function visibleLines(text: string): string {
  return text.replaceAll(unseen, (mark) => (mark === '\n' || mark === '\t' ? mark : escapeOf(mark)))
}

function escapeOf(mark: string): string {
  return mark
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('')
}
