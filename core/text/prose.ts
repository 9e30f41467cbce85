// Which strings are prose, written for people to read, and which are values of a structure: codes, displays, units, paths.

/** Words that sentences and notes have, and names of terms do not. */
const sentence =
  /(?:^|[^\p{L}\p{N}])(?:is|was|were|are|has|had|have|he|she|his|her|they|their|i|we|our|you|your|my|who|which|pt|patient|patients|seen|admitted|denies|reports|reported|presents|presented|states|came|lives|please|at|dr|mr|mrs|ms|for|from)(?=[^\p{L}\p{N}]|$)/iu

/** True of a text with five words or more, one of them a verb, pronoun or the like. */
export function isProse(text: string): boolean {
  if (text.length < 20) return false
  let spaces = 0
  for (let i = 0; i < text.length && spaces < 4; i += 1) if (text.charCodeAt(i) <= 0x20) spaces += 1
  return spaces >= 4 && sentence.test(text)
}
