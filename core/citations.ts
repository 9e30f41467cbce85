// Where each control stands in the law. One table, so that a record, a refusal and a document cite the same section.

/** Control -> section of 45 CFR part 160 or 164. */
export const citations = {
  encryptionInTransit: '164.312(e)(1)',
  encryptionAtRest: '164.312(a)(2)(iv)',
  accessControl: '164.312(a)(1)',
  audit: '164.312(b)',
  accounting: '164.528',
  activityReview: '164.308(a)(1)(ii)(D)',
  integrity: '164.312(c)(1)',
  authentication: '164.312(d)',
  transmission: '164.312(e)(1)',
  minimumNecessary: '164.502(b)',
  minimumNecessaryDisclosures: '164.514(d)(3)',
  wholeRecord: '164.514(d)(5)',
  rolesByNeed: '164.514(d)(2)',
  accessByRole: '164.308(a)(4)',
  emergencyAccess: '164.312(a)(2)(ii)',
  automaticLogoff: '164.312(a)(2)(iii)',
  retention: '164.316(b)(2)(i)',
  breach: '164.402',
  breachNotice: '164.404(c)(1)',
  breachReport: '164.410',
  agreement: '164.504(e)',
  training: '164.308(a)(5)',
} as const

export type Control = keyof typeof citations
