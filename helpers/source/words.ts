/** The words of a name or text in lower case: `isHealthcareProfile` gives is, healthcare, profile. */
export const wordsOf = (text: string): string[] =>
  text
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word !== '')
    .map((word) => word.toLowerCase())

/** Words by which a trade is recognised that books appointments; none has a meaning in an engine for commands and workflows. */
export const verticalWords: ReadonlySet<string> = new Set(
  `healthcare clinic clinical clinician patient doctor dentist dental dentistry orthodontic orthodontist physician surgeon surgery
  medical medicine medication hospital nurse therapist therapy physiotherapy psychotherapy chiropractor chiropractic pharmacy
  prescription diagnosis treatment hipaa phi ehr emr optometry optometrist dermatology dermatologist pediatric radiology
  veterinary veterinarian vet salon spa barber barbershop hairdresser haircut stylist massage manicure tattoo beauty wellness
  gym fitness yoga legal lawyer attorney lawfirm accountant accounting realtor realestate restaurant hotel hospitality
  automotive mechanic dealership plumber plumbing electrician tutor tutoring`
    .split(/\s+/)
    .filter((word) => word !== ''),
)

/** Whether two words are the same, in singular or plural. */
export const isWord = (word: string, known: ReadonlySet<string>): string | undefined =>
  [word, word.replace(/s$/, ''), word.replace(/ies$/, 'y')].find((form) => known.has(form))
