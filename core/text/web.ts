// Addresses of pages with https:// or the like; the module finds others (module/hosts.as).

import { words } from '../words.ts'
import type { Finding } from './span.ts'
import { codeAt } from './word.ts'

/**
 * Who keeps code systems, profiles and name spaces (HL7 Terminology, External Code Systems): their addresses identify terms,
 * and are nobody's page.
 */
const keepers = words(
  `hl7.org snomed.info loinc.org unitsofmeasure.org nlm.nih.gov nci.nih.gov ama-assn.org nubc.org nucc.org cms.gov cdc.gov fda.gov
   ihtsdo.org w3.org nema.org hgvs.org genenames.org omim.org orpha.net ensembl.org ebi.ac.uk lrg-sequence.org pharmvar.org whocc.no
   who.int usps.com ada.org edqm.eu radlex.org rsna.org acr.org ihe.net nahdo.org iso.org ietf.org iana.org gs1.org ncpdp.org x12.org astm.org
   unece.org ohdsi.org bfarm.de dimdi.de fhir.nhs.uk isbt128.org iccbba.org hcpcs.codes icd10data.com human-phenotype-ontology.org
   sequenceontology.org obolibrary.org healthterminologies.gov.au`,
)
const terminology = new RegExp(
  `^https?://(?:[a-z0-9-]{1,63}\\.){0,3}(?:${[...keepers].join('|').replaceAll('.', String.raw`\.`)})(?:/[\\w/.|#-]{0,200})?(?:\\?fhir_vs(?:=[\\w/-]{0,100})?)?$`,
)

const address = /(?:https?|ftp|file):\/\/[^\s"'<>]{1,2048}/iy

/** With https:// or the like. */
export function pages(text: string, findings: Finding[]): void {
  let last = 0
  for (let at = text.indexOf('://'); at >= 0; at = text.indexOf('://', at + 3)) {
    let start = at
    while (
      start > last &&
      at - start < 5 &&
      (codeAt(text, start - 1) | 0x20) >= 0x61 &&
      (codeAt(text, start - 1) | 0x20) <= 0x7a
    )
      start -= 1
    address.lastIndex = start
    const match = address.exec(text)
    if (match === null) continue
    last = start + match[0].length
    if (!terminology.test(match[0])) findings.push({ start, end: last, type: 'URL' })
    at = last - 3
  }
}
