// Which values are an identifier wherever they stand. Short ones are doses, scores and results as often: they are one only
// at a place that says so.

const [shortest, fewestDigits] = [5, 6]

/** Whether a text has the form of an identifier: a letter in five characters, or six digits. */
export function hasIdForm(text: string): boolean {
  if (text.length < shortest) return false
  if (/\p{L}/u.test(text)) return true
  return text.replaceAll(/\D/g, '').length >= fewestDigits
}
