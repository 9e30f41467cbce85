// A generated part of a document that people write: between two comments that name who writes it.

/** The document with `text` between the marks of `writer`. Throws where it has no such marks. */
export function between(document: string, writer: string, text: string): string {
  const [begin, end] = [`<!-- ${writer} writes from here -->`, `<!-- to here: ${writer} -->`]
  const [from, to] = [document.indexOf(begin), document.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`the document has no place for what ${writer} writes`)
  return `${document.slice(0, from + begin.length)}\n\n${text}\n\n${document.slice(to)}`
}
