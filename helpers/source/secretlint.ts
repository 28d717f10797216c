import { lintSource } from '@secretlint/core'
import { creator as preset } from '@secretlint/secretlint-rule-preset-recommend'
import { isPlaceholder } from './secret-values.ts'
import { findSecrets } from './secret-rules.ts'
import type { SecretFound } from './secret-rules.ts'

/** What secretlint's recommended rules find; comments in the text cannot switch it off. */
export async function findBySecretlint(path: string, text: string): Promise<SecretFound[]> {
  const { messages } = await lintSource({
    // the preset cannot be had without the rule that obeys comments, so they are spoiled, at no change of length
    source: { filePath: path, content: text.replaceAll('secretlint-', 'secretlint_'), contentType: 'text' },
    options: {
      noPhysicFilePath: true,
      config: { rules: [{ id: '@secretlint/secretlint-rule-preset-recommend', rule: preset }] },
    },
  })
  return messages
    .filter(({ type }) => type === 'message')
    .map(({ range, ruleId }) => ({
      rule: ruleId.replace('@secretlint/secretlint-rule-', 'secretlint '),
      value: text.slice(...range),
      isLive: false,
      start: range[0],
      end: range[1],
    }))
    .filter(({ value }) => !isPlaceholder(value) && !isHarmlessAddress(value))
}

/** An address whose password our own rule, which looks at the host too, does not take for a secret: a local database's. */
const isHarmlessAddress = (value: string): boolean =>
  /^[a-z][\w+.-]*:\/\/\S*:\S*@/i.test(value) && findSecrets('', value).length === 0
