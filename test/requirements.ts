// What we claim, and what shows it. Every requirement has an id, the control that it serves, its state and one claim in
// the present tense. Tests name the id (verifies.ts); a gate fails when a requirement marked done or thin has no test,
// or a test names one that is not here. docs/controls.md is generated from this file.

import type { Control } from '../core/citations.ts'

/**
 * done: the whole claim holds and is tested. thin: it holds for the part that `note` names. planned: nothing is
 * claimed yet.
 */
export type Requirement = {
  control: Control
  state: 'done' | 'thin' | 'planned'
  claim: string
  note?: string
}

const done = (control: Control, claim: string): Requirement => ({ control, state: 'done', claim })
const thin = (control: Control, claim: string, note: string): Requirement => ({
  control,
  state: 'thin',
  claim,
  note,
})
const planned = (control: Control, claim: string): Requirement => ({ control, state: 'planned', claim })

export const requirements = {
  // 1. Encryption in transit
  'transit:mutual-tls': done(
    'encryptionInTransit',
    'A caller without a certificate of the client CA gets no byte of an answer.',
  ),
  'transit:tls-floor': done(
    'encryptionInTransit',
    'Nothing below the policy’s TLS version is spoken; the default is 1.3.',
  ),
  'transit:tls-profile': done(
    'encryptionInTransit',
    'Every TLS port offers suites with forward secrecy and authenticated encryption alone, and takes up no session again.',
  ),
  'transit:handshakes': done(
    'encryptionInTransit',
    'Handshakes that never end are bounded in number and time, of one address, of its /64 and of all, and give way to those that come.',
  ),
  'transit:key-in-memory': done(
    'encryptionInTransit',
    'A sidecar makes its own private key, which stands in no Secret, file or message.',
  ),
  'transit:renewal': done('encryptionInTransit', 'A certificate is renewed without a dropped connection.'),
  'transit:only-through-sidecar': done(
    'encryptionInTransit',
    'The server’s own port answers nobody but the sidecar.',
  ),
  'transit:guard-proved': done(
    'encryptionInTransit',
    'No container of a guarded pod starts before its packet filter is proved.',
  ),
  'transit:loopback': done(
    'encryptionInTransit',
    'Containers of a guarded pod reach each other on the declared ports of localhost alone; nobody else reaches those, and who listens there has no way out.',
  ),
  'injection:cni': done(
    'encryptionInTransit',
    'Where Pod Security forbids NET_ADMIN a network plugin sets the packet filter of guarded pods, and a pod that it left out does not start its app.',
  ),
  'injection:preflight': done(
    'encryptionInTransit',
    'preflight says before, and doctor after, why a pod is not guarded and what to write, by admission’s own judgement.',
  ),
  'transit:network-policy': done(
    'encryptionInTransit',
    'A NetworkPolicy per server admits only the named callers, and comes back when deleted.',
  ),
  'transit:cluster-network-policy': done(
    'encryptionInTransit',
    'Where the cluster knows ClusterNetworkPolicies, what no NetworkPolicy of ours lets through is denied before those of others are asked.',
  ),
  'transit:network-proved': done(
    'encryptionInTransit',
    'That the network enforces policies is shown by connections that it must refuse, beside one that it lets through: what connects is a gap, and what shows nothing counts as unknown.',
  ),
  'transit:network-proof-honest': done(
    'encryptionInTransit',
    'What a canary or a sidecar saw of the network is its own word: nobody connects to a canary, changes it or stands in for it.',
  ),
  'transit:foreign-policies': done(
    'encryptionInTransit',
    'A policy of others that opens guarded pods or stores is named, and is a gap.',
  ),
  'transit:issuer': done(
    'encryptionInTransit',
    'The certificate that callers see comes from the cert-manager issuer that the server names, else from the operator’s own CA.',
  ),
  'transit:outside-names': done(
    'encryptionInTransit',
    'Names outside of the cluster that a server lists, and its namespace’s administrator too, stand in its certificate; a name of the cluster never gets there so.',
  ),
  'transit:stdio': done(
    'encryptionInTransit',
    'A stdio server is wrapped, and no more than the sidecar is on the network.',
  ),

  // 2. Encryption at rest
  'rest:graded': thin(
    'encryptionAtRest',
    'Every volume of a workload and of its stores is graded by evidence, and one that is not encrypted is a gap.',
    'grades Declared and Recorded; cloud evidence comes later',
  ),
  'rest:test-volume': done(
    'encryptionAtRest',
    'What is written to the encrypted class is not found on its raw device.',
  ),
  'rest:sealed-trail': done(
    'encryptionAtRest',
    'The trail is sealed with AES-256-GCM under keys that a KMS wraps.',
  ),
  'rest:key-away': done(
    'encryptionAtRest',
    'While the key’s holder is away, records are taken only as far as data keys reach that it wrapped before.',
  ),
  'rest:key-rotated': done(
    'encryptionAtRest',
    'A key is rotated without a gap, and what it wrapped opens as long as it exists.',
  ),
  'rest:data-keys': done(
    'encryptionAtRest',
    'A data key is never on a disk in the clear, and leaves memory when it was used.',
  ),
  'rest:development-key': done('encryptionAtRest', 'A key in a file seals no trail of profile Production.'),

  // 3. Access control
  'access:default-deny': done(
    'accessControl',
    'What no role permits is refused, and looks like a tool that does not exist.',
  ),
  'access:lists': done('accessControl', 'tools/list shows only what this caller may use.'),
  'access:purpose': done('accessControl', 'A call without a permitted purpose of use is refused.'),
  'access:bound-patient': done('accessControl', 'A caller bound to a patient reaches only that patient.'),
  'access:panel': done(
    'accessControl',
    'A caller with a panel reaches only the patients on it, in arguments and in results.',
  ),
  'access:reach-filter': done(
    'accessControl',
    'Records of patients out of a caller’s reach are taken out of a result, counts with them, or the result is refused whole.',
  ),
  'access:limits': done(
    'accessControl',
    'Calls per minute, and calls about one patient, patients and bytes of results per hour are bounded per person.',
  ),
  'access:break-glass': done(
    'accessControl',
    'Emergency access reaches named patients for one named person, approved by another person, for an hour at most, every use recorded and reported, its review watched.',
  ),
  'access:session-end': done(
    'accessControl',
    'No session into a pod outlives the emergency access that opened it: the pod goes when the grant ends, past every budget, unless the grant says that it stays.',
  ),
  'access:revocation': done(
    'accessControl',
    'A revoked person, token, certificate or client is refused by every pod within five seconds, recorded with its reason.',
  ),
  'access:lockdown': done(
    'accessControl',
    'A locked server refuses every call within five seconds of the order.',
  ),
  'access:unknown-method': done(
    'accessControl',
    'A method, notification or batch that the table does not list is refused and recorded.',
  ),
  'access:handles': done(
    'accessControl',
    'What a server gives a caller to bring back opens for that caller, that use and that time alone.',
  ),
  'access:input-rounds': done(
    'accessControl',
    'What a server asks back in an answer is under policy, and its state comes back from that caller alone.',
  ),
  'access:questions': done(
    'accessControl',
    'A question of the server passes under policy, and only who was asked answers it, once.',
  ),
  'access:pseudonyms': done(
    'accessControl',
    'Who reaches certain patients may name one of them by the pseudonym that they were shown, and learns no identifier by it.',
  ),
  'access:tasks': done(
    'accessControl',
    'A task answers only to whoever made it, and only as far as they may reach by now.',
  ),
  'access:resumption': done(
    'accessControl',
    'A stream is taken up again only by whoever heard it, in their session, and what answers late is judged, cut and recorded like what answers at once.',
  ),
  'access:streams': done(
    'accessControl',
    'A stream carries what its caller may hear, and ends with what it was authorised by.',
  ),
  'access:explain': done('accessControl', '`hipaa-mcp explain` says why a call is decided as it is.'),

  // 4. Audit
  'audit:intent-before-upstream': done(
    'audit',
    'The upstream is called only after the intent is acknowledged.',
  ),
  'audit:result-before-answer': done(
    'audit',
    'The first byte of an answer leaves only after its result is acknowledged.',
  ),
  'audit:who-and-what': done(
    'audit',
    'The record of a call says who asked, through which services and from which address, which arguments were there, and where patients cannot be known.',
  ),
  'audit:admission': done(
    'audit',
    'What admission refuses is on record, with who asked and what was answered, or counted beyond a quota for each namespace; the answer never waits for it, and what waits shows.',
  ),
  'audit:access': done(
    'audit',
    'What becomes of emergency access and of revocations is on record, each once, with who decided, and stays when the object is deleted; a grant for patients opens nothing before its approval is on record.',
  ),
  'audit:keys': done(
    'audit',
    'That a key is another than before is on record: of sealed segments, of a server, of its pseudonyms, and of either CA.',
  ),
  'audit:relations': done(
    'audit',
    'Where the policy asks for it, the record of a call says whether it is about the caller’s own record, about somebody with their family name or about a patient on the VIP list, and which of these nobody could tell.',
  ),
  'audit:no-record-no-service': done('audit', 'A call that cannot be recorded is not served.'),
  'audit:room': done(
    'audit',
    'A call whose patients one record cannot name is refused before anything is sent, and told how many it can.',
  ),
  'audit:refusals': done('audit', 'Every refusal is recorded, with its reason and stage.'),
  'audit:no-content': done('audit', 'A record holds no argument value and no result value.'),
  'audit:acknowledged-is-kept': done(
    'audit',
    'Every acknowledged record is there after the process is killed.',
  ),
  'audit:local-recovered': done(
    'audit',
    'What a pod that is gone left on its own volume reaches the collector, and the volume is kept until then.',
  ),
  'audit:handed-over': done(
    'audit',
    'Of several collectors one has a chain at a time; another goes on with it without a gap or a fork.',
  ),
  'audit:faults': done(
    'audit',
    'Whatever fails, is killed, hangs or is cut off, nothing is forwarded or returned without an acknowledged record, and none of those is lost.',
  ),
  'audit:both': done(
    'audit',
    'With `Both`, a record is acknowledged when the pod’s volume and the collector have it, and what the collector loses it gets back from the volume while the pod is there.',
  ),
  'audit:back-pressure': done(
    'audit',
    'A trail that falls behind warns, then refuses new calls with Retry-After, and drops nothing.',
  ),
  'audit:unknown': done('audit', 'An intent whose result is missing is closed as unknown.'),
  'audit:floods': thin(
    'audit',
    'Failed handshakes and floods are counted, not recorded one by one.',
    'per source and minute',
  ),
  'audit:event-before-it-leaves': done(
    'audit',
    'An event of a stream leaves only when its record is durable, in order.',
  ),
  'audit:collector-bounds': done(
    'audit',
    'A pod that floods the collector with bodies, chains or calls without a result is held to bounds, and keeps no other pod from being recorded.',
  ),
  'audit:readable': done(
    'audit',
    'A trail is read by person, patient, tool, time and outcome, verified as it is read; patients are named to holders of the key.',
  ),
  'audit:disclosures': done(
    'accounting',
    'Disclosures of a patient are accounted for, and everybody who saw the patient is found, over years, by an index without identifiers.',
  ),
  'audit:review': done(
    'activityReview',
    'Activity is reviewed by person, tool and refusal, the unusual first, and the review is a record of the trail; one that is overdue is told of.',
  ),
  'audit:exports': done(
    'audit',
    'A trail is exported as FHIR R4 AuditEvent by IHE BALP, as OCSF and as CSV, with nothing lost of who, what, when and why.',
  ),
  'audit:copies': done(
    'audit',
    'Copies of records (OTLP logs, OCSF) name patients by tokens alone, leave out nothing that was committed, and delay no acknowledgement.',
  ),
  'audit:one-sends': done(
    'audit',
    'Of several collectors one sends copies, asks the witnesses and archives the log of chains; where it fails another goes on, and nothing is left out.',
  ),
  'audit:unsealing': done(
    'audit',
    'Whoever has a sealed segment opened is an auditor, and on record before they get anything.',
  ),
  'audit:worm': done('audit', 'Records are kept for six years under a lock that is read back.'),
  'audit:legal-hold': done(
    'audit',
    'A legal hold keeps a server’s archived records whatever their lock, and who asked for it is on record.',
  ),

  // 5. Integrity
  'integrity:chain': done('integrity', 'A changed, dropped, reordered or truncated record is found offline.'),
  'integrity:witness': done(
    'integrity',
    'The collector cosigns no checkpoint that truncates, forks or restarts a chain.',
  ),
  'integrity:outside-witness': done(
    'integrity',
    'Witnesses outside the cluster sign the log of all chains, and no cut, reset or rewritten one.',
  ),
  'integrity:registry': done('integrity', 'A whole chain that is missing is found by the registry log.'),
  'integrity:proof': done(
    'integrity',
    'One record of the trail is proved by a file of its own, which is verified offline.',
  ),
  'integrity:format': done(
    'integrity',
    'The format of the trail is specified: golden vectors and a trail of each version are kept, and read by the next.',
  ),
  'integrity:archive': done(
    'integrity',
    'What lies in the archive is verified by whoever may read it, without the key of its records, whatever else was put there.',
  ),
  'integrity:third-party': done(
    'integrity',
    'Another implementation of the same standards verifies the same files.',
  ),

  // 6. Authentication
  'authentication:token': done(
    'authentication',
    'A token of the wrong issuer, audience, algorithm or time is refused.',
  ),
  'authentication:mfa': done(
    'authentication',
    'A login proves more than one factor by what its provider publishes or the policy names, or is refused.',
  ),
  'authentication:step-up': done(
    'authentication',
    'A token that does not prove MFA, or proves it too long ago, gets a challenge that says how to step up.',
  ),
  'authentication:issuers': done(
    'authentication',
    'Of several issuers each vouches for its own tokens only, and a rotation of its keys is no outage.',
  ),
  'authentication:actor': done(
    'authentication',
    'A service acts only for a named person, only where the role lets it, and is named in the record.',
  ),
  'authentication:bound': done(
    'authentication',
    'A token is good only with the client certificate or key that it is bound to.',
  ),
  'authentication:dpop': done(
    'authentication',
    'Bound by DPoP, a token is good only with a fresh proof of its key for this very request, once.',
  ),
  'authentication:discovery': done(
    'authentication',
    'A client without certificate or token learns where to get them, on a port that serves nothing else.',
  ),
  'authentication:enrolment': done(
    'authentication',
    'Only a person who just logged in with more than one factor, and has a role, gets a client certificate: short-lived, for their key, in their name, recorded.',
  ),
  'authentication:connect': done(
    'authentication',
    'A host that can do neither certificates nor bound tokens reaches a server as a person who logs in, and nothing of a patient stays on the machine.',
  ),
  'authentication:no-passthrough': done('authentication', 'No token of a caller is passed on to the server.'),
  'authentication:logoff': done(
    'authentication',
    'A session ends when nothing was asked for too long and some time after the login, in all pods alike; only a new login begins another.',
  ),
  'authentication:training': done(
    'authentication',
    'A training date that is missing or too old is refused where the policy asks for one.',
  ),

  // 7. Transmission
  'transmission:no-phi-in-url': done('transmission', 'A request with a query in its URL is refused.'),
  'transmission:sites': done(
    'transmission',
    'A request comes by a name of the server and on behalf of no page but those that the policy lists.',
  ),
  'transmission:param-headers': done(
    'transmission',
    'An argument that stands in a header says there what the body says, and identifies nobody.',
  ),
  'transmission:hostile-server': done(
    'transmission',
    'A server that keeps to no rule gets a clear end of each call, in bounded time and memory, and harms no other.',
  ),
  'transmission:token-in-url': done(
    'transmission',
    'A token in a URL is refused and recorded as what it is: leaked.',
  ),
  'transmission:bad-input': done(
    'transmission',
    'Broken, oversized or mistyped input is refused, recorded and never echoed.',
  ),
  'transmission:bodies': done(
    'transmission',
    'The head of a request says who asks before a byte of its body is read, and bodies that arrive at a time are bounded.',
  ),
  'transmission:upstream-errors': done('transmission', 'An error of the server is worded by us.'),
  'transmission:upstream-faults': done(
    'transmission',
    'A server that is down, slow or speaks garbage becomes a clear error within the deadline.',
  ),
  'transmission:own-logs': thin(
    'transmission',
    'Our own logs, metrics and events hold no patient data.',
    'searched for a synthetic patient in the end-to-end run',
  ),
  'transmission:canary': done(
    'transmission',
    'Of a patient whom nobody can guess, sent through every method and error, no value is left anywhere but in the answers that are allowed.',
  ),
  'transmission:server-logs': done(
    'transmission',
    'Identifiers of patients in what the server itself logs are counted by kind, in the part of it that is read, and nothing of it is kept.',
  ),
  'transmission:egress-by-name': done(
    'transmission',
    'The server reaches only declared names, through the sidecar.',
  ),
  'transmission:app-metrics': done(
    'transmission',
    'Of a server’s own metrics numbers leave, of the names, labels and values that the policy lists, and no text of the server’s own.',
  ),
  'transmission:egress-addresses': done(
    'transmission',
    'A name leads to public addresses, or to ranges that its agreement declares, and never to loopback, link-local or metadata addresses.',
  ),
  'transmission:store-tls': done(
    'transmission',
    'A plain PostgreSQL connection of the app leaves the pod as TLS.',
  ),
  'transmission:plain-tls': done(
    'transmission',
    'Any plain connection of the app, HL7 version 2 among them, leaves the pod as TLS to the declared host.',
  ),
  'transmission:drain': done('transmission', 'A call in flight when the pod is told to stop is finished.'),

  // 8. Minimum necessary
  'minimum:arguments': done(
    'minimumNecessary',
    'An argument that the schema does not name, or that breaks its rule, is refused by name and never by value.',
  ),
  'minimum:formats': done(
    'minimumNecessary',
    'An identifier, date, reference or search of FHIR in an argument is what its format says, and no other format exists.',
  ),
  'minimum:bulk': done(
    'minimumNecessary',
    'A call that asks for everybody or everything is refused unless the policy allows it with a reason, and the refusal and its record say by which rule.',
  ),
  'minimum:argument-identifiers': thin(
    'minimumNecessary',
    'An argument that identifies a person where the patient’s own argument will do is refused.',
    'as far as they are found in text; not in answers to a server’s questions',
  ),
  'minimum:narrow-tools': done(
    'minimumNecessary',
    'A narrow tool is carved out of a broad one with constants that the caller cannot set.',
  ),
  'minimum:renaming': done(
    'minimumNecessary',
    'A narrow tool has its own names for arguments, which reach the server by its names, and by no other way.',
  ),
  'minimum:fields': done(
    'minimumNecessaryDisclosures',
    'No value outside the allowed fields is in the answer, in content or structuredContent.',
  ),
  'minimum:fhir-paths': done(
    'minimumNecessaryDisclosures',
    'A path of FHIR elements keeps its element wherever a resource of that type stands, and nothing beside it that tells who somebody is.',
  ),
  'minimum:by-role': done(
    'minimumNecessaryDisclosures',
    'One result is cut to the fields of the role and the purpose under which it was asked for.',
  ),
  'minimum:pseudonyms': done(
    'minimumNecessaryDisclosures',
    'An identifier that a policy names is shown as a pseudonym: the same in every result of a server for one purpose, another elsewhere and after rotation, the value itself nowhere.',
  ),
  'minimum:shifted-dates': done(
    'minimumNecessaryDisclosures',
    'Days of one patient move by a number that is theirs, so that intervals stay; dates of which nobody can tell whose they are do not leave.',
  ),
  'minimum:ages': done(
    'minimumNecessaryDisclosures',
    'Ages over 89 are shown as one group, in members that are called an age and in FHIR’s Age.',
  ),
  'minimum:zip-codes': done(
    'minimumNecessaryDisclosures',
    'Of a ZIP code three digits are shown at most, and 000 where few people live.',
  ),
  'minimum:result-part': done(
    'minimumNecessaryDisclosures',
    'A narrow tool returns its part of the server’s result and nothing besides; a result without it is refused.',
  ),
  'minimum:output-schema': done(
    'minimumNecessaryDisclosures',
    'After the cut a result keeps to the schema that tools/list shows, or is refused.',
  ),
  'minimum:encoded': thin(
    'minimumNecessaryDisclosures',
    'What stands in base64 in a kept place is looked into, cut and redacted like the document around it, and dropped where it is no text.',
    'text in UTF-8, of 16 letters or padded; bytes of fewer than 200 letters that are no text look like a word and stay',
  ),
  'minimum:text': thin(
    'minimumNecessaryDisclosures',
    'Identifiers in kept text are replaced.',
    'by rules and public word lists: docs/redaction.md says how many are found, and which are not',
  ),
  'minimum:text-terms': thin(
    'minimumNecessaryDisclosures',
    'Names of diseases, drugs, tests, units and codes in kept text stay.',
    'in members that hold codes all of those that were tried; in text a term that no list has and that bears a capital goes',
  ),
  'minimum:text-time': done(
    'minimumNecessaryDisclosures',
    'A text is searched in time that its length sets, whatever its server wrote into it.',
  ),
  'minimum:other-content': done(
    'minimumNecessaryDisclosures',
    'Content that cannot be filtered is not returned.',
  ),
  'minimum:resources': done(
    'minimumNecessary',
    'A resource is read by a URI of the policy, and its contents are cut like a tool’s result.',
  ),
  'minimum:prompts': done('minimumNecessary', 'A prompt’s messages are cut like a tool’s result.'),
  'minimum:completion': done(
    'minimumNecessary',
    'Completion is off until the policy turns it on, and values that hold identifiers go.',
  ),
  'minimum:from-server': done(
    'minimumNecessary',
    'What a server says besides its answers stays in the pod unless the policy names it, and loses identifiers.',
  ),
  'minimum:schema-issues': done(
    'minimumNecessary',
    'A schema of arguments that cannot be enforced is reported on the server’s object, and never in force.',
  ),
  'minimum:every-path': done(
    'minimumNecessary',
    'Patient data put into any member, header or stream of a message goes where the policy lets it, and nowhere else.',
  ),
  'minimum:oracle': done(
    'minimumNecessaryDisclosures',
    'No value is in an answer that an independent reading of the original and the fields does not permit.',
  ),
  'minimum:tasks': done(
    'minimumNecessaryDisclosures',
    'What a call comes to later is cut by the rules of its tool, as if it had been answered at once.',
  ),
  'minimum:first-policy': done(
    'minimumNecessary',
    'The first policy of a running server is proposed out of what it says of itself, and holds no value of a patient.',
  ),
  'minimum:explained': done(
    'minimumNecessary',
    'What a policy makes of a call and its result is told place by place with the rule, and without a value.',
  ),
  'minimum:linter': done(
    'minimumNecessary',
    'The linter finds what a policy lets through more widely than it need, with the place, the reason and what to write.',
  ),
  'minimum:linter-form': done(
    'minimumNecessary',
    'hipaa-mcp check finds in a file what the API server would refuse, with line and column.',
  ),
  'minimum:linter-admission': done(
    'minimumNecessary',
    'Admission refuses by the linter’s errors and warns by its warnings, and what came in all the same shows in status.',
  ),
  'minimum:linter-use': done(
    'minimumNecessary',
    'What a policy allows and nobody used is named out of a verified trail: tools, resources, prompts, roles, purposes, fields.',
  ),
  'minimum:linter-accepted': done(
    'minimumNecessary',
    'A finding that a person accepted with a reason is shown as accepted; an error is never accepted.',
  ),

  // 9. Breach readiness
  'breach:signal': thin(
    'breach',
    'More distinct patients per person and hour than the rule allows raise a metric, an Event and a condition.',
    'one rule',
  ),
  'breach:named': done(
    'breachNotice',
    'A holder of the key names each individual whose information a call disclosed, or may have.',
  ),
  'breach:patients': done('breach', 'Every patient in a result is recorded as a sealed token.'),
  'breach:incident': planned('breach', 'A BreachIncident carries the clocks of 164.404 to 164.410.'),

  // Agreements
  'agreement:egress': done(
    'agreement',
    'Without an active agreement there is no connection; its end closes open ones.',
  ),
  'agreement:status': done(
    'agreement',
    'Every agreement that a server names shows in status, active or not.',
  ),
  'agreement:model-calls': done(
    'agreement',
    'Every call to a model’s vendor is checked against its rules and recorded with the result, and the server never holds the credential.',
  ),
  'agreement:pod-ca': done(
    'agreement',
    'An app whose calls to a model’s vendor are read trusts an authority of its own pod for that, and nobody else does.',
  ),
  'agreement:coverage': done(
    'agreement',
    'Every host that an agreement covers is listed, with the servers that reach it and whether a model vendor’s rules are checked.',
  ),
  'agreement:attested': done(
    'agreement',
    'A model vendor’s hosts are open only while somebody attests the account’s state, and close when that is too old.',
  ),

  // Injection and the operator
  'injection:whole-spec': done(
    'accessControl',
    'A container is recognised by its whole spec: one named like ours but different is refused.',
  ),
  'injection:uid': done(
    'accessControl',
    'No tenant container runs as the sidecar’s user, leaves its user open, or keeps raw sockets.',
  ),
  'injection:unknown-server': done(
    'accessControl',
    'A pod that names a server which does not exist is refused in an enrolled namespace.',
  ),
  'injection:update': done(
    'accessControl',
    'No update of a guarded pod changes its image, its guard label or its server.',
  ),
  'injection:beside': done(
    'accessControl',
    'Beside other webhooks a pod is guarded whole or refused: what known ones put into our containers is taken back, all else is named.',
  ),
  'injection:watchdog': done(
    'accessControl',
    'A guarded pod that is not what admission makes is named, counted and evicted, one at a time, within budgets for disruptions.',
  ),
  'injection:guard-fails': done(
    'accessControl',
    'A pod whose guard fails again and again is said, and where the node’s network plugin came after it, something makes it anew, once an hour on each node.',
  ),
  'injection:upgrade': done(
    'accessControl',
    'Where admission makes pods otherwise than before, workloads replace theirs in their own way, one workload first; evictions are for what nothing else replaces.',
  ),
  'injection:copy': done(
    'accessControl',
    'What a replica of admission has not heard of yet lets no pod in unguarded: its copy lets pods in guarded, and all else is read live.',
  ),
  'injection:outage': done(
    'accessControl',
    'While admission is away nothing unguarded starts in an enrolled namespace, everything starts elsewhere, and the operator comes back by itself.',
  ),
  'injection:undo': done(
    'accessControl',
    'undo puts a workload back as its author wrote it, and only once it is written down who did it and why.',
  ),
  'injection:rollout': done(
    'accessControl',
    'Pods that ran before are replaced once: one first, the others one at a time when it is ready and proved, within budgets for disruptions; what nothing makes anew is said and not ended.',
  ),
  'injection:jobs': done(
    'accessControl',
    'A guarded Job is complete when its app has ended: the sidecar ends with it, and its chain is closed.',
  ),
  'injection:connect': done(
    'accessControl',
    'exec, attach, port-forward and ephemeral containers into guarded pods are refused but under an emergency that another person approved, and are on record before.',
  ),
  'injection:no-way-around': done(
    'accessControl',
    'Who holds the role admin in an enrolled namespace, a neighbour and the server’s own code come past the sidecar by no attempt of docs/bypass.md, each of which comes through where the product is not.',
  ),
  'injection:editor': done(
    'accessControl',
    'Who may edit the namespace, and nothing more, opens no way to the records past the server.',
  ),
  'injection:probes': done('accessControl', 'The probes of the app still tell whether the app is well.'),
  'injection:store-label': thin(
    'accessControl',
    'The pods of a declared store are stamped and reachable from that server’s sidecars only.',
    'stamped and admitted; no bystander mounts any claim; whose a claim is among servers and stores comes later',
  ),
  'injection:stdio': done(
    'accessControl',
    'A stdio server’s command is run by our wrapper: exactly that change is recognised, and what cannot be wrapped is refused.',
  ),
  'stdio:attribution': done(
    'accessControl',
    'Of a stdio server that all callers share, answers and messages reach whose request they name, and others nobody.',
  ),
  'stdio:no-questions': done(
    'accessControl',
    'What a stdio server asks of its client is declined: it names no caller.',
  ),
  'stdio:process': done(
    'accessControl',
    'A stdio server is one process per replica; nothing of one is taken for the next one’s.',
  ),
  'stdio:silent': done('transmission', 'What a stdio server writes besides messages is in no log.'),
  'operator:status': done('audit', 'Status says what was seen, with reasons, for each control.'),
  'operator:self-heal': done(
    'accessControl',
    'What the operator owns comes back when it is changed or deleted.',
  ),
  'operator:orders': done(
    'accessControl',
    'A change of policy, an agreement’s end and a lockdown are in force in the pod within five seconds.',
  ),
  'operator:away': done(
    'accessControl',
    'With the operator away calls go on until maxPolicyAge, then are refused.',
  ),
  'operator:older-orders': done('accessControl', 'Orders that are older or do not parse lock the server.'),
  'operator:rbac': done('accessControl', 'The programs’ own rights hold no wildcard.'),
  'operator:leader': done('accessControl', 'Only one replica reconciles; another takes over.'),
  'operator:monitoring': done(
    'audit',
    'The dashboard’s and the alert’s queries return data from a real Prometheus.',
  ),
  'operator:crds': done('accessControl', 'Contradictions are refused at apply, with what to write instead.'),
} as const satisfies Record<string, Requirement>

export type RequirementId = keyof typeof requirements
