import { asFields, asText } from '../readers/fields.ts'
import { allowances } from './allowances.ts'
import type { RequestReader } from './call-request.ts'
import { batchBody } from './openai-batch-line.ts'
import { isTokens } from './openai-chat-request.ts'
import { RequestDraft, requestFields } from './request-draft.ts'

const knownFields = new Set(['model', 'input', 'texts', 'encoding_format', 'user', 'input_type', 'task', 'task_type'])

/** Embeddings of OpenAI and of every server with the same API: text, a list of it, or tokens. */
export const openAiEmbeddingsRequest: RequestReader = {
  providers: ['openai', '*'],
  apis: ['embeddings', 'embedding'],
  source: 'https://platform.openai.com/docs/api-reference/embeddings/create',
  read: (source) => {
    const { fields, serviceTiers } = batchBody(requestFields(source))
    const draft = new RequestDraft(source, asText(fields['model']))
    const input = fields['input'] ?? fields['texts']
    const inputs = Array.isArray(input) && typeof input[0] !== 'number' ? input : [input]
    for (const [index, each] of inputs.entries()) {
      draft.allow(allowances.embeddedText)
      if (typeof each === 'string') draft.text(each)
      else if (isTokens(each)) draft.allow(each.length)
      else
        draft.refuse(
          'unknown-part',
          `input[${index}]`,
          `only text and tokens can be bounded${asFields(each) === undefined ? '' : ', this is an object'}`,
        )
    }
    draft.refuseUnknown(fields, knownFields)
    return draft.toRequest(serviceTiers === undefined ? {} : { serviceTiers })
  },
}
