// Words that rules of form know, in small letters: what each says of a number or date beside it. The module holds them by their
// letters (module/dictionary.as, whose bits these are).

import { announcing } from './announcers.ts'
import { listOf, state, stateCode } from './classes.ts'
import {
  birthWords,
  dayWords,
  feastWords,
  hostEnds,
  monthWords,
  oldAgeWords,
  partOfDayWords,
  seasonWords,
  weakHostEnds,
} from './cues.ts'
import { identifierTypes } from './span.ts'

/** By the bit's number; those of announcements below it. */
const listed: readonly (readonly [bit: number, words: string])[] = [
  // "policy number": the word before says more
  [16, 'plan policy record card'],
  // The last letters before a term's code: rare-forms.ts
  [
    17,
    `pmid pmcid pmc nct loinc snomed ct sct rxnorm rxcui cpt icd cm pcs ndc hcpcs doi cvx unii cas isbn issn code codes atc mesh omim umls cui drg
     uniprot chembl drugbank isrctn eudract grant version range between no number id`,
  ],
  // Codes of substances on trial carry their maker's letters; and what else is written like a person's number and is none
  [
    18,
    `bms mk abt abbv ly gsk pf azd ro tak amg regn cc bi jnj sar ono vx gs act byl plx ici sb cp ags mdx rg covid sars dsm nct iso h pmid pmc rs cd il
     hla brca apoe fda ce en astm din icd cpt loinc snomed rxnorm hcpcs isrctn chictr actrn eudract umin doi`,
  ],
  // What counts or measures begins so
  [
    19,
    `mg mcg ug ng pg kg gm gram ml dl liter unit meq mmol mol mm cm km hz kcal calorie calories bpm copies cells year yr month week day hour hr min sec patients people
     subjects cases participants adults women men children deaths births persons dollars usd times steps platelets wbc`,
  ],
  // and is nothing longer
  [20, 'g l cc iu u per m cal'],
  [21, 'mg mcg ml iu u kg g l k m s c f cfu usd'],
  [22, monthWords.join(' ')],
  [23, dayWords.join(' ')],
  [24, oldAgeWords.join(' ')],
  [
    25,
    `first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth
     eighteenth nineteenth twentieth thirtieth`,
  ],
  [26, 'first second third fourth fifth sixth seventh eighth ninth'],
  // "on 4/22"
  [
    27,
    `on since until till due dated date dob born visit appt appointment seen reviewed drawn admitted discharged lmp edd edc dos doa dod done dx
     starting started start before after thru till wk week bday birthday pod tomorrow yesterday sent ama began`,
  ],
  // An element of a date smaller than the year: "in March"
  [28, 'in since during until till by last next this early late mid through from between to and of'],
  [29, 'last next this past coming on since until by every over ash good palm holy black cyber'],
  [30, 'last next morning afternoon evening eve day night nite noon week weekend sunday monday am pm'],
  [31, 't tm tmax temp temperature fever'],
  // "in her 90s"
  [32, 'his her their your my'],
  // "he is 93"
  [33, 'he she patient pt mother father husband wife'],
  // "91F presents"
  [34, 'with who present presents presented presenting here seen from has had is was admitted found brought'],
  [35, 'fax faxed faxes faxing'],
  [36, 'no number is to at from'],
  // "60-year-old" without its age
  [38, 'year yr yo month week wk day hour hr'],
  [39, 'nct pmid pmc isrctn'],
  // "plate CA 7XYZ123"
  [40, `${listOf(state)} ${listOf(stateCode)} new north south west`],
  // Behind a street: "apt 4"
  [41, 'apt apartment suite ste unit floor lot'],
  // Before one that has no number
  [42, 'on at near off along down from of'],
  // In small letters these are streets; court, drive, place and way are other things too
  [43, 'street avenue ave road rd boulevard blvd lane ln'],
  // Labor Day
  [44, feastWords.join(' ')],
  // Measured, and written before its number: "WBC 12000"
  [
    45,
    'wbc rbc plt plts hgb hb hct anc ck cpk bnp probnp ntprobnp hcg bhcg vl rna dna hr bp rr alt ast alp ldh psa afp cea ca crp esr tsh ldl hdl tg cd cfu egfr gfr bun na k cl gluc glucose ferritin cal kcal sat sats saturation pressure rate pulse weight score sodium potassium calcium hemoglobin platelets creatinine percentile predicted actual total average mean threshold systolic diastolic oxygen',
  ],
  // The last part of a host's name; the second of them ends words of English too
  [46, hostEnds],
  [47, weakHostEnds],
  // Who is nobody's page: before the end of the host
  [
    48,
    'cdc nih fda cms who nhs uptodate pubmed medscape hl7 loinc snomed clinicaltrials cochrane mayoclinic nejm jamanetwork thelancet bmj',
  ],
  [49, 'pager pgr beeper ext extension'],
  // What a part of a whole is said of, before it and behind: "GCS 3/15", "2/14 nodes"
  [
    50,
    `cycle session bipap tanner mrc mmrc flexors extensors gcs moca mmse phq gad epds score scored scores scoring pain strength power murmur grade graded reflexes motor vision acuity va apgar apgars rated
     rating bishop braden for in every x rue rle lue lle extremity extremities bilaterally deltoid biceps triceps quads ehl grip flexion extension
     abduction dorsiflexion plantarflexion reduced increased decreased improved halved`,
  ],
  [
    51,
    `pain strength murmur murmurs systolic diastolic power nodes node cores core positive points point lymph reflexes pulses pulse tablet tablets tab
     tabs criteria days weeks months times patients cases eyes score gcs intensity severity of on
     cycles doses mile miles teeth bottles sem hsm holosystolic`,
  ],
  // "on the 5th at noon", and no "on the 5th toe"
  [
    52,
    'at and or but for with because when if so in after before until to by as since while due she he they',
  ],
  [53, 'male female man woman lady gentleman wf wm hf hm'],
  // What clinicians write large, and is nobody's name
  [
    54,
    `social work security emergency blue cross shield na hgb tumor board pap bowel web internet portal chart advance directive code labor
     delivery alive deceased healthy unknown aware present notified informed updated reviewed wants`,
  ],
  // Last words of towns' names: "Key West", "Cedar Rapids"
  [
    55,
    'city west rapids falls springs beach grove ridge hills harbor haven creek lake park valley bluff oaks',
  ],
  // Whose name follows, whatever else it means
  [
    56,
    `husband wife spouse mother father mom dad mum daughter son sister brother aunt uncle cousin niece nephew grandmother grandfather grandma
     grandpa grandson granddaughter girlfriend boyfriend fiance fiancee stepson stepdaughter stepmother stepfather`,
  ],
  // Whose surname follows, however common a word it is
  [
    57,
    `physician surgeon nurse therapist cardiologist oncologist neurologist internist hospitalist attending resident doctor dentist midwife
     pharmacist pcp rn np md pa lpn lvn cna crnp aprn emt medic paramedic officer coach teacher chaplain`,
  ],
  // Who is no person: what hospitals, chains of clinics and of shops are called by, whatever else it means
  [
    56,
    `mercy baptist methodist presbyterian presby lutheran adventist deaconess providence swedish sinai mayo kaiser legacy banner cedars jewish samaritan
     hopkins bellevue shriners ascension intermountain geisinger ochsner northwell medstar advocate sanford avera sutter scripps hoag renown northwestern
     wexner vanderbilt emory tufts yale froedtert carle fairview hennepin bayview butterworth hermann anschutz parenthood davita fresenius minuteclinic
     citymd concentra walgreens cvs walmart kroger safeway publix costco quest labcorp greyhound harborview parkland shands langone cornell upstate`,
  ],
  // And what a name or place beside it makes a hospital of
  [57, 'memorial general regional receiving university children childrens womens community'],
  // "this morning", "last night"
  [58, partOfDayWords.join(' ')],
  // "spring break", "summer of 2022"
  [59, seasonWords.join(' ')],
  // "five oh three, five five five"
  [60, 'oh zero one two three four five six seven eight nine double'],
  // "nineteen forty four"
  [
    61,
    `one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty thirty forty
     fifty sixty seventy eighty ninety oh hundred`,
  ],
  // "the end of May", "second week of June"
  [62, 'end beginning start middle week weekend half part'],
  // "born 1930"
  [63, birthWords.join(' ')],
]

const [between, mark, isVague, number] = [5n, 6n, 7n, 8n]
const fills = 37n

/** Each word with its bits, and pairs that announce something together: numbers of both words, and the type and one more. */
export function formWords(): {
  words: Map<string, bigint>
  pairs: [word: number, later: number, type: number][]
} {
  const words = new Map<string, bigint>()
  const add = (word: string, bits: bigint): void => {
    words.set(word, (words.get(word) ?? 0n) | bits)
  }
  for (const [bit, said] of listed) for (const word of said.split(/\s+/)) add(word, 1n << BigInt(bit))
  // A number of their own have those alone that announce something together; all others have one.
  const paired = new Set(
    [...announcing].flatMap(([word, { pairs }]) => (pairs.size > 0 ? [word, ...pairs.keys()] : [])),
  )
  const numbers = new Map([...paired].map((word, at) => [word, at + 1] as const))
  const other = paired.size + 1
  const pairs: [number, number, number][] = []
  for (const [word, said] of announcing) {
    const own = said.type === undefined ? 0 : identifierTypes.indexOf(said.type) + 1
    const bits =
      (said.between ? 1n << between : 0n) |
      (said.mark ? 1n << mark : 0n) |
      (said.vague ? 1n << isVague : 0n) |
      (said.type === undefined && said.pairs.size === 0 ? 1n << fills : 0n)
    add(word, BigInt(own) | bits | (BigInt(numbers.get(word) ?? other) << number))
    for (const [later, type] of said.pairs)
      pairs.push([
        numbers.get(word) as number,
        numbers.get(later) as number,
        identifierTypes.indexOf(type) + 1,
      ])
  }
  if (other > 0xff) throw new Error('more words announce something than their number has bits for')
  return { words, pairs }
}
