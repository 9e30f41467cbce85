// Purposes of use as HL7 publishes them: the value set v3-PurposeOfUse of the code system v3-ActReason
// (http://terminology.hl7.org), which records and FHIR AuditEvents cite. Codes and their place below each other; no text.

import { words } from '../words.ts'

/** A branch of the value set -> the codes below it, itself included. */
const branches = {
  HMARKT: words('HMARKT'),
  HOPERAT:
    words(`HOPERAT CAREMGT DONAT FRAUD GOV HACCRED HCOMPL HDECD HDIRECT HDM HLEGAL HOUTCOMS HPRGRP HQUALIMP
    HSYSADMIN LABELING METAMGT MEMADMIN MILCDM PATADMIN PATSFTY PERFMSR RECORDMGT SYSDEV HTEST TRAIN`),
  HPAYMT: words('HPAYMT CLMATTCH COVAUTH COVERAGE ELIGDTRM ELIGVER ENROLLM MILDCRG REMITADV'),
  HRESCH: words('HRESCH BIORCH CLINTRCH CLINTRCHNPC CLINTRCHPC PRECLINTRCH DSRCH POARCH TRANSRCH'),
  PATRQT: words('PATRQT FAMRQT PWATRNY SUPNWK'),
  PUBHLTH: words('PUBHLTH DISASTER THREAT'),
  TREAT: words('TREAT CLINTRL COC ETREAT BTG ERTREAT POPHLTH'),
} as const
export type PurposeBranch = keyof typeof branches

/** The branch that a code stands in; undefined for one that HL7 does not have. */
export function branchOf(code: string): PurposeBranch | undefined {
  return (Object.keys(branches) as PurposeBranch[]).find((branch) => branches[branch].has(code))
}
