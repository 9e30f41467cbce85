// How many patients one record has room for. All of them are named in it, and what cannot be named is neither asked for nor shown.

/** Most patients in one record. */
export const mostPatients = 250

/**
 * Bytes of a record for its patients: `mostPatients` of the longest identifiers that FHIR knows, 64 characters. What is left of
 * 65,535 is for who asked, which the length of a token bounds, and for names of the policy.
 */
const mostBytes = 48 * 1024

/** Of one patient's text in a record, without the sealed identifier. */
const around = '{"sealed":"","token":""},'.length + 43
/** Nonce and tag, which are sealed with an identifier. */
const sealing = 12 + 16

/** Whether one record can name them all. */
export function fitOneRecord(patients: readonly string[]): boolean {
  if (patients.length > mostPatients) return false
  let bytes = 0
  for (const patient of patients)
    bytes += around + Math.ceil(((sealing + Buffer.byteLength(patient)) * 4) / 3)
  return bytes <= mostBytes
}
