// Closed classes of English words that say what stands beside them: titles, heads of facilities' names, prepositions. Written by
// hand, as any grammar lists them; open classes (names, places, medicine) are in the lexica.

import { words } from '../words.ts'

/** Bits of a word; one word may be in several classes. */
export const title = 1 << 0
/** Stands behind a name: degrees, Jr. */
export const credential = 1 << 1
/** A capitalised word before it makes a facility of both. */
export const facility = 1 << 2
/** The same, where a preposition or a name says so. */
export const weakFacility = 1 << 3
/** Written small behind a place or a name it still belongs to it: "Chicago clinic". */
export const plainFacility = 1 << 4
export const at = 1 << 5
/** in, near, to, from: what follows may be a place. */
export const towards = 1 << 6
/** by, with, for: what follows may be a person. */
export const beside = 1 << 7
/** named, called: what follows is a person. */
export const naming = 1 << 8
/** patient, daughter, nurse: a name may follow. */
export const person = 1 << 9
/** of, and, for, the: inside of facilities' names. */
export const joiner = 1 << 10
/** Begins headings and sentences, and no name: function words' company. */
export const heading = 1 << 11
/** A score or sign is called after them, and more people are: one where a number or another such one stands beside it. */
export const scored = 1 << 28
/** Of these, the ones that stand inside of no name at all. */
export const stopper = 1 << 27
/** disease, syndrome, score: the name before it is no person here. */
export const eponymHead = 1 << 12
/** study, test, exam: the same, unless the word before is a first name. */
export const weakEponymHead = 1 << 13
export const state = 1 << 14
/** Two letters: counts after a comma alone. */
export const stateCode = 1 << 15
/** Bears capitals and names nobody: peoples, languages, months, countries, brands of software. */
export const proper = 1 << 16
export const month = 1 << 17
export const street = 1 << 18
/** de, van, al: inside of people's names. */
export const particle = 1 << 19
/** St., Mount, San, Fort: a place's name goes on after it. */
export const placePrefix = 1 << 20
/** Written in capitals, and no facility. */
export const acronym = 1 << 21
/** County, Township: the word before is a place. */
export const division = 1 << 22
/** admitted, transferred, seen, lives: what follows "to" or "in" is a place. */
export const motion = 1 << 23
/** Known by a disease alone: Parkinson, Crohn. */
export const famousEponym = 1 << 24
/** American, National, World: begins the name of a body that gives guidelines. */
export const bodyStart = 1 << 25
/** Association, Society: ends one. */
export const bodyHead = 1 << 26

const table: readonly (readonly [bit: number, list: string])[] = [
  [
    title,
    'mr mrs ms mx miss dr drs doctor prof professor rev reverend fr sir madam dame capt captain sgt sergeant lt lieutenant maj hon judge senator sra sr colonel commander pastor deacon rabbi detective sheriff wm chas thos jas',
  ],
  [
    credential,
    'md do mbbs phd rn np pa lpn cnp crnp aprn dnp dds dmd pharmd psyd lcsw rph crna facc facs facp msn bsn cdces rdn lmsw licsw lmft lmhc lcpc cnm fnp pmhnp agnp cpnp rrt ccrn bcps dpt jr sr ii iii iv esq',
  ],
  [
    facility,
    `hospital hospitals hosp clinic clinics infirmary hospice sanatorium sanitarium polyclinic university universidad
     college clinica policlinica healthcare hospitalists ctr centre umc rmc vamc dispensary orphanage seminary academy`,
  ],
  [
    weakFacility,
    `baptist methodist adventist lutheran health care medical medicine med hc chc center centers general memorial presbyterian regional institute institutes foundation
     system systems network service services partners associates practice office offices home homes school group pavilion tower plaza
     pharmacy church manor village lodge residence residences rehab rehabilitation surgical surgery oncology pediatrics cancer campus va
     laboratory laboratories lab labs station prison jail facility penitentiary shelter elementary department wellness
     permanente nursing living hospitalist physicians urgent house court gardens terrace estates dialysis imaging
     snf ihs nicu picu lady radiology dental orthopedics orthopaedics cardiology dermatology neurology psychiatry urology obgyn women children`,
  ],
  [
    plainFacility,
    `clinic clinics hospital hospitals facility facilities office offices center centre campus branch location site infirmary hospice
     practice pharmacy rehab area metro suburb neighborhood neighbourhood district camp yard plant schools convent monastery mill factory
     ranch farm shelter prison jail airport church temple mosque synagogue shipyard refinery barracks reservation mall dealership warehouse shop`,
  ],
  [at, 'at @'],
  [towards, 'in near from to outside around via of within toward towards into through'],
  [beside, 'by with for like per than about regarding re cc attn attention under versus'],
  [naming, 'named name called surname lastname firstname alias aka nee née'],
  [
    person,
    `patient pt pts client husband wife spouse partner mother father mom dad mum daughter son sister brother aunt uncle cousin niece nephew
     grandmother grandfather grandma grandpa grandson granddaughter caregiver guardian friend neighbor roommate girlfriend boyfriend
     fiance fiancee employer boss physician surgeon nurse provider therapist cardiologist oncologist neurologist internist hospitalist
     boy girl baby twin infant stepson stepdaughter stepmother stepfather pcp attending resident doctor dentist midwife pharmacist counselor attorney lawyer referring
     rn np md pa lpn lvn cna crnp aprn emt medic paramedic officer coach teacher landlord landlady chaplain interpreter caller aide sitter scribe atty`,
  ],
  [joiner, 'of and the for'],
  [
    stopper,
    `a an the this that these those his her hers their theirs its our ours your yours my mine he she it they we you i me him them us who whom whose
     what which when where why how is are was were be been being am has have had having do does did done can could should would may might must
     will shall not no nor none never yes and or but if then else than as at by for from in into of off on onto out over to toward under until up via with
     within without about above across after again against all along also although among any another around because before behind below beneath
     beside besides between beyond both down during each either enough even ever every except few first second third last latest next
     following former further here hence however just least less like many more most much near neither now often once one only other others
     others own per rather same several since so some soon still such there therefore though through throughout thus together too towards
     twice two three four five six seven eight nine ten unless upon very well whether while whereas yet`,
  ],
  [
    heading,
    `please provide give list describe explain discuss summarize compare evaluate assess consider recommend recommended recommendations recommendation suggest
     suggested management managing manage treatment treating treat guidelines guideline guidance current updated update updates best
     optimal effective effectiveness efficacy safety risk risks side effect effects contraindication contraindications interaction interactions
     indications dosage dosing dose protocol protocols approach strategies strategy options option therapy evidence criteria criterion prognosis
     prognostic differential diagnosis diagnostic diagnoses evaluation screening follow followup post pre new old novel standard common
     need needs needed looking query question questions request help info information note notes noted history hx pt patient patients
     male female man woman boy girl case cases review referral referring regarding re concerns concern concerning seen admitted discharged
     presented presenting visited treated evaluated diagnosed scheduled contact email phone telephone fax ssn mrn emr dob id ids insurance
     policy plan member account number no record records chart date day week month year today yesterday tomorrow type stage grade class
     level levels phase part step section table figure chapter reference ref subject dear hello hi thanks thank sincerely
     assessment impression plan allergies medications meds medication labs vitals exam examination findings chief complaint objective subjective
     address city state county zip country name names gender sex age race ethnicity occupation employer religion status mother father sister brother
     daughter son wife husband spouse him given using use used based according despite due because considering including include ensure check
     start started starting stop stopped continue continued add added hold increase decrease reduce monitor monitoring order ordered
     oral iv daily weekly normal abnormal positive negative acute chronic severe mild moderate left right bilateral primary secondary
     emergency department unit ward room floor bed bedside baseline triage intake rounds team service services report reports result results test tests lab labs imaging
     today's patient's outcomes outcome comparative comparison long-term preferred appropriate initial early late referral steps key potential
     possible pros cons benefits considerations tx rx dx mgmt rec recs eval meds exercise dietary nutrition lifestyle surgery surgical
     procedure procedures postoperative preoperative perioperative study studies trial trials research literature article articles data`,
  ],
  [
    eponymHead,
    `disease diseases syndrome syndromes disorder disorders sign signs score scores reflex reflexes criteria criterion scale scales index
     classification lymphoma lymphomas tumor tumors tumour sarcoma carcinoma phenomenon palsy paralysis contracture chorea ataxia thyroiditis
     anemia anaemia esophagus oesophagus maneuver manoeuvre triad tetralogy equation formula stain agar virus bacillus dystrophy
     encephalopathy antigen antibodies antibody dementia arthritis vasculitis granulomatosis purpura nephropathy epilepsy psychosis
     ulcer neuroma nodes node bodies cells macula hernia fasciitis cyst fracture disease's respiration breathing deformity staging diet
     regimen granuloma patch duct gland canal ligament tendon tube catheter wires spots lines jaundice hepatitis encephalitis questionnaire
     inventory susceptibility arrhythmia flare lymphadenitis fever osteodystrophy nevus naevus crisis chromosome rash ratio calculator rule rules`,
  ],
  [
    weakEponymHead,
    `test tests study studies trial trials stage grade procedure operation method technique position law rule curve clamp valve stent pump
     flap graft repair wire pin forceps retractor incision approach protocol exam examination assessment gene mutation factor line drain level levels risk heart cohort
     guidelines guideline consensus statement collaboration algorithm nomogram body cell therapy`,
  ],
  [
    state,
    `alabama alaska arizona arkansas california colorado connecticut delaware florida georgia hawaii idaho illinois indiana iowa kansas
     kentucky louisiana maine maryland massachusetts michigan minnesota mississippi missouri montana nebraska nevada hampshire jersey mexico york
     carolina dakota ohio oklahoma oregon pennsylvania rhode tennessee texas utah vermont virginia washington wisconsin wyoming rico guam`,
  ],
  [
    stateCode,
    `al ak az ar ca co ct de fl ga hi id il in ia ks ky la me md ma mi mn ms mo mt ne nv nh nj nm ny nc nd oh ok or pa ri sc sd tn tx ut vt va
     wa wv wi wy dc pr gu ala ariz ark calif colo conn fla ill kan mass mich minn mont neb nev okla ore tenn tex wis usa uk ontario quebec bc england scotland wales`,
  ],
  [
    proper,
    `african american americans asian caucasian hispanic latino latina latinx black white native indian european mexican chinese japanese korean
     vietnamese filipino arab jewish ashkenazi sephardic irish italian german french british english spanish portuguese russian polish greek
     turkish dutch swedish danish norwegian finnish swiss austrian canadian australian brazilian cuban haitian jamaican dominican colombian
     peruvian puerto-rican somali ethiopian nigerian kenyan ghanaian egyptian moroccan lebanese syrian iraqi iranian persian afghan pakistani
     bangladeshi nepali thai cambodian laotian hmong burmese indonesian malaysian samoan hawaiian polynesian slavic scandinavian
     mediterranean pacific islander middle eastern western northern southern north south east west christian catholic protestant muslim islamic hindu
     buddhist sikh baptist lutheran mormon adventist orthodox
     january february march april may june july august september october november december jan feb mar apr jun jul aug sep sept oct nov dec
     monday tuesday wednesday thursday friday saturday sunday mon tue tues wed weds thu thur thurs fri sat sun
     christmas easter thanksgiving halloween ramadan hanukkah passover
     usa america africa asia europe australia canada mexico china japan korea india vietnam philippines germany france italy spain
     portugal england scotland wales ireland britain russia poland ukraine greece turkey israel egypt iran iraq syria pakistan bangladesh
     afghanistan brazil argentina colombia peru chile venezuela cuba haiti jamaica nigeria kenya ethiopia ghana somalia
     medicare medicaid tricare obamacare aetna cigna humana unitedhealthcare ambetter wellcare google pubmed medline medscape uptodate embase epic cerner zoom facebook instagram whatsapp cochrane
     lancet nejm jama bmj gold kdigo braf internet ringer latin roman arabic greek gram celsius fahrenheit doppler microliter microliters milliliter deciliter microgram micrograms milligrams nanograms millimoles
     medtronic dexcom biotronik omnipod entitic rxnorm norco anicteric icteric augmentin keflex dilantin percocet vicodin genvoya descovy imdur unasyn zosyn macrobid sinemet combivent duoneb trelegy`,
  ],
  [
    month,
    'january february march april may june july august september october november december jan feb mar apr jun jul aug sep sept oct nov dec',
  ],
  [
    street,
    `street st avenue ave road rd boulevard blvd drive dr lane ln court ct place pl way highway hwy parkway pkwy circle cir terrace ter trail trl
     square sq turnpike pike route alley loop crescent plaza broadway suite apt expressway`,
  ],
  [
    particle,
    'de da di del della la las los le van von der den du dos das el al bin ibn ben st st. mac mc o y ter ten',
  ],
  [
    placePrefix,
    'st saint ste mt mount ft fort san santa santo los las el la port lake new north south east west upper lower cape palm grand saints nuestra our sainte',
  ],
  [
    acronym,
    `ed er icu picu nicu sicu micu ccu pacu or ob gyn ct mri mra pet ekg ecg eeg emg bmi bp hr ef gi gu cns csf copd chf cad dvt pe mi tia cva afib
     hiv aids std sti uti tb pcp ptsd adhd ocd ra ms als sle ibd ibs gerd ckd esrd aki egfr gfr bun ldl hdl tsh psa inr wbc rbc ast alt
     snf ltc ltac asc us uk fda cdc who nih cms ada acc aha asa aan aap acog nice esc easd eular idsa asco nccn kdigo uspstf ehr emr phi
     hipaa dnr dni npo prn bid tid qid qhs iv im po sc pt ot st rn md np pa do dna rna pcr ssn mrn dob id ii iii vi vii viii ix xi covid sars
     rsv hpv hsv cmv ebv vzv mrsa vre ace arb nsaid nsaids ssri ssris snri ppi glp dash gusto loinc icd cpt snomed est pst cst edt utc am pm
     nyha ecog hcg fsh lh acth gh crp esr anca ana dexa dlco fev fvc abg cbc cmp bmp lft lfts opd ipd or's tpn peg cpap bipap ecmo vad lvad tavr cabg pci
     usa eu un va
     trop trops vanc clinda zosyn amio dilt metop abx abd abnl appt appts approx auth verif req copay copays coord dispo obs outpt inpt preop postop intraop periop
     xfer xfers msg msgs rcvd recd lytes coags lact hct plt plts etoh ciwa cows benzo benzos phenobarb midaz dilaudid fent norepi prop doxy amox augment
     peds neurosurg neuro cardio pulm nephro heme ortho ent gyn psych rehab trach chole appy colo cath caths echo tele telehealth telestroke teleconsult
     sched resched unk neg pos hemolyzed debrided intubated extubated fasc nec orif rosc ttwb wbat nwb cauti clabsi tbsa cohgb mychart wifi biomed emtala hosp
     handover handoff callback surg lytics nonop workup workups scribed
     sats exac azithro perrl perrla eomi ncat heent phos extubate gtt nka nkda tdap aasld mag mcv mchc rdw retic hapto cin hs`,
  ],
  [
    division,
    'county parish township borough precinct hamlet village municipality province prefecture reservation heights beach springs',
  ],
  [
    motion,
    `admitted transferred referred presented presenting discharged moved relocated travelled traveled flown brought seen evaluated treated lives
     living resides residing resident born located based hospitalized visited attended admission transfer came went operated works working flew returned drove`,
  ],
  [
    famousEponym,
    `parkinson alzheimer crohn hodgkin huntington hashimoto addison cushing sjogren raynaud kaposi burkitt marfan tourette asperger wernicke
     korsakoff babinski chaddock framingham glasgow apgar mallampati gleason bethesda ranson wilms ewing barrett brugada takotsubo kawasaki
     duchenne becker lynch gaucher fabry pompe paget peyronie dupuytren meniere menieres bell lyme zika ebola turner klinefelter tanner
     bartholin foley trendelenburg valsalva epley romberg leiden nissen roux billroth pugh kernig brudzinski karnofsky killip murphy mcburney rovsing tinel phalen lachman`,
  ],
  [scored, 'braden morse rankin charlson norton waterlow wells forrester mcmurray hoffman spurling apley'],
  [
    bodyStart,
    'american national international european world british canadian global royal joint united centers food federal us society royal college association academy infectious advanced',
  ],
  [
    bodyHead,
    'association society academy organization organisation federation commission board agency institutes administration control council task force guideline guidelines',
  ],
]

/** The words of one class. */
export function listOf(bit: number): string {
  return table
    .filter(([of]) => of === bit)
    .map(([, list]) => list)
    .join(' ')
    .trim()
}

/** Class bits by word. */
export function classes(): Map<string, number> {
  const bits = new Map<string, number>()
  for (const [bit, list] of table) for (const word of words(list)) bits.set(word, (bits.get(word) ?? 0) | bit)
  return bits
}
