import type { Fields } from './fields.ts'
import type { UsageDraft } from './usage-draft.ts'

/**
 * Cache writes by their life. A write without a stated life has the API's default of five minutes:
 * https://platform.claude.com/docs/en/build-with-claude/prompt-caching
 */
export function addCacheWrites(draft: UsageDraft, usage: Fields, where: string): void {
  const total = draft.count(usage, 'cache_creation_input_tokens', where)
  const split = draft.part(usage, ['cache_creation'], where)
  const oneHour = draft.count(split, 'ephemeral_1h_input_tokens', `${where}cache_creation.`)
  const fiveMinutes = draft.count(split, 'ephemeral_5m_input_tokens', `${where}cache_creation.`)
  const unsplit = Math.max(0, total - oneHour - fiveMinutes)
  if (oneHour + fiveMinutes > 0 && usage['cache_creation_input_tokens'] !== undefined && total !== oneHour + fiveMinutes) {
    draft.warn('sum-mismatch', `${where}cache_creation_input_tokens is ${total}, but its parts sum to ${oneHour + fiveMinutes}.`)
  }
  draft.add('cacheWrite5mTokens', fiveMinutes + unsplit)
  draft.add('cacheWrite1hTokens', oneHour)
}
