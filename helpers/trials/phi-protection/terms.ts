/** What the contract counts as health information that no message may carry. */
export const healthKinds = [
  'social security number',
  'medical record number',
  'diagnosis',
  'condition',
  'treatment',
  'medication',
] as const

/** @see healthKinds */
export type HealthKind = (typeof healthKinds)[number]

const list = (text: string): string[] => text.split(/\s*[,\n]\s*/).filter((term) => term !== '')

/**
 * Words and phrases in lower case without accents, English and Spanish; a `*` stands for whatever the word goes on with. A name
 * of a specialty is none, since clinics are called by it; numbers are known by their shape, and what they are called is no number.
 */
export const healthTerms: Readonly<Partial<Record<HealthKind, readonly string[]>>> = {
  diagnosis: list(`
    diagnos*, misdiagnos*, prognos*, pronostico medico, biopsy result*, test result*, lab result*, tested positive, tested negative,
    resultados de laboratorio, resultado de la biopsia, metasta*, malignan*, maligno, benign tumor
  `),
  condition: list(`
    diabet*, prediabet*, hypertens*, hipertens*, cancer*, carcinom*, tumor*, tumour*, leukemi*, leukaemi*, leucemi*, lymphom*, linfom*,
    melanom*, sarcom*, sarcoid*, hiv, vih, hepatit*, cirrhos*, cirros*, asthma*, asma, copd, epoc, emphysem*, enfisema, pneumon*,
    neumon*, tubercul*, covid*, influenza, gripe, depression, depressive, depresion, anxiety, ansiedad, bipolar*, schizo*, esquizo*,
    psychos*, psicosis, ptsd, adhd, tdah, autis*, asperger*, dementia, demencia, alzheimer*, parkinson*, epilep*, migrain*, migran*,
    multiple sclerosis, esclerosis*, stroke, derrame cerebral, heart attack, heart failure, heart disease, infarto, insuficiencia cardiaca,
    arrhythm*, arritm*, fibrillation, fibrilacion, angina, thrombos*, trombos*, anemi*, anaemi*, arthrit*, artrit*, osteopor*, fibromyal*,
    fibromialg*, lupus, psorias*, eczema*, dermatit*, crohn*, colitis, celiac*, coeliac*, celiaquia, endometrios*, infertil*, pregnan*,
    embaraz*, miscarriage, aborto espontaneo, menopaus*, syphilis, sifilis, gonorrh*, gonorrea, chlamyd*, clamidia, herpes, sti, std,
    kidney disease, kidney failure, enfermedad renal, insuficiencia renal, liver disease, thyroid disease, hypothyro*, hyperthyro*,
    hipotiro*, hipertiro*, glaucoma*, cataract*, tinnitus, vertigo, tularemi*, obesity, obesidad, anorexi*, bulimi*, alcoholism*,
    addiction, adiccion, overdose, sobredosis, insomni*, sleep apnea, apnea, allerg*, alergi*, infect*, infecc*, fracture*, fractura*,
    hernia*, gingivitis, periodont*, high blood pressure, blood pressure, presion arterial, high cholesterol, colesterol, chronic pain,
    dolor cronico, mental illness, enfermedad*, disease*, syndrome*, sindrome*, disorder*, trastorno*, symptom*, sintoma*,
    your condition, medical condition*, health condition*, heart condition*, skin condition*, su condicion, tu condicion,
    condicion medica, sjogren*, vitiligo, concussion*
  `),
  treatment: list(`
    treatment*, tratamiento*, chemo*, quimio*, radiotherap*, radioterap*, radiation therapy, dialysis, dialisis, hemodial*, surger*,
    cirugi*, surgical, quirurgic*, transplant*, trasplant*, biops*, colonoscop*, endoscop*, mammogra*, mamogra*, therapy, therapies,
    terapia*, psychotherap*, psicoterap*, physiotherap*, fisioterap*, immunotherap*, inmunoterap*, rehab, rehabilitation, rehabilitacion,
    detox, vaccin*, vacuna*, flu shot, injection*, inyeccion*, infusion*, abortion, ivf, in vitro, vasectom*, hysterectom*, histerectom*,
    mastectom*, appendectom*, apendicectom*, amputat*, amputacion, catheter*, cateter*, anesthe*, anaesthe*, anestesi*, root canal,
    endodoncia, electroconvulsive, blood transfusion, transfusion*, chelation
  `),
  medication: list(`
    medication*, medicacion, medicament*, medicine*, prescription*, prescribed, receta medica, recetado, your refill, rx refill, dosage,
    insulin*, metformin*, ozempic, semaglutid*, wegovy, mounjaro, tirzepatid*, lisinopril*, losartan*, amlodipin*, atorvastatin*,
    simvastatin*, rosuvastatin*, warfarin*, heparin*, clopidogrel, apixaban, aspirin*, ibuprofen*, acetaminophen, paracetamol, tylenol,
    amoxicil*, penicil*, azithromyc*, azitromic*, doxycyclin*, sertralin*, zoloft, fluoxetin*, prozac, fluvoxamin*, escitalopram, lexapro, citalopram,
    bupropion, trazodon*, alprazolam, xanax, lorazepam, ativan, diazepam, valium, clonazepam, quetiapin*, olanzapin*, risperidon*,
    aripiprazol*, lithium carbonate, adderall, ritalin, methylphenidat*, metilfenidat*, gabapentin*, pregabalin*, oxycodon*, oxycontin,
    hydrocodon*, vicodin, percocet, morphine, morfina, fentanyl, fentanilo, tramadol*, methadon*, metadona, buprenorphin*, suboxone,
    naloxon*, prednison*, albuterol, salbutamol, levothyrox*, levotirox*, omeprazol*, tamoxifen*, methotrexat*, metotrexato, humira,
    truvada, viagra, sildenafil*, antibiotic*, antidepress*, antidepresiv*, antiretrovir*, antirretrovir*, opioid*, opioide*,
    esteroide*, deferasirox, hydroxychloroquin*
  `),
}

/** How medicines are named by their substance (INN stems), in words of eight letters and more. */
export const medicationEndings =
  /^[a-z]{4,}(?:april|opril|sartan|statina?|olol|prazole?|cillin|cilina|mycin|micina|floxacin[oa]?|oxetina?|azepam|azolam|tinib|gliptina?|gliflozina?|glutida?|triptan)$/

/** Identifiers by their shape, in a text in lower case whose dashes, digits and spaces are plain. */
export const identifierShapes: readonly (readonly [HealthKind, RegExp])[] = [
  ['social security number', /(?<![\w+-])\d{3}([- ./_])\d{2}\1\d{4}(?![\w-])/g],
  // spaced or dashed in other ways, or not at all, they are known by what stands before them
  [
    'social security number',
    /\b(?:ssn|nss|social security|seguro social|seguridad social)\b[^0-9]{0,24}\d(?:[- ./_]{0,2}\d){8}\b/g,
  ],
  [
    'medical record number',
    /\b(?:mrn|medical record|chart|patient|historia clinica|expediente|paciente|nhc)(?: (?:number|no|nr|num|id|numero|n\.?o\.?))?[ :#.-]{0,4}\d(?:[- .]?\d){4,}\b/g,
  ],
  [
    'diagnosis',
    /(?<!\b(?:room|suite|gate|floor|building|bldg|unit|version|release|sala|puerta|edificio|apt) )(?<![\w./-])[a-tv-z]\d[\dab]\.[\da-z]{1,4}(?![\w./-])/g,
  ],
  ['diagnosis', /\b(?:icd|dx|cie)(?:-?10)?(?:-?cm)?[ :]{1,3}[a-tv-z]\d[\dab][\da-z]{0,4}\b/g],
]

/** Variables of templates that stand for health information, in lower case without separators. */
export const healthVariables: readonly (readonly [HealthKind, RegExp])[] = [
  ['social security number', /ssn|socialsecurity|segurosocial/],
  ['medical record number', /mrn|medicalrecord|chartnumber|historiaclinica|patientnumber/],
  ['diagnosis', /diagnos|icd|testresult|labresult|prognos/],
  ['condition', /condition|condicion|disease|illness|symptom|allerg|enfermedad/],
  ['treatment', /treatment|tratamiento|procedure|procedimiento|therapy|surgery/],
  ['medication', /medicat|medicin|medicament|prescri|drug|dosage|receta/],
]
