import { asText } from '../readers/fields.ts'
import type { RequestReader } from './call-request.ts'
import { RequestDraft, requestFields } from './request-draft.ts'

const knownFields = new Set(['model', 'input', 'voice', 'instructions', 'response_format', 'stream_format', 'user'])

/**
 * OpenAI text to speech, and servers with the same API. The tts models are billed by the character; those that are
 * billed by tokens put out speech whose length no field limits. Characters are counted as UTF-16 units, of which there
 * are never fewer than code points.
 */
export const openAiSpeechRequest: RequestReader = {
  providers: ['openai', '*'],
  apis: ['speech', 'audio.speech', 'tts'],
  source: 'https://platform.openai.com/docs/api-reference/audio/createSpeech',
  read: (source) => {
    const fields = requestFields(source)
    const draft = new RequestDraft(source, asText(fields['model']))
    const input = typeof fields['input'] === 'string' ? fields['input'] : ''
    if (input === '') draft.refuse('bad-value', 'input', 'it is no text')
    draft.refuseUnknown(fields, knownFields)
    if (!/gpt-/.test(draft.model)) {
      draft.quantity('characters', input.length)
      return draft.toRequest({ promptReadings: 0 })
    }
    draft.text(input)
    draft.value(fields['instructions'])
    draft.refuse('undeclared-quantity', 'audioOutputTokens', 'no field limits how long the speech becomes; give its tokens as quantities')
    return draft.toRequest({})
  },
}
