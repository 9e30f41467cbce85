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
