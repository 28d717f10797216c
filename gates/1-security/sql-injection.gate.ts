import { control } from '../../helpers/control.ts'
import { judgeSql, sqlTrialSchema } from '../../helpers/trials/sql-injection/judge.ts'
import { tryInjections } from '../../helpers/trials/sql-injection/measure.ts'

export default control(import.meta, {
  requirement: 'No text from outside is ever part of a SQL statement: it travels beside it, as a bind value.',
  target:
    'every SQL text in the source constant or bound by a tag; on the wire no input in a text, none malformed, the same structures for any input; hostile texts change, leak and delay nothing',
  method:
    'Follows every query call of the source, and every EXECUTE in the database, back to where its text comes from; sends marked and hostile texts in every field of every route while the wire to the database is read.',
  severity: 'critical',
  needs: ['app', 'database'],
  timeLimitSeconds: 120,
  evidence: sqlTrialSchema,
  measure: ({ app, database, ...context }) => tryInjections(app, database, context),
  judge: judgeSql,
  summarise({ source, fields, wire, payloads }) {
    const bound = fields.filter((field) => field.bound > 0)
    return `${source.calls} query calls in ${source.files} files followed, ${source.findings.length} with other than constants; ${wire.statements} statements of ${wire.structures} structures on the wire, ${wire.withInput.length} with input in their text; ${fields.length} fields tried, ${bound.length} seen as bind values; ${payloads.accepted} of ${payloads.sent} hostile requests accepted, the slowest of them in ${(payloads.slowest.milliseconds / 1000).toFixed(1)} s`
  },
})
