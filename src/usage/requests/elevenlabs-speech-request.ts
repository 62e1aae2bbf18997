import { asText } from '../readers/fields.ts'
import type { RequestReader } from './call-request.ts'
import { RequestDraft, requestFields, fieldNames } from './request-draft.ts'

const knownFields = fieldNames(
  'text model_id voice_id voice_settings language_code pronunciation_dictionary_locators previous_text next_text',
  'previous_request_ids next_request_ids apply_text_normalization output_format',
)

/**
 * ElevenLabs text to speech, billed by the characters of `text`; text before and after it is context and free. A model
 * that costs half a credit for each is counted by whole credits in the response's headers, so an odd length is taken as
 * one more.
 */
export const elevenLabsSpeechRequest: RequestReader = {
  providers: ['elevenlabs', 'eleven-labs'],
  apis: ['text-to-speech', 'speech', 'tts'],
  source: 'https://elevenlabs.io/docs/api-reference/text-to-speech/convert',
  read: (source) => {
    const fields = requestFields(source)
    // The default: https://elevenlabs.io/docs/api-reference/text-to-speech/convert
    const draft = new RequestDraft(source, asText(fields['model_id']) ?? 'eleven_multilingual_v2')
    const characters = asText(fields['text'])?.length ?? 0
    if (characters === 0) draft.refuse('bad-value', 'text', 'it is no text')
    draft.quantity('characters', /flash|turbo/.test(draft.model) ? characters + (characters % 2) : characters)
    draft.refuseUnknown(fields, knownFields)
    return draft.toRequest({ promptReadings: 0 })
  },
}
