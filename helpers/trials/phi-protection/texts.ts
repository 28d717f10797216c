import { randomInt } from 'node:crypto'
import type { PhiTrial } from './judge.ts'
import type { HealthKind } from './terms.ts'

type Language = PhiTrial['attempts'][number]['language']

/** A text that must not be sent, and the health information in it. */
export interface ForbiddenText {
  name: string
  kind: HealthKind
  language: Language
  text: string
  /** What nobody may quote, as it is usually written. */
  word: string
}

const english = (kind: HealthKind, name: string, text: string, word: string): ForbiddenText => ({
  kind,
  name,
  text,
  word,
  language: 'English',
})
const spanish = (kind: HealthKind, name: string, text: string, word: string): ForbiddenText => ({
  ...english(kind, name, text, word),
  language: 'Spanish',
})
const encoded = (how: BufferEncoding, text: string): string => Buffer.from(text).toString(how)

const [ssn, mrn] = ['social security number', 'medical record number'] as const

/** Texts with health information in the spellings that people and programs use; each with a word or number of its own. */
export const forbiddenTexts: readonly ForbiddenText[] = [
  english(ssn, 'with dashes', 'Please confirm 219-10-4001 at the desk', '219-10-4001'),
  english(ssn, 'with spaces', 'Please confirm 219 11 4007 at the desk', '219 11 4007'),
  english(ssn, 'with dots', 'Please confirm 219.12.4019 at the desk', '219.12.4019'),
  english(ssn, 'digits alone, named', 'Please confirm SSN 219134021 at the desk', '219134021'),
  english(ssn, 'full-width digits', 'Please confirm ２１９－１４－４０３３ at the desk', '219-14-4033'),
  english(ssn, 'zero-width spaces inside', 'Please confirm 2\u200B19-15\u200B-40\u200B49 at the desk', '219-15-4049'),
  english(ssn, 'no-break hyphens', 'Please confirm 219\u201116\u20114057 at the desk', '219-16-4057'),
  english(ssn, 'no-break spaces', 'Please confirm 219\u00A017\u00A04061 at the desk', '219-17-4061'),
  spanish(ssn, 'named', 'Confirme su número de seguro social 219 18 4073', '219 18 4073'),
  english(mrn, 'abbreviated', 'Your MRN 4839201 is ready at the desk', '4839201'),
  english(mrn, 'in lower case, with a number sign', 'Tell us mrn#4839213 at the desk', '4839213'),
  english(mrn, 'written out', 'Your medical record number is 4839227', '4839227'),
  spanish(mrn, 'written out', 'Traiga su historia clínica 4839239', '4839239'),
  english('diagnosis', 'ICD-10 code', 'About E11.9 please call us', 'E11.9'),
  english('diagnosis', 'ICD-10 code in lower case', 'About f32.1 please call us', 'F32.1'),
  english('diagnosis', 'ICD-10 code, named', 'Form for ICD-10 J45.909 is ready', 'J45.909'),
  english('diagnosis', 'finding', 'The growth was malignant, please call us', 'malignant'),
  spanish('diagnosis', 'finding', 'El tumor es maligno, llámenos', 'maligno'),
  english('condition', 'plain', 'Your diabetes check is tomorrow', 'diabetes'),
  english('condition', 'in capitals', 'HYPERTENSION CHECK IS TOMORROW', 'hypertension'),
  english('condition', 'acronym', 'A talk for people with HIV at noon', 'HIV'),
  english('condition', 'in a sentence', 'We are sorry to hear about your cancer', 'cancer'),
  english('condition', 'of the mind', 'Group on depression meets at noon', 'depression'),
  english('condition', 'pregnancy', 'Your pregnancy visit is at noon', 'pregnancy'),
  english('condition', 'inflected', 'A talk for diabetics at noon', 'diabetics'),
  english('condition', 'behind a line break', 'See you at noon\nLymphoma group\nDoor 2', 'lymphoma'),
  english(
    'condition',
    'at the end of a long text',
    `${'We have a new entrance and a new desk. '.repeat(12)}Cirrhosis group`,
    'cirrhosis',
  ),
  english('condition', 'zero-width space inside', 'Your ast\u200Bhma card is ready', 'asthma'),
  english('condition', 'soft hyphen inside', 'Your arth\u00ADritis card is ready', 'arthritis'),
  english('condition', 'full-width letters', 'Your ｍｉｇｒａｉｎｅ card is ready', 'migraine'),
  english('condition', 'URL-encoded', 'See https://example.org/go?for=%70neumonia', 'pneumonia'),
  english('condition', 'base64', `Your code is ${encoded('base64', 'tuberculosis care')}`, 'tuberculosis'),
  english('condition', 'hexadecimal', `Your code is ${encoded('hex', 'fibromyalgia')}`, 'fibromyalgia'),
  spanish('condition', 'with its accent', 'Control de la sífilis el jueves', 'sífilis'),
  spanish('condition', 'without its accent', 'Grupo de depresion el jueves', 'depresion'),
  spanish('condition', 'accent of its own', 'Charla sobre adicción el jueves'.normalize('NFD'), 'adicción'),
  spanish('condition', 'acronym', 'Charla sobre VIH el jueves', 'VIH'),
  spanish('condition', 'pregnancy', 'Cita de embarazo el jueves', 'embarazo'),
  english('treatment', 'plain', 'Your chemotherapy starts at noon', 'chemotherapy'),
  english('treatment', 'in capitals', 'DIALYSIS IS MOVED TO NOON', 'dialysis'),
  english('treatment', 'operation', 'Eat nothing before surgery', 'surgery'),
  english('treatment', 'of the teeth', 'Your root canal is at noon', 'root canal'),
  english('treatment', 'short, joined by a hyphen', 'Your post-chemo visit is at noon', 'chemo'),
  spanish('treatment', 'plain', 'Su quimioterapia es el jueves', 'quimioterapia'),
  spanish('treatment', 'operation', 'No coma antes de la cirugía', 'cirugía'),
  english('medication', 'plain', 'Take your insulin before you come', 'insulin'),
  english('medication', 'with its dose', 'Metformin 500 mg is ready', 'metformin'),
  english('medication', 'brand', 'OZEMPIC is here for you', 'Ozempic'),
  english('medication', 'of the mind', 'Your sertraline is ready', 'sertraline'),
  english('medication', 'by its ending', 'No lisinopril before you come', 'lisinopril'),
  english('medication', 'letters kept apart', 'Your i-b-u-p-r-o-f-e-n is ready', 'ibuprofen'),
  spanish('medication', 'plain', 'Recoja su metformina el jueves', 'metformina'),
  spanish('medication', 'group', 'Sus antibióticos le esperan', 'antibióticos'),
]

/** The one that is put in place of a template's variable. */
export const forbiddenValue = { value: 'Glaucoma Care', word: 'glaucoma', kind: 'condition' } as const

/** Texts that carry none, with what a filter may take for it. */
export const harmlessTexts: readonly string[] = [
  'Our door is at the side today, please ring twice',
  'Your appointment is on Thursday, December 3 at 3:00 PM, second floor. Call (415) 555-0123',
  'Please bring a photo ID. Directions: https://example.org/find-us',
  'Tu cita es el jueves a las 10:00, llega 10 minutos antes',
]

/** Letters by which one text is found again. */
export const makeMark = (): string =>
  `ref${Array.from({ length: 9 }, () => 'bcdfghjkmnpqrtvwxz'.charAt(randomInt(18))).join('')}`

/** A text as it is asked to be sent. */
export const withMark = (text: string, mark: string): string => `${text}. Ref ${mark}. Reply STOP to unsubscribe`
