import type { UsageReader } from '../reader.ts'
import { lastOf, lastText, toEvents } from './events.ts'
import { asFields, unreadable } from './fields.ts'
import { addOpenAiTokens, responseNames } from './openai-tokens.ts'
import { UsageDraft } from './usage-draft.ts'

const tokenFields = new Set(['type', 'input_tokens', 'output_tokens', 'total_tokens', 'input_token_details', 'input_tokens_details'])
const durationFields = new Set(['type', 'seconds'])

/**
 * OpenAI transcription and translation: `{ type: "tokens" }` for the gpt-4o models, `{ type: "duration", seconds }`
 * for whisper, whose older verbose responses have a `duration` only.
 */
export const openAiTranscription: UsageReader = {
  providers: ['openai', 'azure', 'azure-openai', '*'],
  apis: ['transcription', 'transcriptions', 'audio.transcriptions', 'translation', 'translations'],
  inputTotalIncludesCache: null,
  source: 'https://platform.openai.com/docs/api-reference/audio/json-object',
  read: (body) => {
    const events = toEvents(body)
    const draft = new UsageDraft()
    const usage = lastOf(events, (event) => asFields(event['usage']))
    const duration = lastOf(events, (event) => event['duration'] ?? undefined)
    if (usage !== undefined && ('seconds' in usage || usage['type'] === 'duration')) {
      draft.add('audioSeconds', draft.decimal(usage['seconds'], 'usage.seconds'))
      draft.reportUnknown(usage, durationFields, 'usage.')
    } else if (usage !== undefined) {
      addOpenAiTokens(draft, usage, responseNames)
      draft.reportUnknown(usage, tokenFields, 'usage.')
    } else if (duration !== undefined) draft.add('audioSeconds', draft.decimal(duration, 'duration'))
    else throw unreadable('transcription', 'it has neither "usage" nor "duration"')
    return draft.toReading({ model: lastText(events, 'model'), responseId: lastText(events, 'id') })
  },
}
