/**
 * Bytes that bound the tokens of a text. Vendors' tokenizers work on UTF-8 bytes, or fall back to them, and merge: a
 * token covers at least one byte (https://github.com/openai/tiktoken, https://github.com/google/sentencepiece). Some
 * bring text into Unicode's compatibility form first, in which a character may become several: the longer of the two counts.
 */
export function textBytes(text: string): number {
  const bytes = Buffer.byteLength(text)
  return bytes === text.length ? bytes : Math.max(bytes, Buffer.byteLength(text.normalize('NFKC')))
}

/**
 * The same for what a vendor writes into the prompt as JSON, such as tools and their arguments: with every character
 * outside ASCII as an escape of six, as some serialisers write it.
 */
export function jsonBytes(value: unknown): number {
  const text = JSON.stringify(value) ?? ''
  let escaped = text.length
  for (let index = 0; index < text.length; index += 1) if (text.charCodeAt(index) > 127) escaped += 5
  return escaped === text.length ? escaped : Math.max(escaped, textBytes(text))
}
