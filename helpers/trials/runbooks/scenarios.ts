/** The failures that each need a runbook, with the words by which a title or file name tells that it is about one. */
export const scenarios: readonly { scenario: string; about: readonly RegExp[] }[] = [
  { scenario: 'messaging provider outage', about: [/messag|sms|twilio|texting/, /outage|down|unavailab|fail/] },
  { scenario: 'booking provider outage', about: [/booking|calendly|calendar/, /outage|down|unavailab|fail/] },
  { scenario: 'payment provider outage', about: [/payment|stripe|deposit/, /outage|down|unavailab|fail/] },
  { scenario: 'database loss', about: [/database|postgres/, /loss|lost|outage|down|unavailab|failover/] },
  { scenario: 'high latency', about: [/latency|slow/] },
  { scenario: 'dead letters piling up', about: [/dead[ -]?letter/] },
  { scenario: 'memory pressure', about: [/memory/] },
  { scenario: 'backup restore', about: [/restor/] },
  { scenario: 'security incident (P0)', about: [/security|breach|incident/, /\bp0\b/] },
  { scenario: 'security incident (P1)', about: [/security|breach|incident/, /\bp1\b/] },
  { scenario: 'rollback', about: [/roll(?:ing)?[ -]?back/] },
]

/** What every runbook has to say, with the words that a heading for it may have. */
export const requiredParts: readonly { part: string; heading: RegExp }[] = [
  { part: 'symptoms', heading: /symptom/i },
  { part: 'detection', heading: /detect|alert|signal/i },
  { part: 'diagnosis', heading: /diagnos|investigat/i },
  { part: 'mitigation', heading: /mitigat|remed|response|action/i },
  { part: 'rollback', heading: /roll(?:ing)?[ -]?back|revert|undo/i },
  { part: 'escalation', heading: /escalat/i },
  { part: 'verification', heading: /verif|confirm|all[ -]clear/i },
]

const reviewed = /review(?:ed)?(?:[ _-]?(?:on|at|date))?\W{0,12}(\d{4}-\d\d-\d\d)/i
const placeholder =
  /\b(?:TODO|TBD|TBA|FIXME|XXX+|lorem ipsum|to be (?:written|done|defined|decided|completed)|fill (?:this )?in|coming soon|work in progress)\b|<(?:insert|your|name|link)[^>]*>|\.{4,}/i

/** The day on which a document says it was last reviewed, or null. */
export const reviewedOn = (text: string): string | null => reviewed.exec(text)?.[1] ?? null

/** A text that stands for one still to be written, or null. */
export const placeholderIn = (text: string): string | null => placeholder.exec(text)?.[0] ?? null
