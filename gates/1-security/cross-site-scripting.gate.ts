import { control } from '../../helpers/control.ts'
import { judgeScripting, scriptingTrialSchema } from '../../helpers/trials/cross-site-scripting/judge.ts'
import { plantTexts } from '../../helpers/trials/cross-site-scripting/measure.ts'

export default control(import.meta, {
  requirement: 'No text from outside becomes markup or script in anything that a browser may open.',
  target:
    'hostile texts come back as text in pages and as application/json elsewhere; nosniff on every answer; a content security policy that stops injected scripts; nothing runs in a browser',
  method:
    'Plants hostile names, services, notes, replies and commands, asks every route that reads and provokes refusals, parses the pages as browsers do, and opens them in Chromium where one is installed.',
  severity: 'high',
  needs: ['app'],
  timeLimitSeconds: 180,
  evidence: scriptingTrialSchema,
  measure: ({ app, ...context }) => plantTexts(app, context),
  judge: judgeScripting,
  summarise({ planted, answers, browser }) {
    const accepted = planted.reduce((sum, field) => sum + field.accepted, 0)
    const pages = answers.filter(({ isHtml }) => isHtml)
    const looked = browser === null ? 'no browser is installed' : `${browser.pages.length} visits by ${browser.version}`
    return `${accepted} hostile texts taken in; ${pages.length} pages and ${answers.length - pages.length} other answers examined, ${pages.reduce((sum, page) => sum + page.hostileTexts, 0)} hostile texts shown as text; ${looked}`
  },
})
