import { lintSource } from '@secretlint/core'
import { creator as preset } from '@secretlint/secretlint-rule-preset-recommend'
import { isPlaceholder } from './secret-values.ts'
import type { SecretFound } from './secret-rules.ts'

const presetId = '@secretlint/secretlint-rule-preset-recommend'

/** What secretlint's recommended rules find; comments in the text cannot switch it off. */
export async function findBySecretlint(path: string, text: string): Promise<SecretFound[]> {
  const { messages } = await lintSource({
    source: { filePath: path, content: text, contentType: 'text' },
    options: {
      noPhysicFilePath: true,
      config: {
        rules: [
          {
            id: presetId,
            rule: preset,
            rules: [{ id: '@secretlint/secretlint-rule-filter-comments', disabled: true }],
          },
        ],
      },
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
    .filter(({ value }) => !isPlaceholder(value))
}
