// Sentences and words for labelled notes that nobody who writes rules of detection looks at: what they say of rules that
// were written with sight of the other notes is worth more. The places in {…} are those of clinical-notes.ts.

/** Given and family names, none of which stands in note-words.ts. */
export const unseenNames = {
  given: `Abimbola Aisling Akira Alenka Anneliese Aroha Bashir Blerim Branislav Cosmin Dimitra Drita Ebba Efua Eszter Fintan Gaurav
    Guadalupe Hamza Hedvig Ikaika Ingrid Jamila Jarosław Kalinda Katarzyna Kenji Khadija Lautaro Leilani Lubomir Mahlet Marisol Mbali
    Milica Naoko Nikolaos Noor Oddvar Pádraig Priyanka Rangi Rashid Rosalind Sanjana Sefa Shirin Tadeusz Taavi Thandeka Uchenna
    Valentina Waleed Wiremu Yevhen Zeynep Zsófia`,
  family: `Abercrombie Adhikari Aguirre Andersson Balogun Banerjee Baptiste Bergström Bogdanović Cavendish Chandrasekhar Cisneros
    Dąbrowski Delacroix Echeverría Fakhoury Fernando Gallagher Gebhardt Hashemi Hovhannisyan Ivanova Jayawardena Kalnins Kaur
    Kipchoge Kowalewski Lefebvre Lindgren Maalouf Mahlangu Marinov McAllister Mihajlović Nasser Nováková O'Donoghue Obi Ortega-Lund
    Pashayev Quintero Rahimi Saarinen Schreiber Tamaki Tesfaye Tuiasosopo Ulanov Vasquez Vlahos Whitcombe Yamamoto Zulu`,
} as const

export const unseenSentences = {
  opening: [
    'DISCHARGE SUMMARY\nPatient Name: {name}\nDate of Birth: {date}\nMedical Record No.: {mrn}\nAttending: {clinician}',
    'Thank you for letting me take part in the care of your patient {name}, a pleasant {age} year old from {city}.',
    '{title} {family} is well known to our practice; last seen {date}.',
    'S: {given} says the pain is worse. O: {value}, {value}. A: {eponym}. P: {drug}.',
    'Patient {name} arrived by ambulance from {facility} at 0340.',
    'Telephone encounter, {date}: spoke to {family2}, son of the patient, at {phone}.',
    'Consult requested by {clinician} ({facility}) for {eponym}.',
    'This {age90}-year-old veteran lives with {possessive} niece {given} in {city}.',
    '{lastFirst} | {date} | MRN {mrn} | {value}',
  ],
  middle: [
    'Home address on file is {address}.',
    'Past medical history includes {eponym} and {eponym}; takes {drug}.',
    'Her sister, {name}, consented by phone.',
    'We reviewed the {body} recommendations together; {finding}.',
    'Labs: {value}; {value}; {value}. Imaging: {finding}.',
    'Transferred care to {clinician} at {facility} as of {date}.',
    'Subscriber number {plan}, billing account number {account}.',
    'The pacemaker (serial no. {device}) was interrogated on {date}.',
    'Moved here from {city} in {year}.',
    'Employer: {city} school district. Retired since {year}.',
    'Social Security number {ssn} verified at the desk.',
    '{given} was tearful when talking about {possessive} late husband {given}.',
    'Reports were sent to {email} and by fax to {fax}.',
    'Plan discussed with {clinician}, who agrees. {finding}.',
    'Glucose log uploaded from {ip} through {url}.',
  ],
  closing: [
    'Sincerely,\n{clinician}\n{facility}',
    'Reviewed and approved: {clinician}, {date}',
    'Return to clinic on {date}, sooner if {finding}.',
    'Emergency contact: {name}, {phone}.',
    'Scribed for {clinician} by {family2}.',
    'Recheck {value} and {value} next month.',
  ],
  negative: [
    'Is {drug} safe with {drug} after {eponym}, according to {body}?',
    'Normal {value}, {value} and {value}; {finding}.',
    '{eponym} was ruled out. {people} to reassess; continue {drug}.',
    'Sensitivity of {eponym} versus {eponym} in adults over {age}',
    'Started {drug}, stopped {drug}. {value} on room air.',
    'EKG: {value}. Echo: {value}. Dx: {eponym}.',
  ],
} as const
