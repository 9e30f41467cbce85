// The words of which a member's name is made, however it writes them.

/** In small letters: of `patient_age`, `PatientAge2` and `Patient Age` the same two. `page` and `gzip` are one word each. */
export function wordsOf(member: string): string[] {
  return member
    .replaceAll(/([a-z\d])(?=[A-Z])/g, '$1 ')
    .toLowerCase()
    .split(/[^a-z]+/)
    .filter((word) => word !== '')
}
