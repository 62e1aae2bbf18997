import type { RequestSource } from '../usage/requests/call-request.ts'
import { readRequest } from '../usage/requests/read-request.ts'

/** Bytes of text to a token, rather too few than too many: what is estimated by its length is estimated high. */
const bytesPerToken = 3

/** Tokens of a text of so many UTF-8 bytes, where nobody has counted them. */
export function tokensOfBytes(bytes: number): number {
  return Math.ceil(bytes / bytesPerToken)
}

/** Tokens of a request's prompt, estimated; undefined where more comes into it than the text of the request. */
export function promptTokens(request: RequestSource): number | undefined {
  try {
    const { promptBytes, quantities, unbounded } = readRequest(request)
    const isText = Object.keys(quantities).length === 0 && unbounded.every(({ reason }) => reason === 'no-max-output')
    return isText ? tokensOfBytes(promptBytes) : undefined
  } catch {
    return undefined
  }
}
