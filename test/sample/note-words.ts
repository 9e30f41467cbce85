// Words of the labelled notes. They come from no list that redaction looks at: names are coined out of syllables, or
// written down here by hand from many languages; no combination is anybody.

/** Given and family names of many languages, as they are spelled in English notes or at home. */
export const foreign = {
  given: `Agnieszka Aiyana Amaru Anahí Anong Ayodele Beatriz Bronisław Chidi Chiamaka Cui Dagný Devendra Dilnoza Eilidh Emre Farrukh
    Fatoumata Gintaras Gülşen Haruka Hyun-woo Ifeoma Ilse Iñaki Ioana Jadwiga Jörg Kavita Kwabena Ksenia Lakshmi Lindiwe Ljubica
    Makoto Małgorzata Mehmet Minh Nadezhda Ngozi Niamh Nomvula Oluwaseun Øyvind Panagiotis Parisa Phương Quetzalli Rasheeda Roksana
    Saoirse Sibusiso Siobhán Soo-jin Štěpán Tamsin Thabo Tunde Ulrike Vaishnavi Vusi Wanjiru Xiomara Yaw Yusra Zdzisław Zoltán`,
  family: `Abdikarim Achterberg Adeyemi-Cole Agbaje Akhmetova Arnaldsdóttir Bhattacharyya Boateng Błaszczyk Castellanos Chukwuma
    d'Aubigny Dlamini Eriksen Etxeberria Farahani Fitzgibbon Ghebremedhin Grzegorczyk Guðmundsson Haddad Hernández-Ruiz Ishikawa
    Iyer Jankauskas Jóhannesson Kapoor Karagiannis Kovačević Kuznetsova Lindqvist MacGillivray Mbeki Moreau Mwangi Nakagawa Ndiaye
    Nguyen O'Shaughnessy Okonkwo-Bell Olszewski Öztürk Papadopoulou Pereira Pham Quispe Ramanathan Rosenkrantz Sørensen Subramaniam
    Szabó Tkachenko Toussaint Ueda Uzun van-Rensburg Venkataraman Wojciechowski Xhaferi Yıldırım Zawadzki Zhang`,
} as const

/** Syllables of coined names, of towns and of people. */
export const syllables = {
  first: `Bran Cor Dal El Fen Gar Hol Is Jor Kel Lan Mar Nor Os Pel Quil Ros Sal Tor Ul Ver Wil Yar Zel Ab Ced`,
  middle: `a e i o an en in ar er or el il as is ov ev am em`,
  last: `dan mir ric wen tha lo vic mund bert ssa lin dor nia vek sen ka ster ley ton vo gard ris ti`,
  place: `brook burg bury dale field ford ham haven holm mere mont mouth port ridge stead ton vale view ville wick wood`,
} as const

export const stays: readonly string[] = [
  '{coined} General Hospital',
  '{coined} Family Clinic',
  '{coined} Regional Medical Center',
  'St. {coined}’s Hospital',
  'the {coined} Institute for Rehabilitation',
  '{coined} Nursing Home',
  'University of {coined} Hospital',
  '{coined} Urgent Care',
  '{coined} County Health Department',
  '{coined}-{coined2} Children’s Hospital',
]

export const streetKinds: readonly string[] = [
  'Street',
  'Avenue',
  'Lane',
  'Road',
  'Blvd',
  'Court',
  'Drive',
  'St.',
  'Ave.',
]

/** What identifies nobody, and looks as if it did: signs and scores that are called after people, makers, guidelines. */
export const harmless = {
  eponym: `Parkinson disease|Crohn’s disease|Babinski sign|Murphy’s sign|Hodgkin lymphoma|Wilson disease|Graves’ disease|Bell’s palsy|
    Romberg test|Glasgow Coma Scale|Addison disease|Cushing syndrome|Raynaud phenomenon|Marfan syndrome|Down syndrome|Apgar score|
    Foley catheter|Swan-Ganz catheter|Wells score|Child-Pugh class B|Tinetti score|Braden score|Paget disease|Epstein-Barr virus|
    Guillain-Barré syndrome|Hashimoto thyroiditis|Kawasaki disease|Lyme disease|Norwalk virus|Coombs test|Kocher incision|
    Mallory-Weiss tear|Charcot foot|Baker’s cyst|Gleason 3+4|Nissen fundoplication|Whipple procedure|Roux-en-Y bypass`,
  drug: `metformin 500 mg|Lisinopril 10 mg|Eliquis 5 mg|Lantus 20 units|Humira|Keytruda 200 mg|Tylenol|atorvastatin 40 mg|Zoloft 50 mg|
    Plavix 75 mg|albuterol HFA 90 mcg|warfarin 2.5 mg|Ozempic 0.5 mg|Rituxan|vancomycin 1 g q12h|Synthroid 50 mcg|Neurontin 300 mg|Advil`,
  body: `ACC/AHA|USPSTF|ADA|CDC|WHO|NICE|ASCO|GOLD|KDIGO|Joint Commission|American Heart Association|Mayo criteria|Rome IV|Cochrane review|
    FDA|Framingham risk score|Surviving Sepsis Campaign|Medicare|DSM-5|Duke criteria|Ottawa ankle rules|Boston bowel preparation scale`,
  value: `BP 138/82|HR 72|SpO2 97%|temp 98.6 F|A1c 7.2%|creatinine 1.3 mg/dL|eGFR 58|WBC 11.4|Hgb 12.1 g/dL|INR 2.4|K 4.1|LVEF 45-50%|
    NRS 4/10|GCS 15|PHQ-9 14|ECOG 1|pT2N0M0|BMI 31.4|5 x 7 mm|L4-L5|T12|10/10 pain|3/6 systolic murmur|20/40 vision|C5-C6|
    troponin 0.04|Na 138|pH 7.38|FEV1/FVC 0.68|0.9% saline at 125 mL/h|ICD-10 E11.9|CPT 99213|NDC 0002-8215|grade 2|stage IIIB`,
  finding: `no acute distress|lungs clear to auscultation|mild edema|tender in the right lower quadrant|alert and oriented|
    status post appendectomy|history of hypertension|chest pain on exertion|improved since the last visit|no known drug allergies|
    will follow up in 2 weeks|tolerating diet|ambulating with a walker|denies fever or chills|wound healing well|May-Thurner syndrome on imaging`,
  people: `the patient|her mother|the hospitalist|physical therapy|Nursing|Cardiology|Social Work|the Emergency Department|the ICU team|Pharmacy`,
} as const

/** Sentences; `{…}` is filled in. Those with a label on the left of test/sample/clinical-notes.ts are identifiers. */
export const sentences = {
  opening: [
    'Patient: {name}. DOB: {date}. MRN: {mrn}.',
    '{name} is a {age}-year-old presenting to {facility} on {date} with {finding}.',
    '{clinician} saw {name} at {facility}, {date}.',
    'Pt {name}, {age}yo, {finding}; {value}.',
    'Name: {lastFirst}   Acct: {account}   Admitted: {date}',
    'RE: {name}, born {date}, SSN {ssn}',
    'I had the pleasure of seeing {title} {family} today in {city} for {eponym}.',
    '{name} ({mrnNamed}) was transferred from {facility}.',
    '{age90} y/o resident of {facility}, {name}, seen for {eponym}.',
    'Referred by {clinician} of {city}: {given}, {age}, with {finding}.',
    '{given} came in with {family2}, who is {possessive} neighbor; {finding}.',
  ],
  middle: [
    'Lives at {address} with {possessive} spouse {given}.',
    'Assessment: {eponym}, {finding}. Plan: {drug}.',
    'Vitals: {value}, {value}, {value}.',
    'Per {body} guidelines, continue {drug}.',
    '{title} {family} denies fever. {value}.',
    'Discussed with {clinician} and {people}; {finding}.',
    'Results faxed to {fax}; call back at {phone}.',
    'Insurance member ID {plan}. Portal: {url}',
    'Works in {city} and was last seen there on {date}.',
    'Prior surgery {date} at {facility}: {eponym}.',
    'Daughter {given} can be reached at {phone} or {email}.',
    'Implant serial {device}, placed {date}.',
    '{people} notified. {value}; {value}.',
    'Transported by a vehicle, VIN {vin}; driver licence {license}.',
    'Login from {ip} was noted on the portal.',
    'Family history: {eponym} in a sister, {finding}.',
    '{given} reports {finding} since {date}.',
    'Seen by {clinician}, NPI {npi}, on {date}.',
    'Started {drug} in {year}; {value}.',
  ],
  closing: [
    'Electronically signed by {clinician} on {date}.',
    'Dictated by {clinician}, cc: {clinician}, {facility}.',
    'Follow up with {clinician} in 6 weeks. {finding}.',
    'Study code {code}; {body} criteria met.',
    'Please contact {email} with questions.',
    'ZIP {zip}. Next of kin: {name}.',
    'Continue {drug} and {drug}.',
  ],
  negative: [
    'What does the {body} recommend for {eponym} in a {age}-year-old with {value}?',
    'Compare {drug} with {drug} for {eponym}.',
    '{people} reports {finding}; {value}, {value}.',
    'Assessment: {eponym}. {finding}. Plan: {drug}, recheck {value} in 3 months.',
    'Does {eponym} change the dose of {drug}? {body} says so since {year}.',
    'Positive {eponym}, {value}. {finding}.',
    'IMPRESSION: {eponym} WITH {value}. NO CHANGE.',
    'Efficacy of {drug} in stage II {eponym}, {body} {year} update',
  ],
} as const
