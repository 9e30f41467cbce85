// What records have in common, by which frames of the embedded store are packed (zstd, this text as raw dictionary). Frames
// that were written are read by it for as long as they are kept: it never changes. A better one is another frame's.

import { Buffer } from 'node:buffer'

// What is likeliest stands last, where it costs least to name.
export const frameDictionary: Buffer = Buffer.from(
  [
    '{"at":"20","kind":"chain-closed","open":[],"schema":"phi-access/1"}',
    '{"acknowledge":"Stream","at":"20","kind":"chain-started","origin":"hipaa-mcp.dev/","profile":"Production","schema":"phi-access/1","version":"',
    '{"at":"20","breach":[{"distinctPatients":100,"perSeconds":3600}],"generation":1,"kind":"orders","policy":"","profile":"Production","schema":"phi-access/1"}',
    '{"at":"20","count":1,"kind":"counted","reason":"no-certificate","schema":"phi-access/1","source":"10.","what":"handshake-failed"}',
    '{"at":"20","call":"","dropped":{},"iss":"https://","kind":"event","method":"notifications/progress","patients":[],"redacted":{},"result":"hmac-sha256:","schema":"phi-access/1","sub":"',
    '{"at":"20","call":"","kind":"refusal","method":"tools/call","peer":"10.","policy":"","purpose":"TREAT","reason":"tool-unknown","schema":"phi-access/1","stage":"authorize","tool":"get_',
    '"resource":"patient-record","method":"resources/read","grant":{"approvedBy":"","name":"","requestedBy":"","uid":""},"actor":{"before":[],"iss":"https://","sub":""},"key":"","training":"20',
    '{"at":"20","kind":"heads","heads":[{"origin":"hipaa-mcp.dev/","root":"=","size":',
    '{"bytes":,"keyId":"","kind":"sealed","origin":"hipaa-mcp.dev/","schema":"phi-access/1","segment":"","sha256":"',
    '"outcome":"tool-error","outcome":"error","outcome":"unknown","purpose":"HPAYMT","purpose":"HOPERAT","rule":"acr","value":"phr","patientsUnknown":true,"method":"tools/list"',
    '{"argumentNames":["patient_id"],"arguments":"hmac-sha256:","at":"2026-11-26T15:00:00.000Z","call":"","kind":"intent","method":"tools/call","patients":[{"sealed":"","token":""}],"peer":"10.0.0.1","policy":"","purpose":"TREAT","revision":"2025-11-25","role":"clinician","schema":"phi-access/1","tool":"get_patient","who":{"certificate":"","clientId":"","iss":"https://login.microsoftonline.com/","mfa":{"authTime":17,"grade":"claim","rule":"amr","value":"mfa"},"sub":"","token":""}}\n',
    '{"at":"2026-11-26T15:00:00.000Z","bytes":1000,"call":"","dropped":{"*":1},"kept":{"/code":1,"/id":1},"kind":"result","milliseconds":12,"outcome":"ok","patients":[{"sealed":"","token":""}],"redacted":{"names":1},"result":"hmac-sha256:","schema":"phi-access/1"}\n',
  ].join(''),
)

/** The same for frames of a few records, whose hashes and tokens are bytes (tighten.ts): with words that rules, tools and roles are made of. */
export const tightDictionary: Buffer = Buffer.concat([
  Buffer.from(
    [
      '":1,"Patient.name":1,"Patient.gender":1,"Patient.birthDate":1,"Immunization.vaccineCode":1,"DiagnosticReport.code":1,"DocumentReference.type":1',
      ',"Procedure.performed":1,"Procedure.code":1,"Encounter.period":1,"Encounter.class":1,"Encounter.status":1,"AllergyIntolerance.code":1,"CarePlan.activity":1',
      ',"MedicationRequest.dosageInstruction":1,"MedicationRequest.medication":1,"MedicationRequest.status":1,"Observation.category":1,"Observation.effective":1',
      ',"Observation.value":1,"Observation.code":1,"Condition.category":1,"Condition.clinicalStatus":1,"Condition.onset":1,"Condition.code":1',
      '"admin"pharmacist"billing-clerk"researcher"nurse"physician","search_","find_","list_observations","list_medications","list_encounters","list_conditions"',
      '["date","encounter","status","category","code","id","patient_id"]"redacted":{"dates":1,"ids":1,"name":1,"date":1',
    ].join(''),
  ),
  frameDictionary,
])
