import { asList, asText, type Fields } from '../readers/fields.ts'
import type { RequestReader } from './call-request.ts'
import { drawnImageTokensAtMost, partialImageTokens } from './media-tokens.ts'
import { mostOf, RequestDraft, requestFields, fieldNames } from './request-draft.ts'

const knownFields = fieldNames(
  'model prompt n size quality style background moderation output_format response_format user',
  'input_fidelity image mask partial_images',
)

/**
 * OpenAI image generation and editing. The dall-e models are billed by image, size and quality; the gpt-image models by
 * tokens, of which an image has a published most. Where the provider chooses quality or size, the dearest counts.
 */
export const openAiImagesRequest: RequestReader = {
  providers: ['openai', '*'],
  apis: ['images', 'images.generate', 'images.generations', 'images.edit', 'image'],
  source: 'https://platform.openai.com/docs/api-reference/images/create',
  read: (source) => {
    const fields = requestFields(source)
    const draft = new RequestDraft(source, asText(fields['model']) ?? 'dall-e-2')
    draft.value(fields['prompt'])
    const images = Math.max(1, draft.count(fields, 'n') ?? 1)
    draft.quantity('images', images)
    const given = [...(Array.isArray(fields['image']) ? asList(fields['image']) : [fields['image']]), fields['mask']].filter(
      (image) => image != null,
    )
    for (const [index] of given.entries())
      draft.refuse('image', `image[${index}]`, 'no published rule bounds the tokens of an image that is edited')
    draft.refuseUnknown(fields, knownFields)
    return draft.toRequest({
      promptReadings: countTokens(draft, fields, images) ? 1 : 0,
      attributes: attributesOf(fields, draft.model),
    })
  },
}

/** Tokens of what is drawn; whether the model is billed by tokens at all. */
function countTokens(draft: RequestDraft, fields: Fields, images: number): boolean {
  if (!draft.models.some((model) => /gpt|gemini/.test(model))) return false
  const most = mostOf(draft.models, drawnImageTokensAtMost)
  const partial = (draft.count(fields, 'partial_images') ?? 0) * partialImageTokens
  if (most !== undefined) draft.quantity('imageOutputTokens', images * (most + partial))
  else
    draft.refuse(
      'undeclared-quantity',
      'imageOutputTokens',
      `no published rule bounds the tokens of an image that ${draft.model} draws; give them as quantities`,
    )
  return true
}

function attributesOf(fields: Fields, model: string): Record<string, string> {
  const size = asText(fields['size']) ?? (model.startsWith('dall-e') ? '1024x1024' : 'auto')
  const quality = asText(fields['quality']) ?? (model.startsWith('dall-e-2') ? 'standard' : 'auto')
  return { size: size === 'auto' ? '*' : size, quality: quality === 'auto' ? '*' : quality }
}
