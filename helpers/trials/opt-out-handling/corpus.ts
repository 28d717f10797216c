/** A customer's reply and what it means for consent. */
export interface Reply {
  text: string
  /** `opt-out` withdraws consent, `other` leaves it as it is. */
  meaning: 'opt-out' | 'other'
  group: 'keyword' | 'keyword, varied' | 'plain request' | 'ordinary sentence'
}

/**
 * Keywords that withdraw consent on their own: those of the CTIA and of 47 CFR 64.1200(a)(10) (FCC, in force since
 * 2025-04-11); reviewed 2026-11-23.
 */
export const keywords = [
  'STOP',
  'STOPALL',
  'UNSUBSCRIBE',
  'CANCEL',
  'END',
  'QUIT',
  'REVOKE',
  'OPTOUT',
  'OPT OUT',
] as const

const varied = [
  'stop',
  'Stop',
  'sToP',
  ' STOP ',
  'STOP.',
  'Stop!!',
  '"STOP"',
  '\u00a0STOP\u00a0',
  'STOP \u{1F6D1}',
  'stop\n',
  'Unsubscribe.',
  'cancel',
  'end.',
  'Quit!',
  'revoke',
  'optout',
  'opt out.',
  'Opt  Out',
  'STOP ALL',
  'opt-out',
]

const requests = [
  'please stop texting me',
  'Stop sending me messages',
  "Don't text me anymore",
  'do not contact me again by text',
  'Take me off your list please',
  'remove me from this list',
  'I want to unsubscribe from these texts',
  'STOP please',
  'no more texts please',
  'Please opt me out',
]

const sentences = [
  'yes',
  'Yes, I will be there',
  'C',
  "Please don't stop by early",
  "don't stop by before 5",
  "I'll stop by at the end of the day",
  'Can I stop at the bank first?',
  'The bus stop is closed, I may be late',
  'See you at the end of the month',
  'When does the appointment end?',
  'Is there an end time?',
  'I quit smoking, is that relevant?',
  'Where do I stop the car?',
  'Please keep sending reminders, do not stop',
  'My weekend is free, can we reschedule?',
  'Can you cancel my appointment on Friday and find another day?',
]

/** Replies with their meaning, by which opt-out handling is tried. */
export const replies: readonly Reply[] = [
  ...keywords.map((text): Reply => ({ text, meaning: 'opt-out', group: 'keyword' })),
  ...varied.map((text): Reply => ({ text, meaning: 'opt-out', group: 'keyword, varied' })),
  ...requests.map((text): Reply => ({ text, meaning: 'opt-out', group: 'plain request' })),
  ...sentences.map((text): Reply => ({ text, meaning: 'other', group: 'ordinary sentence' })),
]
