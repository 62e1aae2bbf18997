import type { UsageReader } from '../reader.ts'
import { asFields, asList, asText, firstFields, unreadable } from './fields.ts'
import { UsageDraft } from './usage-draft.ts'

/**
 * Imagen: the response of predict or generateImages, priced by image. Its size stands in the request only: the caller
 * adds the request's `parameters` (or `config`).
 */
export const googleImages: UsageReader = {
  providers: ['google', 'gemini', 'vertex', 'vertex-ai', 'google-vertex', 'google-ai-studio'],
  apis: ['images', 'generateImages', 'predict', 'imagen'],
  inputTotalIncludesCache: null,
  source: 'https://ai.google.dev/gemini-api/docs/imagen',
  read: (body) => {
    const response = asFields(body)
    const list = ['predictions', 'generatedImages', 'images'].map((name) => response?.[name]).find((value) => Array.isArray(value))
    if (response === undefined || list === undefined) throw unreadable('images', 'it has no list of predictions')
    const draft = new UsageDraft()
    // What a filter withheld comes as an entry that says so, and is not billed.
    draft.add('images', asList(list).filter((image) => asFields(image)?.['raiFilteredReason'] === undefined).length)
    const parameters = firstFields(response, ['parameters', 'config'])
    draft.describe('size', asText(parameters?.['sampleImageSize']) ?? asText(parameters?.['imageSize']))
    return draft.toReading({ model: asText(response['model']) })
  },
}
